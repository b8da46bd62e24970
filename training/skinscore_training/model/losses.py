"""Training targets and losses.

A grade is an interval on a continuous scale, so its target is spread over the neighbours:
q_k = softmax(-a |k - y|) with a = 1.8 (soft ordinal target, Diaz and Marathe, CVPR 2019). The
spread target is shrunk at both ends: its mean is 0.197, 1.050, 2.000, 2.950, 3.803 for y = 0..4.
The mean term therefore pulls towards the target's own mean; pulling towards y itself would fight
the first term. The shrinkage is undone after calibration by the contract's ``score_knots``.

Several raters teach the mean of their spread targets. Where they gave intervals only, the target is
a set of grades: every answer that one of its grades, or a mixture of them, would ask for is free;
docs/decisions/0023-an-interval-asks-for-no-more-than-its-grades.md says why not more is asked.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from skinscore.domain.concerns import GRADES
from skinscore_training.model.network import Predictions
from skinscore_training.presets import LossWeights

SHARPNESS: Final = 1.8
_SMALLEST: Final = 1e-6
RELIEF_CENTRE: Final = 128.0  # rendered relief is uint8 around this level
RELIEF_SPREAD: Final = 32.0


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What one batch should answer; N counts crops times views, views of a crop adjacent."""

    score: Tensor  # (N, K, 3) float32, 0..4; NaN where nobody gave a single grade
    spread: Tensor  # (N, K, 3, 5) float32, target of several raters; NaN: that of the score
    allowed: Tensor  # (N, K, 3, 5) bool, the set where there are intervals only; else all False
    maps: Tensor  # (N, 3, h, w) uint8, 255 is severe
    relief: Tensor  # (N, h, w) uint8, RELIEF_CENTRE is level
    dense: Tensor  # (N,) bool; False where maps and relief are not known (photos)


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """The terms of one batch, unweighted, each a scalar; all are 0 at a perfect answer."""

    grade: Tensor
    mean: Tensor
    maps: Tensor
    relief: Tensor
    consistency: Tensor

    def total(self, weights: LossWeights) -> Tensor:
        return (
            self.grade
            + weights.mean * self.mean
            + weights.maps * self.maps
            + weights.relief * self.relief
            + weights.consistency * self.consistency
        )


def soft_target(score: Tensor) -> Tensor:
    """Return the spread target (..., 5) of scores (...), which need not be whole numbers."""
    grades = torch.arange(len(GRADES), dtype=score.dtype, device=score.device)
    return torch.softmax(-SHARPNESS * (grades - score[..., None]).abs(), dim=-1)


def expectation(probabilities: Tensor) -> Tensor:
    """Return the mean grade (...) of (..., 5)."""
    grades = torch.arange(len(GRADES), dtype=probabilities.dtype, device=probabilities.device)
    return (probabilities * grades).sum(dim=-1)


def losses(found: Predictions, targets: Targets, views: int) -> Losses:
    """Return every term; a zone without a label or a photo without maps takes no part.

    Args:
        views: pictures of the same skin that stand next to each other in the batch; with 1 there
            is nothing to be consistent with.
    """
    known, sets = ~targets.score.isnan(), targets.allowed.any(dim=-1)
    target = target_of(targets.score[known], targets.spread[known])
    grade, mean = grade_losses(found.logits[known], target)
    if bool(sets.any()):
        # Every zone counts once, whether its raters gave a grade or an interval.
        share = sets.sum() / (sets.sum() + known.sum())
        of_sets = set_losses(found.logits[sets], targets.allowed[sets])
        grade, mean = (
            torch.lerp(one, other, share) for one, other in zip((grade, mean), of_sets, strict=True)
        )
    dense = targets.dense
    return Losses(
        grade=grade,
        mean=mean,
        maps=map_loss(found.map_logits[dense], targets.maps[dense]),
        relief=relief_loss(found.relief[dense], targets.relief[dense]),
        consistency=consistency_loss(
            _by_crop(found.logits, views), _by_crop(known | sets, views).all(dim=1)
        ),
    )


def target_of(score: Tensor, spread: Tensor) -> Tensor:
    """Return the target (..., 5): ``spread`` where it is known, else that of ``score`` (...)."""
    return torch.where(spread.isnan(), soft_target(score), spread)


