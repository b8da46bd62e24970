"""The figures of an evaluation: every metric by concern, over all, by zone kind and by tone."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinscore.domain.concerns import CONCERNS, GRADES, Concern
from skinscore_training import metrics
from skinscore_training.progress import track

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

UNKNOWN: Final = "unknown"

_CELLS: Final = len(GRADES) ** 2
_ADDED: Final = ("absolute", "exact", "signed", "within", "rps", "covered", "width", "unsure")


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
class Metric:
    """A figure as a function of what people add up to."""

    name: str
    of_sums: Callable[[Sums], Sums]


def _ratio(column: str) -> Callable[[Sums], Sums]:
    place = _CELLS + 1 + _ADDED.index(column)
    return lambda sums: np.asarray(sums[..., place] / sums[..., _CELLS])


def _counts(sums: Sums) -> Sums:
    return sums[..., :_CELLS].reshape(*sums.shape[:-1], len(GRADES), len(GRADES))


METRICS: Final = (
    Metric("quadratic_weighted_kappa", lambda sums: metrics.kappa_of_counts(_counts(sums))),
    Metric("mean_absolute_error", _ratio("absolute")),  # grade against grade
    Metric(
        "macro_mean_absolute_error",
        lambda sums: metrics.macro_error_of_counts(_counts(sums)),
    ),
    Metric("mean_absolute_score_error", _ratio("exact")),  # before either is rounded
    Metric("bias", _ratio("signed")),
    Metric("within_one", _ratio("within")),
    Metric("ranked_probability_score", _ratio("rps")),
    Metric("coverage", _ratio("covered")),
    Metric("range_width", _ratio("width")),
    Metric("withheld_as_unsure", _ratio("unsure")),  # share; by gate strict
)
BETWEEN_VIEWS: Final = "icc_2_1_between_views"
REPEATABILITY: Final = (
    Metric(BETWEEN_VIEWS, metrics.icc_of_sums),
    Metric("smallest_detectable_change", metrics.detectable_change_of_sums),  # score, grades
)


def tone_of(ita_deg: NDArray[np.floating]) -> list[str]:
    """Return the tone bin of each angle; ``UNKNOWN`` for a photo without measurable skin."""
    return [next((name for name, edge in TONES if angle > edge), UNKNOWN) for angle in ita_deg]


def measure(graded: pd.DataFrame, resamples: int, seed: int) -> list[Measured]:
    """Return every metric of every group.

    Args:
        graded: one row per crop, view, zone and concern; see skinscore_training.evaluate.tabulate.
    """
    parts = list(_parts(graded))
    found = []
    for concern, by, group, part in track(parts, len(parts), "figures"):
        sums = person_sums(part)
        wanted = [(metric.name, metric.of_sums, sums) for metric in METRICS]
        if by == "all" and part["view"].nunique() > 1:
            views = _view_sums(part)
            wanted += [(metric.name, metric.of_sums, views) for metric in REPEATABILITY]
        for name, of_sums, added in wanted:
            value = float(of_sums(added.sum(axis=0)))
            low, high = metrics.bootstrap(of_sums, added, resamples, seed)
            found.append(Measured(concern, by, group, name, value, low, high, people=len(added)))
    return found


def _parts(graded: pd.DataFrame) -> Iterator[tuple[Concern, str, str, pd.DataFrame]]:
    """Yield concern, kind of group, group and its rows."""
    for concern in CONCERNS:
        mine = graded[graded["concern"] == concern.value]
        if mine.empty:  # a clinic may grade some concerns only
            continue
        yield concern, "all", "all", mine
        for by in ("zone_kind", "tone"):
            for group in sorted(mine[by].unique()):
                yield concern, by, str(group), mine[mine[by] == group]


def headline(found: Iterable[Measured]) -> dict[str, float]:
    """Return the overall figures as ``concern.metric``, undefined ones left out."""
    return {
        f"{figure.concern}.{figure.metric}": round(figure.value, 4)
        for figure in found
        if figure.by == "all" and figure.defined
    }


def of_concern(headline: Mapping[str, float], concern: Concern) -> dict[str, float]:
    """Return the figures of one concern under their own names."""
    start = f"{concern}."
    return {
        name.removeprefix(start): value
        for name, value in headline.items()
        if name.startswith(start)
    }


def table(found: Iterable[Measured]) -> pd.DataFrame:
    """Return one row per figure."""
    return pd.DataFrame([dataclasses.asdict(figure) for figure in found])


def person_sums(part: pd.DataFrame) -> Sums:
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
            part["unsure"],
        ]
    )
    return _per_person(np.hstack([cells, added.astype(np.float64)]), part["subject"].to_numpy())


def _view_sums(part: pd.DataFrame) -> Sums:
    """Return the ICC sums of each person, two views as repeats of the same skin."""
    pairs = pairs_of_views(part)
    people = pairs.index.get_level_values("subject").to_numpy()
    return _per_person(metrics.icc_sums(pairs.to_numpy()), people)


def pairs_of_views(part: pd.DataFrame) -> pd.DataFrame:
    """Return the scores (m, 2) of every zone in the first two views in which it was graded.

    Not in all views: of four photos one is often too coarse for scars and lines, and only skin that
    was photographed four times from near would be left.

    Args:
        part: rows of one concern; see skinscore_training.evaluate.tabulate.

    Returns:
        Indexed by subject, index and slot; zones that were graded once are left out.
    """
    zone = ["subject", "index", "slot"]
    ordered = part.sort_values([*zone, "view"])
    ordered["repeat"] = ordered.groupby(zone).cumcount()
    wide = ordered[ordered["repeat"] < 2].pivot(index=zone, columns="repeat", values="score")
    return wide.reindex(columns=[0, 1]).dropna()


def _per_person(values: Sums, subjects: NDArray[np.int64]) -> Sums:
    people, owner = np.unique(subjects, return_inverse=True)
    sums = np.zeros((len(people), values.shape[1]))
    np.add.at(sums, owner, values)
    return sums
