"""Two models on the same crops: what the second gains or loses, group by group, paired.

Both graded the same photos of the same people, so the difference is bootstrapped over people with
both models' answers drawn together: what is hard for one is mostly hard for the other, and drops
out. The gates of int8 and of promotion read these rows.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore_training import figures, metrics
from skinscore_training.figures import Metric, Sums
from skinscore_training.progress import track

KAPPA: Final = "quadratic_weighted_kappa"
ERROR: Final = "mean_absolute_error"
_COMPARED: Final = tuple(metric for metric in figures.METRICS if metric.name in (KAPPA, ERROR))
# A bootstrap draws nobody whom it has not seen: of one person its interval is a point, of four it
# misses 0 by chance once in eight times. Fewer are told, and nothing is concluded from them.
LEAST_PEOPLE: Final = 5
_PLACE: Final = ["index", "view", "slot", "concern"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of both models on the same grades, and second minus first."""

    concern: Concern
    by: str  # "all", "zone_kind" or "tone"
    group: str  # "all", a zone kind, a tone
    metric: str
    first: float  # NaN where not defined on these people
    second: float
    difference: float
    low: float  # 95 % interval of the difference, bootstrap by subject
    high: float
    people: int

    @property
    def loss(self) -> float:
        """How much worse the second is, in the figure's unit; below 0 it is better."""
        return -self.difference if self.metric == KAPPA else self.difference

    @property
    def certain(self) -> bool:
        """Whether people enough are there for an interval, and it lies on one side of 0."""
        return self.people >= LEAST_PEOPLE and (self.low > 0 or self.high < 0)

    @property
    def defined(self) -> bool:
        """Kappa of either is not defined when all is one grade, in truth and as found."""
        return not math.isnan(self.difference)

    @property
    def name(self) -> str:
        """``concern.metric`` overall, else ``concern.metric, group``."""
        label = f"{self.concern}.{self.metric}"
        return label if self.by == "all" else f"{label}, {self.group}"


def compare(
    first: pd.DataFrame, second: pd.DataFrame, resamples: int, seed: int
) -> list[Difference]:
    """Return kappa and mean absolute error of every concern: over all, by zone kind, by tone.

    Args:
        first: one row per crop, view, zone and concern (skinscore_training.evaluate.tabulate).
        second: the same for the other model. Grades that only one of the two gave are left out.
    """
    keys = first[_PLACE].merge(second[_PLACE])
    one, other = (table.merge(keys, on=_PLACE).sort_values(_PLACE) for table in (first, second))
    return list(_differences(one, other, resamples, seed))


def incomparable(differences: Iterable[Difference]) -> list[str]:
    """Return a sentence for every concern of which nothing can be said: kappa of one or of both is
    not defined over all people, or nobody was graded.
    """
    compared = {
        row.concern
        for row in differences
        if row.by == "all" and row.metric == KAPPA and row.defined
    }
    return [
        f"{concern} cannot be compared: the test part has no two grades of it"
        for concern in CONCERNS
        if concern not in compared
    ]


def _differences(
    one: pd.DataFrame, other: pd.DataFrame, resamples: int, seed: int
) -> Iterator[Difference]:
    for concern in track(CONCERNS, len(CONCERNS), "compare"):
        mine = (one["concern"] == concern.value).to_numpy()
        for by in ("all", "zone_kind", "tone"):
            for group in ["all"] if by == "all" else sorted(one.loc[mine, by].unique()):
                rows = mine if by == "all" else mine & (one[by] == group).to_numpy()
                if not rows.any():
                    continue
                sums = np.hstack([figures.person_sums(table[rows]) for table in (one, other)])
                for metric in _COMPARED:
                    yield _difference(concern, by, group, metric, sums, resamples, seed)


def _difference(
    concern: Concern, by: str, group: str, metric: Metric, sums: Sums, resamples: int, seed: int
) -> Difference:
    def change(added: Sums) -> Sums:
        one, other = np.split(added, 2, axis=-1)
        return np.asarray(metric.of_sums(other) - metric.of_sums(one))

    one, other = np.split(sums.sum(axis=0), 2)
    low, high = metrics.bootstrap(change, sums, resamples, seed)
    first, second = float(metric.of_sums(one)), float(metric.of_sums(other))
    return Difference(
        concern, by, group, metric.name, first, second, second - first, low, high, len(sums)
    )
