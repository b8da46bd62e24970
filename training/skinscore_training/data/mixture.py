"""Which crops make up the batches of an epoch: rendered ones, graded photos, or both by a share."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Mixture:
    """The crops of a data set, rendered ones first, and how they are dealt into batches.

    Without graded crops an epoch is one pass over the rendered ones. With them it is one pass over
    the graded ones, and rendered crops fill the batches up: a clinic's few photos set the length of
    an epoch, not the thousands of rendered people that keep the network from forgetting. What does
    not fill a last batch waits for another epoch's order.
    """

    rendered: int  # crops
    graded: int
    batch: int  # crops per optimizer step
    share: float  # of a batch that is graded, 0..1; of no weight without graded crops

    @property
    def graded_per_batch(self) -> int:
        if not self.graded:
            return 0
        most = self.batch if not self.rendered else self.batch - 1
        return self.batch if self.share == 1 else min(max(1, round(self.batch * self.share)), most)

    @property
    def steps(self) -> int:
        """Optimizer steps of an epoch, at least one."""
        if self.graded:
            return max(1, self.graded // self.graded_per_batch)
        return max(1, self.rendered // self.batch)

    def order(self, seed: int) -> Tensor:
        """Return the places in the data set, (steps, batch) int64, of the epoch with this seed."""
        generator = torch.Generator().manual_seed(seed)
        graded = self.graded_per_batch
        parts = [
            _dealt(self.rendered, self.steps, self.batch - graded, generator),
            self.rendered + _dealt(self.graded, self.steps, graded, generator),
        ]
        return torch.cat(parts, dim=1)


def _dealt(count: int, steps: int, each: int, generator: torch.Generator) -> Tensor:
    """(steps, each) of 0..count - 1, nobody twice before everybody was there once."""
    wanted = steps * each
    if not wanted:
        return torch.empty((steps, 0), dtype=torch.int64)
    rounds = [torch.randperm(count, generator=generator) for _ in range(-(-wanted // count))]
    return torch.cat(rounds)[:wanted].reshape(steps, each)
