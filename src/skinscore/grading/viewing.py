"""One photo's turn: prepared, graded crop by crop, and written down as evidence.

Whatever happens to a photo ends in exactly one outcome; the other photos of the visit go on.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skinscore.contract.golden import Run
from skinscore.domain.assessment import (
    MAX_PX_PER_MM,
    MIN_PX_PER_MM,
    Gate,
    Outcome,
    PhotoRecord,
    QualityNote,
    SkinTone,
    ZoneRecord,
)
from skinscore.domain.concerns import CONCERNS
from skinscore.domain.document import sha256_hex
from skinscore.domain.zones import View, Zone
from skinscore.errors import CODES, PhotoRefused, RequestRefused, SkinscoreError, place_of
from skinscore.grading.examination import SeverityMap
from skinscore.grading.gather import ZoneEvidence, merge_crops
from skinscore.imaging.gate import Passed, photo_blocks, zone_blocks
from skinscore.imaging.prepare import PreparedPhoto, Preparer
from skinscore.imaging.types import Crop, Photo

log = logging.getLogger("skinscore.grading")


@dataclass(frozen=True, slots=True)
class CloseUp:
    """What cannot be read from a photo without a face."""

    zone: Zone  # with the subject's side
    px_per_mm: float  # of the upright photo

    def __post_init__(self) -> None:
        if not MIN_PX_PER_MM <= self.px_per_mm <= MAX_PX_PER_MM:  # false for NaN too
            raise RequestRefused(
                "bad_request",
                f"a close-up at {self.px_per_mm:g} px per mm",
                f"{MIN_PX_PER_MM:g} to {MAX_PX_PER_MM:g} px per mm",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Viewed:
    """One photo after its turn: its record, its notes, and what it says about zones."""

    record: PhotoRecord
    photo: Photo | None = None  # None: not decoded
    skin_tone: SkinTone | None = None
    notes: tuple[QualityNote, ...] = ()
    evidence: tuple[ZoneEvidence, ...] = ()
    crops: tuple[Crop, ...] = ()
    severity: NDArray[np.float32] | None = None  # (N, 3, h, w), parallel to crops

    @property
    def told(self) -> "Viewed":
        """The same without pixels, crops and maps: all that a document needs."""
        return replace(self, photo=None, crops=(), severity=None)

    @property
    def graded(self) -> bool:
        return self.record.outcome is Outcome.GRADED


def view_photo(
    index: int, data: bytes, preparer: Preparer, run: Run, gate: Gate, close_up: CloseUp | None
) -> Viewed:
    """Return what photo number ``index`` shows; never raises for the photo's sake.

    Args:
        run: the model, (crops, masks) to (probabilities, severity maps).
        close_up: set when the photo shows skin of one zone instead of a face.
    """
    photo = None
    try:
        photo = preparer.photo(data)
        prepared = (
            preparer.of_face(photo)
            if close_up is None
            else preparer.of_close_up(photo, close_up.zone, close_up.px_per_mm)
        )
        return _graded(index, prepared, run, gate)
    except PhotoRefused as refusal:
        return Viewed(_bare_record(data, photo, refusal.code, Outcome.REFUSED), photo)
    except Exception as fault:  # a mistake of ours must not take the other views with it
        code = fault.code if isinstance(fault, SkinscoreError) else "internal"
        log.error("%s: %s on photo %s", code, place_of(fault), sha256_hex(data)[:12])
        return Viewed(_bare_record(data, photo, code, Outcome.FAILED), photo)


def _graded(index: int, prepared: PreparedPhoto, run: Run, gate: Gate) -> Viewed:
    passed = prepared.passed
    codes = () if gate is Gate.OFF else photo_blocks(passed)
    refused = bool(codes) and gate is Gate.STRICT
    viewed = Viewed(
        _record(prepared, codes, Outcome.REFUSED if refused else Outcome.GRADED),
        prepared.photo,
        prepared.quality.skin_tone,
        tuple(_note(index, row) for row in passed),
    )
    if refused:
        return viewed
    crops = prepared.crops
    # Always the whole set in one batch: the same photo, the same arithmetic.
    probabilities, severity = run(
        np.stack([crop.pixels for crop in crops]), np.stack([crop.masks for crop in crops])
    )
    evidence = _evidence(index, prepared, merge_crops(crops, probabilities), gate)
    return replace(viewed, evidence=tuple(evidence), crops=crops, severity=severity)


def severity_maps(
    index: int, viewed: Viewed, records: Sequence[ZoneRecord]
) -> Iterator[SeverityMap]:
    """Yield the maps of the zones that were graded in this photo, and of no others."""
    graded = {
        record.zone
        for record in records
        if record.photo == index and any(grade.assessable for grade in record.grades)
    }
    if viewed.severity is None:
        return
    for crop, values in zip(viewed.crops, viewed.severity, strict=True):
        slots = [slot for slot, zone in enumerate(crop.zones) if zone in graded]
        if slots:
            yield SeverityMap(
                photo=index,
                zones=tuple(crop.zones[slot] for slot in slots),
                values=values,
                mask=np.max(crop.masks[slots], axis=0),
                to_crop=crop.to_crop,
            )


def _evidence(
    index: int,
    prepared: PreparedPhoto,
    probabilities: Mapping[Zone, NDArray[np.float64]],
    gate: Gate,
) -> Iterator[ZoneEvidence]:
    for zone, region in prepared.regions.items():
        blocks = {concern: zone_blocks(prepared.passed, zone, concern) for concern in CONCERNS}
        hidden = blocks[CONCERNS[0]].geometry
        if zone not in probabilities and not hidden:
            hidden = ("zone_out_of_frame",)
        yield ZoneEvidence(
            zone=zone,
            photo=index,
            polygon=tuple((round(float(x), 1), round(float(y), 1)) for x, y in region.polygon),
            visible_fraction=prepared.quality.zones[zone].visible_fraction,
            facing=region.facing,
            hidden=hidden,
            limits={
                concern: () if gate is Gate.OFF else block.quality
                for concern, block in blocks.items()
            },
            probabilities=None if hidden else probabilities[zone],
        )


def _note(index: int, passed: Passed) -> QualityNote:
    return QualityNote(
        photo=index,
        code=passed.code,
        zone=passed.zone,
        measured=round(passed.measured, 4),
        limit=passed.limit,
        hint=CODES[passed.code].hint,
    )


def _record(prepared: PreparedPhoto, codes: tuple[str, ...], outcome: Outcome) -> PhotoRecord:
    photo, face = prepared.photo, prepared.face
    return PhotoRecord(
        sha256=photo.sha256,
        width=photo.width,
        height=photo.height,
        colour_profile=photo.colour_profile,
        view=View.CLOSE_UP if face is None else face.view,
        px_per_mm=round(prepared.quality.px_per_mm, 4),
        yaw_deg=None if face is None else round(face.yaw_deg, 2),
        pitch_deg=None if face is None else round(face.pitch_deg, 2),
        roll_deg=None if face is None else round(face.roll_deg, 2),
        outcome=outcome,
        codes=codes,
    )


def _bare_record(data: bytes, photo: Photo | None, code: str, outcome: Outcome) -> PhotoRecord:
    return PhotoRecord(
        sha256=sha256_hex(data),
        width=None if photo is None else photo.width,
        height=None if photo is None else photo.height,
        colour_profile=None if photo is None else photo.colour_profile,
        view=None,
        px_per_mm=None,
        yaw_deg=None,
        pitch_deg=None,
        roll_deg=None,
        outcome=outcome,
        codes=(code,),
    )
