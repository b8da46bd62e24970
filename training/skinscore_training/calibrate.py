"""Stage ``calibrate``: temperatures, score knots and conformal thresholds from held-out people.

Works on logits of the calibration part only, and there on photos that the gate lets pass.
Calibrated on rendered skin there is no guarantee on photos of people; the contract says so in
``calibration.source``.
"""

from itertools import count
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

from skinscore.contract.contract import Calibration, ConcernCalibration
from skinscore.domain.concerns import CONCERNS, GRADES
from skinscore.errors import RequestRefused
from skinscore.grading.uncertainty import rps_of_grades
from skinscore_training import checkpoint, corpus, rules, runs
from skinscore_training.data import shards
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.data.shards import Source
from skinscore_training.data.splits import Part
from skinscore_training.model import network
from skinscore_training.model.losses import soft_target
from skinscore_training.presets import Preset
from skinscore_training.progress import track

Knots = tuple[float, float, float, float, float]

_LARGEST_SCORE: Final = float(len(GRADES) - 1)  # of the ranked probability score: every grade in
_BATCH: Final = 4  # crops, in all views: more at once page memory in and out, at half the speed
_TEMPERATURES: Final = np.geomspace(0.1, 5.0, 159)  # steps of 2.5 %
# What the network was taught counts as much as ten people: a clinic with few keeps near it.
_TAUGHT_PEOPLE: Final = 10
_LEAST_STEP: Final = 0.8
_SMALLEST_SHARE: Final = 1e-4  # where the fit begins; its logarithm must be finite
_BETTER: Final = 0.99  # of the error: what another beginning must reach to be preferred
_SEARCH: Final = {"maxiter": 5000, "fatol": 1e-3}


def calibrate(preset: Preset, folder: runs.RunFolder) -> Calibration:
    """Fit the calibration of every concern and write it as JSON.

    Raises:
        RequestRefused: ``manifest_invalid`` when a concern has no grade; ``stage_input_missing``,
            ``training_mismatch``: see :func:`skinscore_training.corpus.held_out`.
    """
    torch.set_num_threads(preset.fit.threads)
    model = network.build(preset.model, rules.GEOMETRY, preset.fit.seed)
    model.load_state_dict(checkpoint.load_weights(folder.weights))
    source = Source(preset.calibrate.source)
    rows = corpus.held_out(folder, Part.CALIBRATION, source)
    logits = _logits(model.eval(), RenderedDataset(folder.rendered, rows))  # (n, V, K, 3, 5)
    grades = shards.grades_of(rows, rules.GEOMETRY.slots)[:, None]
    grades = np.broadcast_to(grades, logits.shape[:-1])
    seen = shards.within_gate(rows, logits.shape[1], rules.GATE)[:, :, None]
    grades = np.where(seen, grades, -1)
    exact = shards.scores_of(rows, rules.GEOMETRY.slots)[:, None]
    exact = np.where(np.isnan(exact), grades, exact)
    subjects = np.broadcast_to(rows["subject"].to_numpy()[:, None, None], grades.shape[:-1])
    concerns, people = [], []
    for place, concern in enumerate(CONCERNS):
        known = grades[..., place] >= 0
        if not known.any():
            raise RequestRefused(
                "manifest_invalid",
                f"nobody of the calibration part has a grade of {concern} that passes the gate",
                "every concern is calibrated",
                "Grade it in some photos, or set calibrate.source to rendered.",
            )
        mine, truth = logits[..., place, :][known], grades[..., place][known]
        people.append(len(np.unique(subjects[known])))
        temperature = fit_temperature(mine, truth)
        probabilities = softmax(mine / temperature)
        scores = rps_of_grades(probabilities)[np.arange(len(truth)), truth]
        concerns.append(
            ConcernCalibration(
                concern=concern,
                temperature=temperature,
                score_knots=fit_knots(
                    probabilities @ np.array(GRADES),
                    exact[..., place][known],
                    subjects[known],
                    taught_knots(temperature),
                ),
                conformal_threshold=conformal_threshold(
                    scores, subjects[known], preset.calibrate.coverage
                ),
            )
        )
    calibration = Calibration(
        source=source.value,
        people=min(people),
        coverage=preset.calibrate.coverage,
        concerns=tuple(concerns),
    )
    runs.write(folder.calibration, calibration.to_json() + "\n")
    return calibration


