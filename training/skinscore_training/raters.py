"""Several raters: how well they agree, how much each one counts, the model as one more of them.

A *thing* is one zone of one photo. Raters are compared on the scale they used, single grades only:
intervals and "not assessable" are no ratings here. Intervals of figures are percentile bootstraps
over subjects, because zones and photos of one person are not independent.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinscore_training import agreement, metrics
from skinscore_training.agreement import SILENT, Ratings
from skinscore_training.data.manifest import Manifest
from skinscore_training.data.row_rules import MODEL
from skinscore_training.data.scales import ENGINE, SCALES, Scale

NON_INFERIORITY: Final = -0.05  # kappa; how much worse than the raters' own mean is still as good
WEIGHT_PHOTOS: Final = 30  # shared photos from which a rater's agreement may weigh
WEIGHT_FLOOR: Final = 0.1  # nobody who was asked is silenced

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two raters on the things that both graded."""

    raters: tuple[str, str]
    photos: int
    things: int
    kappa: Estimate  # quadratically weighted
    exact: float  # share of equal grades
    within_one: float  # share at most one grade apart


@dataclass(frozen=True, slots=True)
class Panel:
    """Everybody who graded one concern on one scale."""

    concern: str
    scale: str
    raters: tuple[str, ...]
    subjects: int
    things: int  # graded by at least one
    shared: int  # graded by at least two
    complete: int  # graded by all, which is what the ICC needs
    kappa: Estimate  # mean over pairs
    alpha: Estimate  # Krippendorff, ordinal
    icc: Estimate  # ICC(2,1)
    exact: Estimate  # over all pairs of ratings
    within_one: Estimate
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class ModelPanel:
    """The model beside the raters of one concern, on the engine scale."""

    panel: Panel  # `model` is one of its raters; zones that it graded
    ungraded: int  # zones that raters graded and the model did not: in no figure here
    anchored: int  # grades whose raters had seen a suggestion: in no figure here
    # On the zones that two raters or more graded, where there are such, else on all.
    rater_rater: Estimate  # mean kappa of pairs of raters
    model_rater: Estimate  # mean kappa of the model with each rater
    difference: Estimate  # model_rater - rater_rater
    non_inferior: bool | None  # lower end above NON_INFERIORITY; None with fewer than two raters


@dataclass(frozen=True, slots=True, eq=False)
class _Matrix:
    """Ratings of one concern on one scale as category numbers."""

    raters: tuple[str, ...]
    ratings: Ratings  # (things, raters)
    things: pd.DataFrame  # subject, photo, zone of each row
    categories: int
    per_grade: int  # categories from one grade to the next

    @property
    def subject(self) -> NDArray[np.int64]:
        return np.asarray(pd.factorize(self.things["subject"])[0], np.int64)


def panels(manifest: Manifest, resamples: int, seed: int) -> list[Panel]:
    """Return the agreement of every concern and scale that at least two raters used."""
    single = manifest.grades[manifest.grades["low"] == manifest.grades["high"]]
    found = []
    for (concern, scale), votes in single.groupby(["concern", "scale"], sort=True):
        if votes["rater"].nunique() > 1:
            matrix = _matrix(votes, "low", SCALES[str(scale)])
            found.append(_panel(str(concern), str(scale), matrix, resamples, seed))
    return found


def model_panels(
    votes: pd.DataFrame, predictions: pd.DataFrame, resamples: int, seed: int
) -> list[ModelPanel]:
    """Return the model beside the raters, for every concern that both graded.

    Raters and model are compared on the same zones: where the model withheld its grade, the raters'
    agreement counts neither for it nor against it. A grade given after seeing a suggestion is no
    evidence about a model and is left out.

    Args:
        votes: as skinscore_training.data.targets.engine_votes returns them.
        predictions: columns photo, zone, concern and grade (0..4) of the model.
    """
    single = votes[votes["engine_low"] == votes["engine_high"]]
    unaided = _unaided(single)
    places = ["photo", "zone", "concern"]
    things = unaided[[*places, "subject"]].drop_duplicates()
    said = things.merge(predictions, on=places)
    said = said.assign(rater=MODEL, engine_low=said["grade"].astype(float))
    humans = unaided.drop_duplicates([*places, "rater"]).merge(said[places], on=places)
    found = []
    for concern in dict.fromkeys(said["concern"]):
        mine = said[said["concern"] == concern]
        both = pd.concat([humans[humans["concern"] == concern], mine])
        ungraded = int((things["concern"] == concern).sum()) - len(mine)
        anchored = int((single["concern"] == concern).sum() - (unaided["concern"] == concern).sum())
        matrix = _matrix(both, "engine_low", SCALES[ENGINE])
        found.append(_model_panel(str(concern), matrix, ungraded, anchored, resamples, seed))
    return found


