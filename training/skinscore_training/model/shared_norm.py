"""Batch statistics over all processes of a training.

With them, two processes with half a batch each compute what one process computes with the whole
batch. torch's own SyncBatchNorm does not run on CPUs.
"""

import torch
from torch import Tensor, nn
from torch.distributed.nn import functional as together


class SharedBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm2d whose mean and variance in training are those of every process's crops.

    Every process must bring as many crops as the others. Evaluation, parameters and the names in
    the state_dict are those of BatchNorm2d.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Normalise (N, C, H, W)."""
        if not self.training:
            return super().forward(features)
        exact = features.float()  # statistics stay exact under bfloat16
        mean = _shared(exact.mean(dim=(0, 2, 3)))
        centred = exact - mean[:, None, None]
        variance = _shared(centred.square().mean(dim=(0, 2, 3)))
        self._remember(mean.detach(), variance.detach(), exact[:, 0].numel())
        scaled = centred * torch.rsqrt(variance + self.eps)[:, None, None]
        answer = scaled * self.weight[:, None, None] + self.bias[:, None, None]
        return answer.to(features.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, mine: int) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        count = mine * torch.distributed.get_world_size()
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        self.num_batches_tracked.add_(1)


def share_batch_norm(module: nn.Module) -> None:
    """Replace every BatchNorm2d inside ``module``; parameters and statistics are kept."""
    for name, child in module.named_children():
        if type(child) is nn.BatchNorm2d:
            shared = SharedBatchNorm2d(child.num_features, child.eps, child.momentum)
            shared.load_state_dict(child.state_dict())
            setattr(module, name, shared)
        else:
            share_batch_norm(child)


def _shared(value: Tensor) -> Tensor:
    """Return the mean of ``value`` over all processes; gradients flow back to each of them."""
    total: Tensor = together.all_reduce(value)  # type: ignore[no-untyped-call]
    return total / torch.distributed.get_world_size()
