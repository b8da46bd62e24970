"""An assessment for a clinic's record system: HL7 FHIR R4 resources in one transaction bundle.

One Device (the model), one Observation per concern or per concern and zone, one DiagnosticReport.
Everything is ``preliminary`` until a clinician's confirmation comes along, and ``final`` then.
Sent again, the bundle changes the same resources and makes no second ones: every entry is an update
by an identifier made from the assessment's id.

Body sites are SNOMED CT codes of DICOM's context group 4029 (Dermatology Anatomic Site), which
has none for two of our zones; zones, concerns and grades have codes of their own, for no standard
code of such grades is known to this project. When a photo was taken is not known here, so no
``effective`` time is told.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from skinscore.domain.assessment import Assessment, ConcernGrade, FaceGrade, Gate
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.suggestion import Confirmation
from skinscore.domain.zones import Zone, ZoneKind
from skinscore.errors import RequestRefused
from skinscore.protocol.reading import Corrections, corrections
from skinscore.report import wording

Json = dict[str, Any]

SYSTEM: Final = "urn:skinscore"  # what our own codes and identifiers begin with
SNOMED: Final = "http://snomed.info/sct"
SUBJECT: Final = re.compile(r"(Patient/[A-Za-z0-9\-.]{1,64}|urn:uuid:[0-9a-f-]{36})")
_ABSENT: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
_FACE: Final = ("73897004", "Skin of face")

# DICOM PS3.16 CID 4029. Of a glabella and of marionette lines it has only what lies around them.
SITES: Final[Mapping[ZoneKind, tuple[str, str]]] = MappingProxyType(
    {
        ZoneKind.FOREHEAD: ("68698007", "Skin of forehead"),
        ZoneKind.GLABELLA: ("68698007", "Skin of forehead"),
        ZoneKind.TEMPLE: ("16621002", "Skin of temporal region"),
        ZoneKind.CROWS_FEET: ("37671003", "Skin of lateral canthus"),
        ZoneKind.UNDER_EYE: ("40069000", "Skin of lower eyelid"),
        ZoneKind.NOSE: ("113179006", "Skin of nose"),
        ZoneKind.CHEEK: ("36141000", "Skin of cheek"),
        ZoneKind.NASOLABIAL: ("37108007", "Skin of nasolabial fold"),
        ZoneKind.LOWER_CHEEK: ("36141000", "Skin of cheek"),
        ZoneKind.MARIONETTE: ("110488009", "Skin of perioral region of face"),
        ZoneKind.UPPER_LIP: ("16251004", "Skin of upper lip"),
        ZoneKind.CHIN: ("23747009", "Skin of chin"),
    }
)


def bundle(
    assessment: Assessment,
    *,
    subject: str,
    confirmation: Confirmation | None,
    by_site: bool,
) -> Json:
    """Return the transaction bundle, ready for JSON.

    Args:
        subject: whose face it is, as the record system refers to it: ``Patient/ID``.
        confirmation: the clinician's word on these grades; its corrections replace the photo's.
        by_site: an Observation for every zone, with its ``bodySite``, which record systems index
            and a component cannot carry; otherwise one for every concern, zones as components.

    Raises:
        RequestRefused: ``bad_request``; the subject is no reference to a patient.
            ``document_invalid``; the confirmation is of another assessment.
    """
    if not SUBJECT.fullmatch(subject):
        raise RequestRefused(
            "bad_request",
            f"a subject of {len(subject)} characters that is no reference to a patient",
            "Patient/ID, or urn:uuid: and a UUID",
        )
    told = _Telling(assessment, subject, confirmation, corrections(assessment, confirmation))
    seen = list(told.observations(by_site=by_site))
    entries = [told.device(), *seen, told.report([entry["fullUrl"] for entry in seen])]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


class _Telling:
    """One assessment on its way into resources."""

    def __init__(
        self,
        assessment: Assessment,
        subject: str,
        confirmation: Confirmation | None,
        corrected: Corrections,
    ) -> None:
        self.assessment, self.confirmation, self.corrected = assessment, confirmation, corrected
        self.status = "preliminary" if confirmation is None else "final"
        at = assessment.created_at if confirmation is None else confirmation.confirmed_at
        self.shared: Json = {"subject": {"reference": subject}, "issued": at.isoformat()}
        if confirmation is not None:
            self.shared["performer"] = [{"display": confirmation.confirmed_by}]

    def device(self) -> Json:
        model = self.assessment.model
        identifier = {"system": f"{SYSTEM}:contract", "value": model.contract_digest}
        resource = {
            "resourceType": "Device",
            "identifier": [identifier],
            "status": "active",
            "deviceName": [{"name": model.name, "type": "model-name"}],
            "type": {"text": "Software that grades facial skin from photos"},
            "version": [{"type": {"text": "model"}, "value": model.version}],
            "note": [{"text": self.assessment.disclaimer}],
        }
        return _entry(resource, identifier)

    def report(self, results: list[str]) -> Json:
        identifier = {"system": f"{SYSTEM}:assessment", "value": self.assessment.id}
        codes = dict.fromkeys(code for photo in self.assessment.photos for code in photo.codes)
        said = [
            self.assessment.disclaimer,
            *(f"{wording.code_title(code)} ({code})." for code in codes),
        ]
        resource = {
            "resourceType": "DiagnosticReport",
            "identifier": [identifier],
            # Nothing was graded: there is no report of a face, only why there is none.
            "status": self.status if results else "cancelled",
            "code": {"text": "Grades of facial skin from photos, engine scale 0 to 4"},
            **self.shared,
            "result": [{"reference": result} for result in results],
            "conclusion": " ".join(said),
        }
        return _entry({name: value for name, value in resource.items() if value}, identifier)

    def observations(self, *, by_site: bool) -> Iterator[Json]:
        faces = {row.concern: row for row in self.assessment.face}
        for concern in CONCERNS:
            face = faces.get(concern)
            zones = [
                (record.zone, grade)
                for record in self.assessment.zones
                for grade in record.grades
                if grade.concern is concern
            ]
            if not by_site:
                if zones:
                    yield self._of_concern(concern, face, zones)
                continue
            if face is not None:
                yield self._of_place(concern, None, self._of_face(face))
            for zone, grade in zones:
                yield self._of_place(concern, zone, self._of_zone(zone, grade))

    def _of_concern(
        self, concern: Concern, face: FaceGrade | None, zones: list[tuple[Zone, ConcernGrade]]
    ) -> Json:
        """An Observation of the face, its zones as components."""
        components = [{"code": _site(zone), **self._of_zone(zone, grade)} for zone, grade in zones]
        whole = {} if face is None else self._of_face(face)
        return self._observation(concern, concern.value, {**whole, "component": components})

    def _of_place(self, concern: Concern, zone: Zone | None, told: Json) -> Json:
        """An Observation of one zone, or of the face."""
        place = "face" if zone is None else zone.value
        site = _concept(SNOMED, *_FACE, text="Face") if zone is None else _site(zone)
        return self._observation(concern, f"{concern}/{place}", {"bodySite": site, **told})

    def _observation(self, concern: Concern, name: str, told: Json) -> Json:
        identifier = {
            "system": f"{SYSTEM}:observation",
            "value": f"{self.assessment.id}/{name}",
        }
        model = self.assessment.model
        resource = {
            "resourceType": "Observation",
            "identifier": [identifier],
            "status": self.status,
            "category": [_concept(_CATEGORY, "imaging", "Imaging")],
            "code": _concept(
                f"{SYSTEM}:concern",
                concern.value,
                wording.CONCERN_NAMES[concern],
                text=f"{wording.CONCERN_NAMES[concern]}, grade 0 to 4 (engine scale of skinscore)",
            ),
            **self.shared,
            "note": [{"text": text} for text in self._notes()],
            "method": {"text": f"{model.name} {model.version}, from photos"},
            "device": {"reference": _url("contract", model.contract_digest)},
            "derivedFrom": [
                {
                    "type": "DocumentReference",
                    "identifier": {"system": f"{SYSTEM}:photo-sha256", "value": photo.sha256},
                }
                for photo in self.assessment.photos
            ],
            **told,
        }
        return _entry(resource, identifier)

    def _notes(self) -> Iterator[str]:
        yield self.assessment.disclaimer
        if self.assessment.gate is Gate.OFF:
            yield "Graded without limits on the quality of the photos."

    def _of_zone(self, zone: Zone, grade: ConcernGrade) -> Json:
        by_hand = self.corrected.get((zone, grade.concern))
        if by_hand is not None:
            return _graded(by_hand) | {
                "extension": [_extension("grade-of-photo", valueInteger=grade.grade)]
            }
        if grade.grade is None or grade.score is None or grade.likely_range is None:
            return {"dataAbsentReason": _why_not(grade.codes)}
        return _graded(grade.grade) | _doubt(grade.score, grade.likely_range)

    def _of_face(self, face: FaceGrade) -> Json:
        """The mean of the photo's grades says nothing any more once some were corrected."""
        corrected = any(concern is face.concern for _, concern in self.corrected)
        if face.grade is None or face.score is None or face.likely_range is None or corrected:
            return {"dataAbsentReason": _why_not(())}
        return _graded(face.grade) | _doubt(face.score, face.likely_range)