def fit_temperature(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the temperature with the least mean ranked probability score.

    Not log-likelihood: that rewards the grade itself only, this also its neighbours.
    """
    rows = np.arange(len(truth))
    losses = [rps_of_grades(softmax(logits / t))[rows, truth].mean() for t in _TEMPERATURES]
    return round(float(_TEMPERATURES[int(np.argmin(losses))]), 4)


def taught_knots(temperature: float) -> Knots:
    """Return the expectations of a network that answers the soft targets of grades 0..4 exactly,
    read at ``temperature``.
    """
    targets = soft_target(torch.tensor(GRADES, dtype=torch.float64)).numpy()
    return _five(softmax(np.log(targets) / temperature) @ np.array(GRADES))


def fit_knots(
    expectation: NDArray[np.float64],
    score: NDArray[np.float64],
    subjects: NDArray[np.int64],
    taught: Knots,
) -> Knots:
    """Return the expectations that mean 0..4: those that leave the score the least mean error.

    A network that cannot be sure answers between what it thinks possible, so on unclear skin its
    expectation lies nearer the middle than any target it was taught. Every person has weight 1,
    spread over their zones; ``taught`` weighs as much as ``_TAUGHT_PEOPLE``. Two knots stay
    ``_LEAST_STEP`` of their taught distance apart: closer ones would magnify doubt with the score
    (docs/decisions/0032).

    Args:
        expectation: (m,) mean grade 0..4 of a zone's probabilities.
        score: (m,) what is true, 0..4.
        subjects: (m,) whose zone it is.
        taught: see :func:`taught_knots`.

    Returns:
        Five numbers from 0 to 4 that rise strictly.
    """
    _, owner, zones = np.unique(subjects, return_inverse=True, return_counts=True)
    grades = np.array(GRADES, np.float64)
    asked = np.concatenate([expectation, taught])
    truth = np.concatenate([score, grades])
    weight = np.concatenate(
        [1.0 / zones[owner], np.full(len(GRADES), _TAUGHT_PEOPLE / len(GRADES))]
    )
    gaps = np.diff(taught, prepend=0.0, append=grades[-1])  # before, between and behind the knots
    least = np.concatenate([[0.0], _LEAST_STEP * gaps[1:-1], [0.0]])
    free = grades[-1] - least.sum()

    def knots(shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Six free numbers to five knots: how what is free is shared among the gaps."""
        return np.asarray((least + free * softmax(shares)).cumsum()[:-1])

    def error(shares: NDArray[np.float64]) -> float:
        return float(weight @ np.abs(np.interp(asked, knots(shares), grades) - truth))

    found = [
        minimize(error, np.log(begin), method="Nelder-Mead", options=_SEARCH)
        for begin in (
            np.maximum((gaps - least) / free, _SMALLEST_SHARE),
            np.full(len(gaps), 1.0),  # a share that has shrunk to nothing hardly comes back
        )
    ]
    first, other = found
    return _five(knots(other.x if other.fun < _BETTER * first.fun else first.x))


def _five(values: NDArray[np.float64]) -> Knots:
    zero, one, two, three, four = (round(float(value), 6) for value in values)
    return zero, one, two, three, four


def conformal_threshold(
    scores: NDArray[np.float64], subjects: NDArray[np.int64], coverage: float
) -> float:
    """Return the threshold under which ``coverage`` of a new person's zones lie.

    People are exchangeable, their zones are not: every person has weight 1, spread over their
    zones, and the quantile of the pooled scores is taken at ceil((n + 1) coverage) / n of n
    people (Dunn, Wasserman and Ramdas 2022, pooled CDFs). The mean score per person, an easier
    rule, would cover persons' means and leave out too many single zones.

    Args:
        scores: (m,) ranked probability score of the true grade.
        subjects: (m,) whose zone it is.
    """
    _, owner, zones = np.unique(subjects, return_inverse=True, return_counts=True)
    people = len(zones)
    if people < fewest_people(coverage):  # no promise can be made: every grade is in
        return _LARGEST_SCORE
    needed = np.ceil((people + 1) * coverage) / people
    order = np.argsort(scores)
    reached = np.cumsum(1.0 / (zones[owner[order]] * people))
    at = int(np.searchsorted(reached, needed - 1e-9))
    # A threshold of 0 would be no range at all; the median grade is always in.
    return max(float(scores[order][min(at, len(scores) - 1)]), 1e-6)


def fewest_people(coverage: float) -> int:
    """Return how many people of the calibration part a likely range can be promised by."""
    return next(people for people in count(1) if np.ceil((people + 1) * coverage) <= people)


def without_range(calibration: Calibration) -> list[str]:
    """Return the concerns whose likely range is every grade, as of too few people: it is wider than
    the gate lets pass, so that ``strict`` withholds every grade of them.
    """
    return [
        row.concern.value
        for row in calibration.concerns
        if row.conformal_threshold >= _LARGEST_SCORE
    ]


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


@torch.inference_mode()
def _logits(model: network.SkinNet, data: RenderedDataset) -> NDArray[np.float64]:
    parts = []
    starts = range(0, len(data), _BATCH)
    for start in track(starts, len(starts), "calibrate"):
        batch = data.__getitems__(range(start, min(start + _BATCH, len(data))))
        crops, masks, _ = batch.flat()
        logits = model(crops, masks).logits
        parts.append(logits.reshape(-1, batch.views, *logits.shape[1:]).double().numpy())
    return np.concatenate(parts)