def rater_weights(votes: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return (concern, rater) -> weight, mean 1, for raters with enough shared photos.

    A rater's weight is the kappa with the mean of the others on the same things (left out
    themselves), at least ``WEIGHT_FLOOR``; who shares fewer than ``WEIGHT_PHOTOS`` photos is not
    in the result and counts 1, because such a kappa would be noise. Who accepts suggestions agrees
    with who accepts them too: grades given after seeing one are left out.

    Args:
        votes: as skinscore_training.data.targets.engine_votes returns them.
    """
    single = _unaided(votes[votes["engine_low"] == votes["engine_high"]])
    found: dict[tuple[str, str], float] = {}
    for concern, of_concern in single.groupby("concern"):
        one_scale = of_concern.drop_duplicates(["photo", "zone", "rater"])
        matrix = _matrix(one_scale, "engine_low", SCALES[ENGINE])
        kappas = _kappas_with_others(matrix)
        mean = float(np.mean(list(kappas.values()))) if kappas else 1.0
        found |= {(str(concern), rater): kappa / mean for rater, kappa in kappas.items()}
    return found


def to_json(report: Panel | ModelPanel) -> dict[str, Any]:
    """Return the figures as JSON values; a figure that is not defined is null."""
    return {name: _plain(value) for name, value in asdict(report).items()}


def _unaided(votes: pd.DataFrame) -> pd.DataFrame:
    """The grades of raters who saw no model's suggestion."""
    return votes[votes["prelabelled"] == ""]


def _plain(value: Any) -> Any:
    if isinstance(value, float) and np.isnan(value):
        return None
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value


def _matrix(votes: pd.DataFrame, column: str, scale: Scale) -> _Matrix:
    per_grade = 2 if scale.halves else 1
    wide = votes.pivot(index=["subject", "photo", "zone"], columns="rater", values=column)
    numbers = (wide.to_numpy(float) - scale.lowest) * per_grade
    return _Matrix(
        raters=tuple(map(str, wide.columns)),
        ratings=np.where(np.isnan(numbers), SILENT, np.nan_to_num(numbers)).astype(np.int64),
        things=wide.index.to_frame(index=False),
        categories=(scale.highest - scale.lowest) * per_grade + 1,
        per_grade=per_grade,
    )


def _panel(concern: str, scale: str, matrix: _Matrix, resamples: int, seed: int) -> Panel:
    given = (matrix.ratings != SILENT).sum(axis=1)
    complete = given == len(matrix.raters)
    counts = _pair_counts(matrix)
    shape = counts.shape[1:]

    def estimate(statistic: Callable[[Floats], Floats], sums: Floats) -> Estimate:
        low, high = metrics.bootstrap(statistic, sums, resamples, seed)
        return Estimate(float(statistic(sums.sum(axis=0))), low, high)

    def pairs_of(sums: Floats) -> Floats:
        return sums.reshape(*sums.shape[:-1], *shape)

    flat = counts.reshape(len(counts), -1)
    alpha = agreement.coincidences(matrix.ratings, matrix.categories)
    alpha = _by_subject(alpha.reshape(len(alpha), -1), matrix.subject)
    square = (matrix.categories, matrix.categories)
    return Panel(
        concern=concern,
        scale=scale,
        raters=matrix.raters,
        subjects=len(counts),
        things=len(matrix.ratings),
        shared=int((given > 1).sum()),
        complete=int(complete.sum()),
        kappa=estimate(lambda sums: _mean_kappa(pairs_of(sums)), flat),
        alpha=estimate(
            lambda sums: agreement.krippendorff_alpha(sums.reshape(*sums.shape[:-1], *square)),
            alpha,
        ),
        icc=_icc(matrix, complete, resamples, seed),
        exact=estimate(lambda sums: agreement.exact(pairs_of(sums).sum(axis=-3)), flat),
        within_one=estimate(
            lambda sums: agreement.within(pairs_of(sums).sum(axis=-3), matrix.per_grade), flat
        ),
        pairs=tuple(
            _pair(matrix, place, counts[:, place], resamples, seed)
            for place in range(counts.shape[1])
        ),
    )


def _pair(matrix: _Matrix, place: int, counts: Floats, resamples: int, seed: int) -> Pair:
    one, other = list(combinations(range(len(matrix.raters)), 2))[place]
    both = (matrix.ratings[:, [one, other]] != SILENT).all(axis=1)
    total = counts.sum(axis=0)
    flat = counts.reshape(len(counts), -1)
    square = total.shape
    low, high = metrics.bootstrap(
        lambda sums: metrics.kappa_of_counts(sums.reshape(*sums.shape[:-1], *square)),
        flat,
        resamples,
        seed,
    )
    return Pair(
        raters=(matrix.raters[one], matrix.raters[other]),
        photos=int(matrix.things.loc[both, "photo"].nunique()),
        things=int(both.sum()),
        kappa=Estimate(float(metrics.kappa_of_counts(total)), low, high),
        exact=float(agreement.exact(total)),
        within_one=float(agreement.within(total, matrix.per_grade)),
    )


