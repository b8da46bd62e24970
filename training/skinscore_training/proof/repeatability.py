"""Figure 2: the same rendered patient photographed again must get the same grades."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinscore.domain.assessment import Gate
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.grading.uncertainty import grade_of
from skinscore_training import metrics
from skinscore_training.progress import track
from skinscore_training.proof.answers import PhotoReader
from skinscore_training.proof.findings import ALL, Finding, Part, Table, at_least, at_most, found
from skinscore_training.proof.intervals import RESAMPLES, Floats
from skinscore_training.proof.sittings import Pictured

ICC: Final = at_least(0.90)
FLIPS: Final = at_most(0.10)
JUDGED: Final = Gate.STRICT  # the gate that a clinic runs
_PAIRINGS: Final = 25  # ways to draw two photos of a zone, averaged
_PAIR: Final = 5  # width of metrics.icc_sums for two photos


def tabulate(reader: PhotoReader, patients: Sequence[Pictured], gate: Gate) -> pd.DataFrame:
    """Return one row per photo, zone and concern that was graded.

    Columns: patient, photo, zone, zone_kind, concern, truth (0..4 measured), score, grade.
    """
    rows = []
    for patient in track(patients, len(patients), f"repeatability, gate {gate}"):
        for photo, path in enumerate(patient.photos):
            for zone, scores in reader.read_photo(path.read_bytes(), gate).zones.items():
                rows += [
                    {
                        "patient": patient.number,
                        "photo": photo,
                        "zone": zone.value,
                        "zone_kind": zone.kind.value,
                        "concern": concern.value,
                        "truth": patient.truth[zone][concern],
                        "score": score,
                        "grade": grade_of(score),
                    }
                    for concern, score in scores.items()
                ]
    columns = ["patient", "photo", "zone", "zone_kind", "concern", "truth", "score", "grade"]
    return pd.DataFrame(rows, columns=columns)


def measure(
    by_gate: dict[Gate, pd.DataFrame], photos: dict[Gate, tuple[int, int]], seed: int
) -> Part:
    """Judge the rows of every gate.

    Args:
        by_gate: see :func:`tabulate`.
        photos: photos with any grade, and all photos.
    """
    findings = []
    for gate, rows in by_gate.items():
        for concern in CONCERNS:
            mine = repeated(rows[rows["concern"] == concern.value])
            findings += _of_group(mine, concern, ALL, gate, seed)
            if gate is JUDGED:
                for kind in sorted(mine["zone_kind"].unique()):
                    part = mine[mine["zone_kind"] == kind]
                    findings += _of_group(part, concern, kind, gate, seed)
    return Part(
        name="repeatability",
        title="The same rendered patient, photographed again",
        method=(
            "Rendered patients, each photographed with another pose, light, camera and resolution "
            "every time; JPEG bytes through the full product path. Only zones graded in at least "
            "two photos of the patient. ICC(2,1): two graded photos of every patient and zone are "
            f"drawn, {_PAIRINGS} times over, and the coefficients averaged. Flips: share of "
            "photos whose grade differs from the commonest grade of that patient's zone. Smallest "
            "detectable change: 1.96 √2 of the within-zone standard deviation, which is also the "
            "half-width of the 95 % limits of agreement of two photos. Grades of rendered people "
            "spread evenly from 0 to 4: among patients who are more alike an ICC is lower."
        ),
        findings=tuple(findings),
        tables=(_coverage(by_gate, photos),),
    )


def repeated(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of zones that were graded in at least two photos of their patient."""
    count = rows.groupby(["patient", "zone"])["photo"].transform("count")
    return rows[count >= 2]


def flips(grades: NDArray[np.int64]) -> int:
    """Return how many grades differ from the commonest one."""
    return len(grades) - int(np.bincount(grades).max())


