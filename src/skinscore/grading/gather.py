"""From graded zones of several photos to one assessment of the face.

A zone seen in several crops is merged by mask area (the contract's merge rule); a zone seen in
several photos is taken from the one that faces it best, never averaged: an oblique view of a zone
is worse evidence, not more evidence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.contract.contract import Contract
from skinscore.domain.assessment import ConcernGrade, FaceGrade, ZoneRecord
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import Zone, ZoneKind
from skinscore.grading.uncertainty import grade_of, read
from skinscore.imaging.types import Crop

# Names the rule below; a change of the rule changes the number.
FACE_METHOD: Final = "mean_over_zone_kinds/1"
MIN_ZONE_KINDS: Final = 4  # of twelve; fewer do not speak for a face


@dataclass(frozen=True, slots=True, eq=False)
class ZoneEvidence:
    """What one photo says about one zone."""

    zone: Zone
    photo: int
    polygon: tuple[tuple[float, float], ...]
    visible_fraction: float
    facing: float | None  # None for a close-up
    hidden: tuple[str, ...]  # geometry codes: the zone cannot be judged from this photo
    limits: Mapping[Concern, tuple[str, ...]]  # quality codes per concern
    probabilities: NDArray[np.float64] | None  # (3, 5); None when hidden or without skin pixels


def merge_crops(
    crops: Sequence[Crop], probabilities: NDArray[np.float32]
) -> dict[Zone, NDArray[np.float64]]:
    """Return (3, 5) probabilities per zone, crops weighted by their mask area.

    Args:
        crops: N crops of one photo.
        probabilities: (N, K, 3, 5) answers of the network.
    """
    total: dict[Zone, NDArray[np.float64]] = {}
    area: dict[Zone, int] = {}
    for crop, answers in zip(crops, probabilities, strict=True):
        for slot, zone in enumerate(crop.zones):
            pixels = int(np.count_nonzero(crop.masks[slot]))
            if pixels:
                total[zone] = total.get(zone, 0.0) + pixels * answers[slot].astype(np.float64)
                area[zone] = area.get(zone, 0) + pixels
    merged = {zone: total[zone] / area[zone] for zone in total}
    return {zone: rows / rows.sum(axis=-1, keepdims=True) for zone, rows in merged.items()}


def zone_record(
    zone: Zone, views: Sequence[ZoneEvidence], contract: Contract, *, strict: bool
) -> ZoneRecord:
    """Return the record of ``zone`` from the view that faces it best, of those with most grades.

    So one more photo, as the hints ask for it, never leaves a zone with fewer grades.

    Args:
        views: evidence of this zone from every graded photo, in photo order; may be empty.
        strict: quality limits withhold the grade; otherwise they are only listed.
    """
    if not views:
        grades = tuple(_withheld(concern, ("zone_out_of_frame",)) for concern in CONCERNS)
        return ZoneRecord(
            zone=zone, photo=None, polygon=(), visible_fraction=0.0, facing=None, grades=grades
        )
    told = [
        tuple(_grade(view, concern, contract, strict=strict) for concern in CONCERNS)
        for view in views
    ]
    best, grades = max(zip(views, told, strict=True), key=lambda pair: _preference(*pair))
    return ZoneRecord(
        zone=zone,
        photo=best.photo,
        polygon=best.polygon,
        visible_fraction=round(best.visible_fraction, 4),
        facing=None if best.facing is None else round(best.facing, 4),
        grades=grades,
    )


def zone_records(
    evidence: Iterable[ZoneEvidence],
    contract: Contract,
    *,
    zones: Sequence[Zone],
    strict: bool,
) -> tuple[ZoneRecord, ...]:
    """Return a record for each of ``zones``: every zone for a face, the one of a close-up."""
    views: dict[Zone, list[ZoneEvidence]] = {zone: [] for zone in zones}
    for item in evidence:
        views[item.zone].append(item)
    return tuple(zone_record(zone, views[zone], contract, strict=strict) for zone in zones)


def face_grades(records: Sequence[ZoneRecord]) -> tuple[FaceGrade, ...]:
    """Return one grade per concern for the whole face (see FACE_METHOD).

    Sides are averaged first, so that a face seen from one side weighs like one seen from both;
    then zone kinds. The range is the mean of the zones' ranges, rounded outwards.
    """
    return tuple(_face_grade(concern, records) for concern in CONCERNS)


def _face_grade(concern: Concern, records: Sequence[ZoneRecord]) -> FaceGrade:
    rows: dict[ZoneKind, list[tuple[float, int, int]]] = {}
    for record in records:
        row = next(row for row in record.grades if row.concern is concern)
        if row.score is not None and row.likely_range is not None:
            rows.setdefault(record.zone.kind, []).append((row.score, *row.likely_range))
    if len(rows) < MIN_ZONE_KINDS:
        return FaceGrade(
            concern=concern,
            assessable=False,
            grade=None,
            score=None,
            likely_range=None,
            method=FACE_METHOD,
        )
    mean, low, high = np.mean([np.mean(sides, axis=0) for sides in rows.values()], axis=0)
    score = round(float(mean), 4)
    grade = grade_of(score)
    return FaceGrade(
        concern=concern,
        assessable=True,
        grade=grade,
        score=score,
        likely_range=(min(grade, int(np.floor(low))), max(grade, int(np.ceil(high)))),
        method=FACE_METHOD,
    )


def _preference(
    view: ZoneEvidence, grades: tuple[ConcernGrade, ...]
) -> tuple[int, bool, float, int]:
    facing = view.facing if view.facing is not None else 1.0
    graded = sum(row.assessable for row in grades)
    return graded, view.probabilities is not None, facing, -view.photo


def _grade(
    view: ZoneEvidence, concern: Concern, contract: Contract, *, strict: bool
) -> ConcernGrade:
    limits = view.limits[concern]
    if view.probabilities is None:
        return _withheld(concern, view.hidden + limits)
    row = CONCERNS.index(concern)
    calibration = contract.calibration.concerns[row]
    probabilities = view.probabilities[row]
    reading = read(probabilities, calibration, contract.gate.max_range_width)
    if reading.unsure:
        limits = (*limits, "low_confidence")
    if strict and limits:
        return _withheld(concern, limits)
    return ConcernGrade(
        concern=concern,
        assessable=True,
        codes=limits,
        grade=reading.grade,
        score=reading.score,
        probabilities=_five(probabilities),
        likely_range=reading.likely_range,
    )


def _withheld(concern: Concern, codes: tuple[str, ...]) -> ConcernGrade:
    return ConcernGrade(
        concern=concern,
        assessable=False,
        codes=codes,
        grade=None,
        score=None,
        probabilities=None,
        likely_range=None,
    )


def _five(probabilities: NDArray[np.float64]) -> tuple[float, float, float, float, float]:
    a, b, c, d, e = (round(float(p), 5) for p in probabilities)
    return a, b, c, d, e