def grade_losses(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return KL(target, softmax(logits)) and Huber between the two means; (M, 5) each."""
    if not len(target):
        return logits.sum() * 0.0, logits.sum() * 0.0
    log_found = functional.log_softmax(logits, dim=-1)
    divergence = functional.kl_div(log_found, target, reduction="batchmean")
    mean = functional.huber_loss(expectation(log_found.exp()), expectation(target), delta=1.0)
    return divergence, mean


def set_losses(logits: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
    """Return how much probability a set of grades lacks, and Huber of the mean to the set's means.

    The first is -log of the set's probability, above what the spread target of one of its own
    grades costs: even a sure grade 3 leaves 0.145 outside 3..4, and asking for that too would push
    every answer to the far end of its set. The second tells near from far outside the set. Both are
    0 at every grade of the set, at its spread target, and at all mixtures of these.

    Args:
        logits: (M, 5).
        allowed: (M, 5) bool, at least one True each.
    """
    if not len(allowed):
        return logits.sum() * 0.0, logits.sum() * 0.0
    grades = torch.arange(len(GRADES), dtype=logits.dtype, device=logits.device)
    targets = soft_target(grades)  # (5, 5), a row per grade
    inside = allowed.to(logits.dtype) @ targets.T  # of each grade's target
    enough = inside.masked_fill(~allowed, torch.inf).amin(dim=-1)
    log_found = functional.log_softmax(logits, dim=-1)
    log_mass = log_found.masked_fill(~allowed, -torch.inf).logsumexp(dim=-1)
    lack = functional.relu(enough.log() - log_mass).mean()
    means = expectation(targets)
    lowest = torch.minimum(grades, means).expand_as(logits).masked_fill(~allowed, torch.inf)
    highest = torch.maximum(grades, means).expand_as(logits).masked_fill(~allowed, -torch.inf)
    found = expectation(log_found.exp())
    nearest = found.detach().clamp(lowest.amin(dim=-1), highest.amax(dim=-1))
    return lack, functional.huber_loss(found, nearest, delta=1.0)


def map_loss(logits: Tensor, maps: Tensor) -> Tensor:
    """Return binary cross entropy above its minimum plus soft Dice, (M, 3, h, w) each.

    The cross entropy of a target between 0 and 1 with itself is not 0; it is subtracted, so that
    the curve shows what is left to learn.
    """
    if not len(logits):
        return logits.sum() * 0.0
    target = maps.to(logits.dtype) / 255.0
    floor = functional.binary_cross_entropy(target, target)
    cross_entropy = functional.binary_cross_entropy_with_logits(logits, target) - floor
    found = torch.sigmoid(logits)
    # Over the whole batch per concern: one empty crop must not dominate with 0 / 0.
    overlap = (found * target).sum(dim=(0, 2, 3))
    size = (found.square() + target.square()).sum(dim=(0, 2, 3))
    dice = 1.0 - (2.0 * overlap + _SMALLEST) / (size + _SMALLEST)
    return cross_entropy + dice.mean()


def relief_loss(found: Tensor, relief: Tensor) -> Tensor:
    """Return the Huber distance to the relief in units of ``RELIEF_SPREAD``, (M, h, w) each.

    A pretext: nobody reads this output, but shading that is understood as relief keeps stains from
    being read as scars. It is not part of the exported graph.
    """
    if not len(found):
        return found.sum() * 0.0
    target = (relief.to(found.dtype) - RELIEF_CENTRE) / RELIEF_SPREAD
    return functional.huber_loss(found, target, delta=1.0)


def consistency_loss(logits: Tensor, used: Tensor) -> Tensor:
    """Return how much views of the same skin disagree.

    Squared difference of the mean grades plus half the Jensen-Shannon divergence, averaged over
    every pair of neighbouring views.

    Args:
        logits: (B, V, K, 3, 5).
        used: (B, K, 3) bool, slots that show a zone.
    """
    views = logits.shape[1]
    if views < 2 or not bool(used.any()):
        return logits.sum() * 0.0
    probabilities = torch.softmax(logits, dim=-1).movedim(1, -2)[used]  # (M, V, 5)
    one, other = probabilities[:, :-1], probabilities[:, 1:]
    shift = (expectation(one) - expectation(other)).square()
    middle = (one + other) / 2
    divergence = (_kl(one, middle) + _kl(other, middle)) / 2
    return (shift + 0.5 * divergence).mean()


def _by_crop(flat: Tensor, views: int) -> Tensor:
    """(B * V, ...) to (B, V, ...)."""
    return flat.reshape(-1, views, *flat.shape[1:])


def _kl(one: Tensor, other: Tensor) -> Tensor:
    return (one * (torch.log(one + _SMALLEST) - torch.log(other + _SMALLEST))).sum(dim=-1)
