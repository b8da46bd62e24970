"""Photos in, one assessment out: the object that a clinic, an archive and a test all use."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from skinscore.assets.shipped import model_path
from skinscore.contract.contract import Contract
from skinscore.contract.golden import Answers, Crops, Masks
from skinscore.contract.release import ModelFile, read_model
from skinscore.domain.assessment import (
    Assessment,
    Gate,
    ModelRef,
    Outcome,
    PhotoRecord,
    QualityNote,
    SkinTone,
    ZoneRecord,
)
from skinscore.domain.concerns import CONCERNS
from skinscore.domain.document import DISCLAIMER, canonical_json, sha256_hex
from skinscore.domain.zones import ZONES, View, Zone
from skinscore.errors import CODES, InternalFault, PhotoRefused, RequestRefused, SkinscoreError
from skinscore.grading.examination import Examination, SeverityMap
from skinscore.grading.gather import ZoneEvidence, face_grades, merge_crops, zone_records
from skinscore.grading.session import Session, usable_cpus
from skinscore.imaging.face import FaceFinder
from skinscore.imaging.face_models import require
from skinscore.imaging.gate import photo_blocks, zone_blocks
from skinscore.imaging.prepare import PreparedPhoto, Preparer
from skinscore.imaging.types import Crop, Photo


@dataclass(frozen=True, slots=True)
class CloseUp:
    """What cannot be read from a photo without a face."""

    zone: Zone  # with the subject's side
    px_per_mm: float  # of the upright photo


@dataclass(frozen=True, slots=True, eq=False)
class _Viewed:
    """One photo after its turn: its record, its notes, and what it says about zones."""

    record: PhotoRecord
    photo: Photo | None = None
    skin_tone: SkinTone | None = None
    notes: tuple[QualityNote, ...] = ()
    evidence: tuple[ZoneEvidence, ...] = ()
    crops: tuple[Crop, ...] = ()
    severity: NDArray[np.float32] | None = None  # (N, 3, h, w), parallel to crops


class Grader:
    """Grades photos with one model file. Load once, use from any thread.

    Args:
        model: an opened model file.
        preparer: the imaging path under that model's rules.
        session: the self-tested runtime of that model.
    """

    def __init__(self, model: ModelFile, preparer: Preparer, session: Session) -> None:
        self.contract: Contract = model.contract
        self.preparer = preparer
        self._session = session
        identity = model.contract.identity
        self._reference = ModelRef(
            name=identity.name, version=identity.version, contract_digest=model.digest
        )

    @classmethod
    def load(cls, model: Path | None = None, *, threads: int | None = None) -> Self:
        """Open and self-test a model file.

        Args:
            model: a skinscore .onnx file; the one that ships with this release when None.
            threads: of the runtime; all usable CPUs when None.

        Raises:
            NotReady: the file is missing, unsafe, changed, or fails its self-test; or the face
                models are missing or are not the ones the contract names.
        """
        file = read_model(model if model is not None else model_path())
        contract = file.contract
        preparer = Preparer(
            finder=FaceFinder(require(), contract.face),
            decode=contract.decode,
            face=contract.face,
            geometry=contract.geometry,
            gate=contract.gate,
        )
        return cls(file, preparer, Session(file, usable_cpus() if threads is None else threads))

    def assess(
        self, photo: bytes, *, gate: Gate = Gate.STRICT, client_ref: str | None = None
    ) -> Assessment:
        """Return the assessment of one face photo; never raises for the photo's sake."""
        return self.examine([photo], gate=gate, client_ref=client_ref).assessment

    def assess_visit(
        self, photos: Sequence[bytes], *, gate: Gate = Gate.STRICT, client_ref: str | None = None
    ) -> Assessment:
        """Return one assessment of several views of a face; the best view of each zone counts."""
        return self.examine(photos, gate=gate, client_ref=client_ref).assessment

    def assess_close_up(
        self,
        photo: bytes,
        *,
        zone: Zone,
        px_per_mm: float,
        gate: Gate = Gate.STRICT,
        client_ref: str | None = None,
    ) -> Assessment:
        """Return the assessment of a photo that the skin of one zone fills."""
        close_up = CloseUp(zone=zone, px_per_mm=px_per_mm)
        return self.examine([photo], gate=gate, client_ref=client_ref, close_up=close_up).assessment

    def examine(
        self,
        photos: Sequence[bytes],
        *,
        gate: Gate = Gate.STRICT,
        client_ref: str | None = None,
        close_up: CloseUp | None = None,
    ) -> Examination:
        """Return the assessment together with the decoded photos and severity maps.

        Args:
            photos: encoded files, one or the views of one visit.
            gate: what quality limits do.
            client_ref: echoed in the document, never logged.
            close_up: set when the one photo shows skin of a single zone.

        Raises:
            RequestRefused: ``bad_request`` for no photo, or a close-up of several.
        """
        if not photos or (close_up is not None and len(photos) != 1):
            raise RequestRefused(
                "bad_request",
                f"{len(photos)} photos{' as a close-up' if close_up else ''}",
                "one photo, or the views of one visit; a close-up is one photo",
            )
        views = [self._view(index, data, gate, close_up) for index, data in enumerate(photos)]
        graded = any(view.record.outcome is Outcome.GRADED for view in views)
        records = (
            zone_records(
                (item for view in views for item in view.evidence),
                self.contract,
                zones=ZONES if close_up is None else (close_up.zone,),
                strict=gate is Gate.STRICT,
            )
            if graded
            else ()
        )
        assessment = Assessment(
            schema="skinscore.assessment/1",
            id=self._id(views, gate, close_up, client_ref),
            created_at=datetime.now(UTC),
            client_ref=client_ref,
            gate=gate,
            photos=tuple(view.record for view in views),
            quality=tuple(note for view in views for note in view.notes),
            skin_tone=_tone(views),
            zones=records,
            face=face_grades(records) if graded and close_up is None else (),
            model=self._reference,
            disclaimer=DISCLAIMER,
        )
        return Examination(
            assessment=assessment,
            photos=tuple(view.photo for view in views),
            maps=tuple(
                shown for index, view in enumerate(views) for shown in _maps(index, view, records)
            ),
        )

    def grade_crops(self, crops: Crops, masks: Masks) -> Answers:
        """Return the model's answers to crops that are already cut; see :class:`Session`.

        Args:
            crops: (N, S, S, 3) uint8 sRGB, cut under this contract's geometry.
            masks: (N, K, S, S) uint8, 0 or 255.

        Returns:
            probabilities (N, K, 3, 5) and severity maps (N, 3, h, w), float32.
        """
        return self._session.run(crops, masks)

    def _view(self, index: int, data: bytes, gate: Gate, close_up: CloseUp | None) -> _Viewed:
        try:
            prepared = (
                self.preparer.prepare(data)
                if close_up is None
                else self.preparer.prepare_close_up(data, close_up.zone, close_up.px_per_mm)
            )
        except PhotoRefused as refusal:
            return _Viewed(_record(data, refusal.code, Outcome.REFUSED))
        except SkinscoreError as fault:
            return _Viewed(_record(data, fault.code, Outcome.FAILED))
        except Exception:  # one photo must not take the others of the visit with it
            return _Viewed(_record(data, "internal", Outcome.FAILED))
        passed = () if gate is Gate.OFF else prepared.passed
        codes = photo_blocks(passed)
        refused = bool(codes) and gate is Gate.STRICT
        notes = tuple(
            QualityNote(
                photo=index,
                code=row.code,
                zone=row.zone,
                measured=round(row.measured, 4),
                limit=row.limit,
                hint=CODES[row.code].hint,
            )
            for row in passed
        )
        viewed = _Viewed(
            _record_of(prepared, close_up, codes, Outcome.REFUSED if refused else Outcome.GRADED),
            prepared.photo,
            prepared.quality.skin_tone,
            notes,
        )
        if refused:
            return viewed
        try:
            evidence, severity = self._grade(index, prepared, gate)
        except InternalFault as fault:
            return _Viewed(_record(data, fault.code, Outcome.FAILED), prepared.photo)
        return replace(viewed, evidence=evidence, crops=prepared.crops, severity=severity)

    def _grade(
        self, index: int, prepared: PreparedPhoto, gate: Gate
    ) -> tuple[tuple[ZoneEvidence, ...], NDArray[np.float32]]:
        crops = prepared.crops
        # Always the contract's whole set in one batch: the same photo, the same arithmetic.
        probabilities, severity = self.grade_crops(
            np.stack([crop.pixels for crop in crops]), np.stack([crop.masks for crop in crops])
        )
        merged = merge_crops(crops, probabilities)
        evidence = []
        for zone, region in prepared.regions.items():
            blocks = {concern: zone_blocks(prepared.passed, zone, concern) for concern in CONCERNS}
            hidden = blocks[CONCERNS[0]].geometry
            if zone not in merged and not hidden:
                hidden = ("zone_out_of_frame",)
            evidence.append(
                ZoneEvidence(
                    zone=zone,
                    photo=index,
                    polygon=tuple(
                        (round(float(x), 1), round(float(y), 1)) for x, y in region.polygon
                    ),
                    visible_fraction=prepared.quality.zones[zone].visible_fraction,
                    facing=region.facing,
                    hidden=hidden,
                    limits={
                        concern: () if gate is Gate.OFF else blocks[concern].quality
                        for concern in CONCERNS
                    },
                    probabilities=None if hidden else merged[zone],
                )
            )
        return tuple(evidence), severity

    def _id(
        self,
        views: Sequence[_Viewed],
        gate: Gate,
        close_up: CloseUp | None,
        client_ref: str | None,
    ) -> str:
        facts = {
            "photos": [view.record.sha256 for view in views],
            "contract": self._reference.contract_digest,
            "gate": gate.value,
            "close_up": None if close_up is None else [close_up.zone.value, close_up.px_per_mm],
            "client_ref": client_ref,
        }
        return "asm_" + sha256_hex(canonical_json(facts))[:24]