def _model_panel(
    concern: str, matrix: _Matrix, ungraded: int, anchored: int, resamples: int, seed: int
) -> ModelPanel:
    counts = _pair_counts(_doubly_graded(matrix))
    flat, shape = counts.reshape(len(counts), -1), counts.shape[1:]
    names = list(combinations(matrix.raters, 2))
    with_model = np.array([MODEL in pair for pair in names])

    def estimate(statistic: Callable[[Floats], Floats]) -> Estimate:
        def of_flat(sums: Floats) -> Floats:
            return statistic(sums.reshape(*sums.shape[:-1], *shape))

        low, high = metrics.bootstrap(of_flat, flat, resamples, seed)
        return Estimate(float(of_flat(flat.sum(axis=0))), low, high)

    def of_model(pairs: Floats) -> Floats:
        return _mean_kappa(pairs[..., with_model, :, :])

    def of_raters(pairs: Floats) -> Floats:
        return _mean_kappa(pairs[..., ~with_model, :, :])

    difference = estimate(lambda pairs: of_model(pairs) - of_raters(pairs))
    undecided = np.isnan(difference.low)
    return ModelPanel(
        panel=_panel(concern, ENGINE, matrix, resamples, seed),
        ungraded=ungraded,
        anchored=anchored,
        rater_rater=estimate(of_raters),
        model_rater=estimate(of_model),
        difference=difference,
        non_inferior=None if undecided else difference.low > NON_INFERIORITY,
    )


def _doubly_graded(matrix: _Matrix) -> _Matrix:
    """The things that the model and two raters or more graded; all when there are none."""
    kept = (matrix.ratings != SILENT).sum(axis=1) > 2
    if not kept.any():
        return matrix
    things = matrix.things[kept].reset_index(drop=True)
    return replace(matrix, ratings=matrix.ratings[kept], things=things)


def _pair_counts(matrix: _Matrix) -> Floats:
    """Return (subjects, pairs, K, K) counts."""
    subject = matrix.subject
    pairs = list(combinations(range(len(matrix.raters)), 2))
    counts = np.zeros((subject.max() + 1, len(pairs), matrix.categories, matrix.categories))
    for place, (one, other) in enumerate(pairs):
        first, second = matrix.ratings[:, one], matrix.ratings[:, other]
        both = (first != SILENT) & (second != SILENT)
        np.add.at(counts, (subject[both], place, first[both], second[both]), 1.0)
    return counts


def _mean_kappa(pairs: Floats) -> Floats:
    """Return the mean kappa over the last axis but two, pairs without one left out."""
    kappas = metrics.kappa_of_counts(pairs)
    known = ~np.isnan(kappas)
    count = known.sum(axis=-1)
    total = np.where(known, kappas, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _icc(matrix: _Matrix, complete: NDArray[np.bool_], resamples: int, seed: int) -> Estimate:
    if complete.sum() < 2:
        return Estimate(np.nan, np.nan, np.nan)
    sums = metrics.icc_sums(matrix.ratings[complete].astype(np.float64))
    people = _by_subject(sums, matrix.subject[complete])
    low, high = metrics.bootstrap(metrics.icc_of_sums, people, resamples, seed)
    return Estimate(float(metrics.icc_of_sums(sums.sum(axis=0))), low, high)


def _by_subject(values: Floats, subject: NDArray[np.int64]) -> Floats:
    places, count = np.unique(subject, return_inverse=True)
    sums = np.zeros((len(places), values.shape[1]))
    np.add.at(sums, count, values)
    return sums


def _kappas_with_others(matrix: _Matrix) -> dict[str, float]:
    found = {}
    for place, rater in enumerate(matrix.raters):
        own = matrix.ratings[:, place]
        rest = np.delete(matrix.ratings, place, axis=1)
        given = (rest != SILENT).sum(axis=1)
        shared = (own != SILENT) & (given > 0)
        if matrix.things.loc[shared, "photo"].nunique() < WEIGHT_PHOTOS:
            continue
        total = np.where(rest != SILENT, rest, 0).sum(axis=1)
        others = np.rint(total / np.maximum(given, 1)).astype(np.int64)
        counts = agreement.pair_counts(own[shared], others[shared], matrix.categories)
        kappa = float(metrics.kappa_of_counts(counts))
        if not np.isnan(kappa):
            found[rater] = max(kappa, WEIGHT_FLOOR)
    return found