def _of_group(
    rows: pd.DataFrame, concern: Concern, group: str, gate: Gate, seed: int
) -> list[Finding]:
    sums = _per_patient(rows, seed)
    name = f"gate {gate}" if group == ALL else group
    judged = gate is JUDGED
    wanted = [
        ("icc_2_1", _icc, ICC if judged else None),
        ("flipped_photos", _share_flipped, FLIPS if judged and group == ALL else None),
    ]
    if group == ALL:
        wanted += [
            ("smallest_detectable_change", _detectable, None),
            ("mean_absolute_error", _absolute, None),
            ("quadratic_weighted_kappa", _kappa, None),
        ]
    return [
        found(
            metric,
            float(of_sums(sums.sum(axis=0))),
            metrics.bootstrap(of_sums, sums, RESAMPLES, seed) if len(sums) else None,
            n=len(sums),
            subjects="patients",
            concern=concern,
            group=name,
            target=target,
        )
        for metric, of_sums, target in wanted
    ]


# What a patient adds: photos, flips, squared deviations within zones, their degrees of freedom,
# absolute error, 25 confusion cells, then the ICC sums of every pairing.
_COUNT, _FLIPS, _WITHIN, _FREE, _ERROR = range(5)
_CELLS: Final = slice(5, 30)
_PAIRS: Final = slice(30, 30 + _PAIRINGS * _PAIR)


def _per_patient(rows: pd.DataFrame, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    out = []
    for _, patient in rows.groupby("patient"):
        sums = np.zeros(_PAIRS.stop)
        for _, zone in patient.groupby("zone"):
            score, grade = zone["score"].to_numpy(float), zone["grade"].to_numpy(np.int64)
            true_grade = np.array([grade_of(value) for value in zone["truth"]], np.int64)
            sums[_COUNT] += len(zone)
            sums[_FLIPS] += flips(grade)
            sums[_WITHIN] += ((score - score.mean()) ** 2).sum()
            sums[_FREE] += len(zone) - 1
            sums[_ERROR] += np.abs(score - true_grade).sum()
            sums[_CELLS] += metrics.confusion(true_grade, grade).ravel()
            drawn = np.stack(
                [score[rng.choice(len(score), 2, replace=False)] for _ in range(_PAIRINGS)]
            )
            sums[_PAIRS] += metrics.icc_sums(drawn).ravel()
        out.append(sums)
    return np.array(out).reshape(-1, _PAIRS.stop)


def _icc(sums: Floats) -> Floats:
    pairs = sums[..., _PAIRS].reshape(*sums.shape[:-1], _PAIRINGS, _PAIR)
    return np.asarray(metrics.icc_of_sums(pairs).mean(axis=-1))


def _share_flipped(sums: Floats) -> Floats:
    return _over(sums, _FLIPS, _COUNT)


def _detectable(sums: Floats) -> Floats:
    return np.asarray(1.96 * np.sqrt(2 * _over(sums, _WITHIN, _FREE)))


def _absolute(sums: Floats) -> Floats:
    return _over(sums, _ERROR, _COUNT)


def _kappa(sums: Floats) -> Floats:
    return metrics.kappa_of_counts(sums[..., _CELLS].reshape(*sums.shape[:-1], 5, 5))


def _over(sums: Floats, part: int, whole: int) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[..., part] / sums[..., whole])


def _coverage(by_gate: dict[Gate, pd.DataFrame], photos: dict[Gate, tuple[int, int]]) -> Table:
    lines = []
    for gate, rows in by_gate.items():
        graded, every = photos[gate]
        again = repeated_by_concern(rows)
        lines.append((gate.value, f"{graded} of {every}", *map(str, again)))
    return Table(
        caption="Photos with any grade, and patient-zones graded in at least two photos",
        header=("gate", "photos", *CONCERNS),
        rows=tuple(lines),
    )


def repeated_by_concern(rows: pd.DataFrame) -> list[int]:
    """Return how many patient-zones are graded in at least two photos, per concern."""
    return [
        repeated(rows[rows["concern"] == concern.value]).groupby(["patient", "zone"]).ngroups
        for concern in CONCERNS
    ]


def prove(reader: PhotoReader, patients: Sequence[Pictured], seed: int) -> Part:
    """Read the patients' photos under both gates and judge."""
    by_gate = {gate: tabulate(reader, patients, gate) for gate in (Gate.STRICT, Gate.WARN)}
    every = sum(len(patient.photos) for patient in patients)
    photos = {
        gate: (len(rows.drop_duplicates(["patient", "photo"])), every)
        for gate, rows in by_gate.items()
    }
    return measure(by_gate, photos, seed)