def _record(data: bytes, code: str, outcome: Outcome) -> PhotoRecord:
    return PhotoRecord(
        sha256=sha256_hex(data),
        width=None,
        height=None,
        view=None,
        px_per_mm=None,
        yaw_deg=None,
        pitch_deg=None,
        roll_deg=None,
        outcome=outcome,
        codes=(code,),
    )


def _record_of(
    prepared: PreparedPhoto, close_up: CloseUp | None, codes: tuple[str, ...], outcome: Outcome
) -> PhotoRecord:
    photo, face = prepared.photo, prepared.face
    pose: Mapping[str, float | None] = {"yaw_deg": None, "pitch_deg": None, "roll_deg": None}
    if face is not None:
        pose = {
            "yaw_deg": round(face.yaw_deg, 2),
            "pitch_deg": round(face.pitch_deg, 2),
            "roll_deg": round(face.roll_deg, 2),
        }
    return PhotoRecord(
        sha256=photo.sha256,
        width=photo.width,
        height=photo.height,
        view=View.CLOSE_UP if face is None else face.view,
        px_per_mm=round(prepared.quality.px_per_mm, 4),
        outcome=outcome,
        codes=codes,
        **pose,
    )


def _maps(index: int, view: _Viewed, records: Sequence[ZoneRecord]) -> Iterator[SeverityMap]:
    """Yield the maps of the zones that were graded in this photo, and of no others."""
    graded = {
        record.zone
        for record in records
        if record.photo == index and any(grade.assessable for grade in record.grades)
    }
    if view.severity is None:
        return
    for crop, values in zip(view.crops, view.severity, strict=True):
        slots = [slot for slot, zone in enumerate(crop.zones) if zone in graded]
        if slots:
            yield SeverityMap(
                photo=index,
                zones=tuple(crop.zones[slot] for slot in slots),
                values=values,
                mask=np.max(crop.masks[slots], axis=0),
                to_crop=crop.to_crop,
            )


def _tone(views: Sequence[_Viewed]) -> SkinTone | None:
    """The tone of the most frontal graded photo: both cheeks count alike there."""
    graded = [
        view
        for view in views
        if view.record.outcome is Outcome.GRADED and view.skin_tone is not None
    ]
    if not graded:
        return None
    return min(graded, key=lambda view: abs(view.record.yaw_deg or 0.0)).skin_tone