def _graded(grade: int) -> Json:
    word = wording.grade_name(grade)
    return {
        "valueInteger": grade,
        "interpretation": [_concept(f"{SYSTEM}:grade", str(grade), word, text=word)],
    }


def _doubt(score: float, likely: tuple[int, int]) -> Json:
    low, high = likely
    limits = {"low": {"value": low}, "high": {"value": high}}
    return {
        "extension": [
            _extension("score", valueDecimal=round(score, 2)),
            _extension("likely-range", valueRange=limits),
        ]
    }


def _why_not(codes: tuple[str, ...]) -> Json:
    reasons = [
        {"system": f"{SYSTEM}:code", "code": code, "display": wording.code_title(code)}
        for code in codes
    ]
    absent = {"system": _ABSENT, "code": "not-performed", "display": "Not Performed"}
    words = "; ".join(reason["display"] for reason in reasons)
    return {"coding": [absent, *reasons], "text": words or "No grade of the whole face"}


def _site(zone: Zone) -> Json:
    name = wording.zone_name(zone)
    code, display = SITES[zone.kind]
    own = {"system": f"{SYSTEM}:zone", "code": zone.value, "display": name}
    return {
        "coding": [own, {"system": SNOMED, "code": code, "display": display}],
        "text": name,
    }


def _concept(system: str, code: str, display: str, text: str | None = None) -> Json:
    coding = {"system": system, "code": code, "display": display}
    return {"coding": [coding]} if text is None else {"coding": [coding], "text": text}


def _extension(name: str, **value: object) -> Json:
    return {"url": f"{SYSTEM}:fhir:{name}", **value}


def _entry(resource: Json, identifier: Mapping[str, str]) -> Json:
    """A conditional update: the same identifier finds the same resource again."""
    kind, (system, value) = resource["resourceType"], identifier.values()
    return {
        "fullUrl": _url(system.removeprefix(f"{SYSTEM}:"), value),
        "resource": resource,
        "request": {"method": "PUT", "url": f"{kind}?identifier={system}|{value}"},
    }


def _url(*names: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, ':'.join((SYSTEM, *names)))}"
