"""How many processes and devices train: what ``torchrun`` started, else this one process.

``torchrun --nproc-per-node 4 .venv/bin/skinscore train fit --preset NAME`` is four processes of one
host; with ``--nnodes`` and ``--rdzv-endpoint`` there are several hosts. CPUs talk by gloo, GPUs by
NCCL. Nothing of this stands in the preset: the same recipe gives the same training.
"""

import os

import torch
from lightning_fabric import Fabric


def fabric(precision: str) -> Fabric:
    """Return the launched Fabric of this process: a GPU each where there are GPUs."""
    if not torch.distributed.is_torchelastic_launched():
        return Fabric(accelerator="auto", devices=1, precision=precision)  # type: ignore[arg-type]
    everywhere, here = int(os.environ["WORLD_SIZE"]), int(os.environ["LOCAL_WORLD_SIZE"])
    several = Fabric(
        accelerator="auto",
        strategy="ddp",
        devices=here,
        num_nodes=everywhere // here,
        precision=precision,  # type: ignore[arg-type]
    )
    several.launch()
    return several


def gathered(group: Fabric, values: torch.Tensor) -> torch.Tensor:
    """Return (W * N, ...): the (N, ...) of every process in the order of their ranks.

    Gradients flow back to the process that a row came from. A loss over all rows, computed by every
    process and averaged as DDP does, therefore has the gradient of one process with all rows.
    """
    if group.world_size == 1:
        return values
    if values.dtype == torch.bool:  # gloo sends no booleans
        return gathered(group, values.to(torch.uint8)).bool()
    rows = group.all_gather(values, sync_grads=values.requires_grad)
    assert isinstance(rows, torch.Tensor)
    return rows.flatten(0, 1)
