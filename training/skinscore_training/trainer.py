"""The training loop: network, optimizer, schedule and smoothed weights, one epoch at a time.

One process, one device (a GPU where there is one), through Lightning Fabric, so that more of both
is a matter of Fabric's arguments. The order of the data follows from seed and epoch; dropout and
augmentation draw from generators whose state a checkpoint keeps.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator
from typing import Final

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from skinscore.domain.concerns import CONCERNS
from skinscore_training import rules
from skinscore_training.checkpoint import Checkpoint
from skinscore_training.data.augment import shift_masks
from skinscore_training.data.rendered import Batch, RenderedDataset
from skinscore_training.model import network
from skinscore_training.model.losses import expectation, losses, soft_target
from skinscore_training.presets import FitSettings, ModelSettings

_TERMS: Final = ("grade", "mean", "maps", "relief", "consistency")
_EPOCHS_APART: Final = 1_000_003  # seeds of epochs and of neighbouring preset seeds never meet


class Trainer:
    """A training in progress.

    Args:
        crops: in the training part.
        key: digest of all that shapes the training, stored in its checkpoints.
        run_id: of MLflow, stored likewise.
    """

    def __init__(
        self, model: ModelSettings, settings: FitSettings, crops: int, key: str, run_id: str
    ) -> None:
        self.settings = settings
        self.steps_per_epoch = max(1, crops // settings.batch_crops)
        self.epochs_done = 0
        self.curves: list[dict[str, float]] = []
        self._key, self._run_id = key, run_id
        self._fabric = Fabric(accelerator="auto", devices=1, precision=settings.precision)
        self._bare = network.build(model, rules.GEOMETRY, settings.seed)
        self._bare.to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(
            parameter_groups(self._bare, settings.weight_decay), lr=settings.learning_rate
        )
        steps = settings.epochs * self.steps_per_epoch
        self._scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: warm_cosine(step, steps, settings.warm_up)
        )
        self._model, self._optimizer = self._fabric.setup(self._bare, optimizer)
        self.ema = Ema(self._bare, settings.ema_decay)  # where the weights now are
        torch.manual_seed(settings.seed)  # dropout
        self._augment = torch.Generator().manual_seed(settings.seed)

    def epoch(self, data: RenderedDataset, advance: Callable[[], None]) -> dict[str, float]:
        """Train on every crop once and return the epoch's row of the curves: mean loss terms,
        learning rate, pictures per second. ``advance`` is called after each step."""
        self._model.train()
        sums = dict.fromkeys(("total", *_TERMS), 0.0)
        pictures = 0
        started = time.perf_counter()
        for batch in self._batches(data):
            for name, value in self._step(batch).items():
                sums[name] += value
            pictures += batch.crops.shape[0] * batch.views
            advance()
        self.epochs_done += 1
        row = {"epoch": float(self.epochs_done)}
        row |= {f"loss_{name}": value / self.steps_per_epoch for name, value in sums.items()}
        row["learning_rate"] = float(self._scheduler.get_last_lr()[0])
        row["pictures_per_second"] = pictures / (time.perf_counter() - started)
        return row

    @torch.inference_mode()
    def measure(self, data: RenderedDataset) -> dict[str, float]:
        """Return the smoothed weights' mean absolute error per concern, in grades.

        On the first view, against the soft target's own mean, which the raw expectation learns.
        """
        errors: list[Tensor] = []
        for start in range(0, len(data), self.settings.batch_crops):
            rows = range(start, min(start + self.settings.batch_crops, len(data)))
            batch = data.__getitems__(rows).to(self._fabric.device)
            with self._fabric.autocast():
                logits = self.ema.model(batch.crops[:, 0], batch.masks[:, 0]).logits
            wanted = expectation(soft_target(batch.score))
            errors.append((expectation(torch.softmax(logits, dim=-1)) - wanted).abs())
        mean = torch.cat(errors).nanmean(dim=(0, 1))
        return {f"mae_{concern}": float(mean[i]) for i, concern in enumerate(CONCERNS)}

    def state(self) -> Checkpoint:
        return Checkpoint(
            key=self._key,
            epochs_done=self.epochs_done,
            model=self._bare.state_dict(),
            ema=self.ema.state(),
            optimizer=self._optimizer.state_dict(),
            scheduler=self._scheduler.state_dict(),
            torch_rng=torch.get_rng_state(),
            augment_rng=self._augment.get_state(),
            curves=self.curves,
            mlflow_run_id=self._run_id,
        )

    def restore(self, saved: Checkpoint) -> None:
        """Go on where ``saved`` was taken."""
        self._bare.load_state_dict(saved.model)
        self.ema.restore(saved.ema)
        self._optimizer.load_state_dict(saved.optimizer)
        self._scheduler.load_state_dict(saved.scheduler)
        torch.set_rng_state(saved.torch_rng)
        self._augment.set_state(saved.augment_rng)
        self.curves = list(saved.curves)
        self.epochs_done = saved.epochs_done

    def _step(self, batch: Batch) -> dict[str, float]:
        crops, masks, targets = batch.to(self._fabric.device).flat()
        found = self._model(crops, shift_masks(masks, self._augment))
        terms = losses(found, targets, batch.views)
        total = terms.total(self.settings.loss)
        self._optimizer.zero_grad(set_to_none=True)
        self._fabric.backward(total)
        self._fabric.clip_gradients(
            self._model, self._optimizer, max_norm=self.settings.gradient_clip
        )
        self._optimizer.step()
        self._scheduler.step()
        self.ema.update(self._bare)
        parts = {name: getattr(terms, name) for name in _TERMS}
        return {name: value.item() for name, value in ({"total": total} | parts).items()}

    def _batches(self, data: RenderedDataset) -> Iterator[Batch]:
        """Every crop in random order; a short last batch is left out (batch statistics)."""
        seed = self.settings.seed * _EPOCHS_APART + self.epochs_done
        order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed)).tolist()
        size = self.settings.batch_crops
        for step in range(self.steps_per_epoch):
            yield data.__getitems__(order[step * size : (step + 1) * size])


class Ema:
    """Exponential moving average of weights and batch statistics: what is measured and shipped.

    The decay rises to its value, so that a short training forgets its random start too.
    """

    def __init__(self, model: network.SkinNet, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self._decay = decay
        self._updates = 0

    @torch.no_grad()
    def update(self, model: network.SkinNet) -> None:
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        self._updates += 1
        pairs = zip(self.model.state_dict().values(), model.state_dict().values(), strict=True)
        for kept, new in pairs:
            if kept.is_floating_point():
                kept.lerp_(new, 1.0 - decay)
            else:
                kept.copy_(new)  # counters

    def state(self) -> dict[str, object]:
        return {"model": self.model.state_dict(), "updates": self._updates}

    def restore(self, state: dict[str, object]) -> None:
        self.model.load_state_dict(state["model"])  # type: ignore[arg-type]
        self._updates = int(state["updates"])  # type: ignore[call-overload]


def warm_cosine(step: int, steps: int, warm_up: float) -> float:
    """Return the factor of the peak learning rate: a linear rise, then half a cosine to 0."""
    rise = max(1, round(steps * warm_up))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (step - rise) / max(1, steps - rise))))


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Decay only matrices and kernels; not biases, not normalisation."""
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
