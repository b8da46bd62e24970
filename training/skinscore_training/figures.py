"""The figures of an evaluation: every metric by concern, over all, by zone kind and by tone."""

import dataclasses
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinscore.domain.concerns import CONCERNS, GRADES, Concern
from skinscore_training import metrics

Sums = NDArray[np.float64]  # (..., m), added over people

# Individual typology angle, degrees (Chardon 1991, Del Bino 2006); lower edge of each bin.
TONES: Final = (
    ("very light", 55.0),
    ("light", 41.0),
    ("intermediate", 28.0),
    ("tan", 10.0),
    ("brown", -30.0),
    ("dark", -np.inf),
)

_CELLS: Final = len(GRADES) ** 2
_ADDED: Final = ("absolute", "exact", "signed", "within", "rps", "covered", "width")


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure with its 95 % interval."""

    concern: Concern
    by: str  # "all", "zone_kind" or "tone"
    group: str  # "all", a zone kind, a tone
    metric: str
    value: float  # NaN where not defined on these people
    low: float
    high: float
    people: int

    @property
    def defined(self) -> bool:
        return not any(map(math.isnan, (self.value, self.low, self.high)))


@dataclass(frozen=True, slots=True)
class _Metric:
    name: str
    of_sums: Callable[[Sums], Sums]


def _ratio(column: str) -> Callable[[Sums], Sums]:
    place = _CELLS + 1 + _ADDED.index(column)
    return lambda sums: np.asarray(sums[..., place] / sums[..., _CELLS])


_METRICS: Final = (
    _Metric(
        "quadratic_weighted_kappa",
        lambda sums: metrics.kappa_of_counts(
            sums[..., :_CELLS].reshape(*sums.shape[:-1], len(GRADES), len(GRADES))
        ),
    ),
    _Metric("mean_absolute_error", _ratio("absolute")),  # grade against grade
    _Metric("mean_absolute_score_error", _ratio("exact")),  # before either is rounded
    _Metric("bias", _ratio("signed")),
    _Metric("within_one", _ratio("within")),
    _Metric("ranked_probability_score", _ratio("rps")),
    _Metric("coverage", _ratio("covered")),
    _Metric("range_width", _ratio("width")),
)
REPEATABILITY: Final = "icc_2_1_between_views"


def tone_of(ita_deg: NDArray[np.floating]) -> list[str]:
    """Return the tone bin of each angle."""
    return [next(name for name, edge in TONES if angle > edge) for angle in ita_deg]


def measure(graded: pd.DataFrame, resamples: int, seed: int) -> list[Measured]:
    """Return every metric of every group.

    Args:
        graded: one row per crop, view, zone and concern; see skinscore_training.evaluate.tabulate.
    """
    found = []
    for concern in CONCERNS:
        mine = graded[graded["concern"] == concern.value]
        for by in ("all", "zone_kind", "tone"):
            for group in ["all"] if by == "all" else sorted(mine[by].unique()):
                part = mine if by == "all" else mine[mine[by] == group]
                sums = _sums(part)
                wanted = [(metric.name, metric.of_sums, sums) for metric in _METRICS]
                if by == "all" and part["view"].nunique() > 1:
                    wanted.append((REPEATABILITY, metrics.icc_of_sums, _view_sums(part)))
                for name, of_sums, added in wanted:
                    value = float(of_sums(added.sum(axis=0)))
                    low, high = metrics.bootstrap(of_sums, added, resamples, seed)
                    found.append(
                        Measured(concern, by, group, name, value, low, high, people=len(added))
                    )
    return found


def headline(found: Iterable[Measured]) -> dict[str, float]:
    """Return the overall figures as ``concern.metric``, undefined ones left out."""
    return {
        f"{figure.concern}.{figure.metric}": round(figure.value, 4)
        for figure in found
        if figure.by == "all" and figure.defined
    }


def table(found: Iterable[Measured]) -> pd.DataFrame:
    """Return one row per figure."""
    return pd.DataFrame([dataclasses.asdict(figure) for figure in found])


def _sums(part: pd.DataFrame) -> Sums:
    """Return what each person adds: 25 confusion cells, number of grades, then _ADDED."""
    truth, grade = part["truth"].to_numpy(), part["grade"].to_numpy()
    error = part["score"].to_numpy() - part["exact"].to_numpy()
    cells = np.zeros((len(part), _CELLS))
    cells[np.arange(len(part)), truth * len(GRADES) + grade] = 1
    added = np.column_stack(
        [
            np.ones(len(part)),
            np.abs(grade - truth),
            np.abs(error),
            error,
            np.abs(grade - truth) <= 1,
            part["rps"],
            (part["low"] <= truth) & (truth <= part["high"]),
            part["high"] - part["low"] + 1,
        ]
    )
    return _per_person(np.hstack([cells, added.astype(np.float64)]), part["subject"].to_numpy())


def _view_sums(part: pd.DataFrame) -> Sums:
    """Return the ICC sums of each person, views as repeats of the same skin."""
    wide = part.pivot(index=["subject", "index", "slot"], columns="view", values="score").dropna()
    people = wide.index.get_level_values("subject").to_numpy()
    return _per_person(metrics.icc_sums(wide.to_numpy()), people)


def _per_person(values: Sums, subjects: NDArray[np.int64]) -> Sums:
    people, owner = np.unique(subjects, return_inverse=True)
    sums = np.zeros((len(people), values.shape[1]))
    np.add.at(sums, owner, values)
    return sums
