"""Photos in, one assessment out: the object that a clinic, an archive and a test all use."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from skinscore.assets.shipped import model_path
from skinscore.contract.contract import Contract
from skinscore.contract.golden import Answers, Crops, Masks
from skinscore.contract.release import ModelFile, read_model
from skinscore.domain.assessment import Assessment, Gate, ModelRef, SkinTone
from skinscore.domain.document import DISCLAIMER, canonical_json, sha256_hex
from skinscore.domain.zones import ZONES, Zone
from skinscore.errors import RequestRefused
from skinscore.grading.examination import Examination
from skinscore.grading.gather import face_grades, zone_records
from skinscore.grading.session import Session, usable_cpus
from skinscore.grading.viewing import CloseUp, Viewed, severity_maps, view_photo
from skinscore.imaging.face import FaceFinder
from skinscore.imaging.face_models import require
from skinscore.imaging.prepare import Preparer


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
        return self.assess_visit([photo], gate=gate, client_ref=client_ref)

    def assess_visit(
        self, photos: Sequence[bytes], *, gate: Gate = Gate.STRICT, client_ref: str | None = None
    ) -> Assessment:
        """Return one assessment of several views of a face; the best view of each zone counts.

        All photos must be of one person on one day: identity is not checked. Holds the pixels of
        one photo at a time.

        Raises:
            RequestRefused: ``bad_request`` for no photo.
        """
        views = [view.told for view in self._views(photos, gate, None)]
        return self._assessment(views, gate, client_ref, None)

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
        views = list(self._views([photo], gate, close_up))
        return self._assessment(views, gate, client_ref, close_up)

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
            photos: encoded files, one or the views of one visit; see :meth:`assess_visit`.
            gate: what quality limits do.
            client_ref: echoed in the document, never logged.
            close_up: set when the one photo shows skin of a single zone.

        Raises:
            RequestRefused: ``bad_request`` for no photo, or a close-up of several.
        """
        views = list(self._views(photos, gate, close_up))
        assessment = self._assessment(views, gate, client_ref, close_up)
        return Examination(
            assessment=assessment,
            photos=tuple(view.photo for view in views),
            maps=tuple(
                shown
                for index, view in enumerate(views)
                for shown in severity_maps(index, view, assessment.zones)
            ),
            contract=self.contract,
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

    def _views(
        self, photos: Sequence[bytes], gate: Gate, close_up: CloseUp | None
    ) -> Iterator[Viewed]:
        if not photos or (close_up is not None and len(photos) != 1):
            raise RequestRefused(
                "bad_request",
                f"{len(photos)} photos{' as a close-up' if close_up else ''}",
                "one photo, or the views of one visit; a close-up is one photo",
            )
        for index, data in enumerate(photos):
            yield view_photo(index, data, self.preparer, self.grade_crops, gate, close_up)

    def _assessment(
        self,
        views: Sequence[Viewed],
        gate: Gate,
        client_ref: str | None,
        close_up: CloseUp | None,
    ) -> Assessment:
        graded = any(view.graded for view in views)
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
        return Assessment(
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

    def _id(
        self,
        views: Sequence[Viewed],
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


def _tone(views: Sequence[Viewed]) -> SkinTone | None:
    """The tone of the most frontal graded photo: both cheeks count alike there."""
    graded = [view for view in views if view.graded and view.skin_tone is not None]
    if not graded:
        return None
    return min(graded, key=lambda view: abs(view.record.yaw_deg or 0.0)).skin_tone
