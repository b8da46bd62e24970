"""An assessment for a clinic's record system: HL7 FHIR R4 resources in one transaction bundle.

One Device (the model), one Observation per concern or per concern and zone, one DiagnosticReport.
Everything is ``preliminary`` until a clinician's confirmation comes along, and ``final`` then.
Every entry has an identifier made from the assessment's id: what is preliminary is created only
where nothing of that identifier is yet, so that it never undoes a confirmation; what is final
replaces it.

Body sites are SNOMED CT codes of DICOM's context group 4029 (Dermatology Anatomic Site), which
has none for two of our zones and no sides; zones, concerns and grades have codes of their own, for
no standard code of such grades is known to this project. When a photo was taken is not known here,
so no ``effective`` time is told.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from types import MappingProxyType
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from skinscore.domain.assessment import Assessment, ConcernGrade, FaceGrade, Gate, Outcome
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.suggestion import Confirmation
from skinscore.domain.zones import Side, Zone, ZoneKind
from skinscore.errors import RequestRefused
from skinscore.protocol.reading import Corrections, corrections
from skinscore.report import wording

Json = dict[str, Any]

SYSTEM: Final = "urn:skinscore"  # what our own codes and identifiers begin with
SNOMED: Final = "http://snomed.info/sct"
SUBJECT: Final = re.compile(r"Patient/[A-Za-z0-9\-.]{1,64}")
_ABSENT: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
_FACE: Final = {
    "coding": [{"system": SNOMED, "code": "73897004", "display": "Skin of face"}],
    "text": "Face",
}

# DICOM PS3.16 CID 4029. Of a glabella and of marionette lines it has only what lies around them.
BODY_SITES: Final[Mapping[ZoneKind, tuple[str, str]]] = MappingProxyType(
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
_LATERALITY: Final = MappingProxyType(  # DICOM CID 244
    {Side.LEFT: ("7771000", "Left"), Side.RIGHT: ("24028007", "Right")}
)
_GATE_NOTES: Final = MappingProxyType(
    {
        Gate.WARN: "Photos below the limits of quality were graded too; see the codes of a grade.",
        Gate.OFF: "Graded without limits on the quality of the photos.",
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
        RequestRefused: ``usage``; the subject is no reference to a patient.
            ``document_invalid``; the confirmation is of another assessment, or the assessment's
            moment has no time zone.
    """
    if not SUBJECT.fullmatch(subject):
        raise RequestRefused(
            "usage",
            f"a subject of {len(subject)} characters that is no reference to a patient",
            "Patient/ID, as the record system has it",
        )
    if assessment.created_at.tzinfo is None:
        raise RequestRefused(
            "document_invalid",
            "created_at has no time zone",
            "a moment with its zone, as skinscore writes it",
        )
    told = _Telling(assessment, subject, confirmation, corrections(assessment, confirmation))
    seen = list(told.observations(by_site=by_site))
    device = [told.device()] if seen else []
    report = told.report([entry["fullUrl"] for entry in seen])
    return {"resourceType": "Bundle", "type": "transaction", "entry": [*device, *seen, report]}


class _Telling:
    """One assessment on its way into resources."""

    def __init__(
        self,
        assessment: Assessment,
        subject: str,
        confirmation: Confirmation | None,
        corrected: Corrections,
    ) -> None:
        self.assessment = assessment
        self.confirmed = confirmation is not None
        self.corrected = {
            (record.zone, grade.concern): corrected[record.zone, grade.concern]
            for record in assessment.zones
            for grade in record.grades
            if corrected.get((record.zone, grade.concern), grade.grade) != grade.grade
        }
        self.status = "final" if self.confirmed else "preliminary"
        at = assessment.created_at if confirmation is None else confirmation.confirmed_at
        self.shared: Json = {
            "subject": {"reference": subject},
            "issued": at.astimezone(UTC).isoformat(),
        }
        if confirmation is not None:
            self.shared["performer"] = [{"display": confirmation.confirmed_by}]
        self.graded_photos = [
            place
            for place, photo in enumerate(assessment.photos)
            if photo.outcome is Outcome.GRADED
        ]

    def device(self) -> Json:
        """The model: the same for all its assessments, so it is made once and never changed."""
        model = self.assessment.model
        resource = {
            "resourceType": "Device",
            "status": "active",
            "deviceName": [{"name": model.name, "type": "model-name"}],
            "type": {"text": "Software that grades facial skin from photos"},
            "version": [{"type": {"text": "model"}, "value": model.version}],
            "note": [{"text": self.assessment.disclaimer}],
        }
        return _entry(resource, "contract", model.contract_digest, replaces=False)

    def report(self, results: list[str]) -> Json:
        resource = {
            "resourceType": "DiagnosticReport",
            # Nothing was graded: there is no report of a face, only why there is none.
            "status": self.status if results else "cancelled",
            "code": {"text": "Grades of facial skin from photos, engine scale 0 to 4"},
            **self.shared,
            "conclusion": " ".join(self._conclusion()),
        }
        if results:
            resource["result"] = [{"reference": result} for result in results]
        entry = _entry(resource, "assessment", self.assessment.id, replaces=self.confirmed)
        # The id says which photos, the digest what was seen in them and confirmed.
        digest = {"system": f"{SYSTEM}:assessment-sha256", "value": self.assessment.digest}
        entry["resource"]["identifier"].append(digest)
        return entry

    def _conclusion(self) -> Iterator[str]:
        yield self.assessment.disclaimer
        several = len(self.assessment.photos) > 1
        for number, photo in enumerate(self.assessment.photos, start=1):
            for code in photo.codes:
                which = f"Photo {number}: " if several else ""
                yield f"{which}{wording.code_title(code)} ({code})."

    def observations(self, *, by_site: bool) -> Iterator[Json]:
        faces = {row.concern: row for row in self.assessment.face}
        for concern in CONCERNS:
            face = faces.get(concern)
            zones = [
                (record.zone, record.photo, grade)
                for record in self.assessment.zones
                for grade in record.grades
                if grade.concern is concern
            ]
            whole = {} if face is None else {"bodySite": _FACE, **self._of_face(face)}
            if by_site:
                if whole:
                    yield self._observation(concern, "face", self.graded_photos, whole)
                for zone, photo, grade in zones:
                    told = {"bodySite": _site(zone), **self._of_zone(zone, grade)}
                    photos = () if photo is None else (photo,)
                    yield self._observation(concern, zone.value, photos, told)
            elif zones:
                parts = [
                    {"code": _site(zone), **self._of_zone(zone, grade)} for zone, _, grade in zones
                ]
                told = {**whole, "component": parts}
                yield self._observation(concern, "face", self.graded_photos, told)

    def _observation(self, concern: Concern, place: str, photos: Iterable[int], told: Json) -> Json:
        """An Observation of a place on the face, seen in ``photos`` (places in the assessment)."""
        model, name = self.assessment.model, wording.CONCERN_NAMES[concern]
        seen = dict.fromkeys(self.assessment.photos[photo].sha256 for photo in photos)
        resource = {
            "resourceType": "Observation",
            "status": self.status,
            "category": [_concept(_CATEGORY, "imaging", "Imaging")],
            "code": _concept(
                f"{SYSTEM}:concern",
                concern.value,
                name,
                text=f"{name}, grade 0 to 4 (engine scale of skinscore)",
            ),
            **self.shared,
            "note": [{"text": text} for text in self._notes()],
            "method": {"text": f"{model.name} {model.version}, from photos"},
            "device": {"reference": _url("contract", model.contract_digest)},
            **told,
        }
        if seen:
            resource["derivedFrom"] = [
                {
                    "type": "DocumentReference",
                    "identifier": {"system": f"{SYSTEM}:photo-sha256", "value": sha256},
                }
                for sha256 in seen
            ]
        value = f"{self.assessment.id}/{concern}/{place}"
        return _entry(resource, "observation", value, replaces=self.confirmed)

    def _notes(self) -> Iterator[str]:
        yield self.assessment.disclaimer
        if self.assessment.gate in _GATE_NOTES:
            yield _GATE_NOTES[self.assessment.gate]

    def _of_zone(self, zone: Zone, grade: ConcernGrade) -> Json:
        if grade.grade is None or grade.score is None or grade.likely_range is None:
            return {"dataAbsentReason": _not_performed(grade.codes)}
        warnings = [_extension("code", valueCoding=coding) for coding in _codings(grade.codes)]
        by_hand = self.corrected.get((zone, grade.concern))
        if by_hand is not None:
            photos = _extension("grade-of-photo", valueInteger=grade.grade)
            return _graded(by_hand) | {"extension": [photos, *warnings]}
        doubt = _doubt(grade.score, grade.likely_range)
        return _graded(grade.grade) | {"extension": [*doubt, *warnings]}

    def _of_face(self, face: FaceGrade) -> Json:
        """The photo's grade of the whole face, unless grades that it was made of were corrected."""
        if face.grade is None or face.score is None or face.likely_range is None:
            return {"dataAbsentReason": _not_performed(())}
        if any(concern is face.concern for _, concern in self.corrected):
            return {
                "dataAbsentReason": _concept(
                    f"{SYSTEM}:absent",
                    "superseded",
                    "Superseded",
                    text="Grades that it was made of were corrected by the clinician",
                ),
                "extension": [_extension("grade-of-photo", valueInteger=face.grade)],
            }
        return _graded(face.grade) | {"extension": _doubt(face.score, face.likely_range)}


def _graded(grade: int) -> Json:
    word = wording.grade_name(grade)
    return {
        "valueInteger": grade,
        "interpretation": [_concept(f"{SYSTEM}:grade", str(grade), word, text=word)],
    }


def _doubt(score: float, likely: tuple[int, int]) -> list[Json]:
    low, high = likely
    return [
        _extension("score", valueDecimal=round(score, 2)),
        _extension("likely-range", valueRange={"low": {"value": low}, "high": {"value": high}}),
    ]


def _not_performed(codes: tuple[str, ...]) -> Json:
    absent = {"system": _ABSENT, "code": "not-performed", "display": "Not Performed"}
    reasons = _codings(codes)
    words = "; ".join(reason["display"] for reason in reasons)
    return {"coding": [absent, *reasons], "text": words or "Too little of the face was graded"}


def _codings(codes: Iterable[str]) -> list[Json]:
    return [
        {"system": f"{SYSTEM}:code", "code": code, "display": wording.code_title(code)}
        for code in codes
    ]


def _site(zone: Zone) -> Json:
    name = wording.zone_name(zone)
    code, display = BODY_SITES[zone.kind]
    own = {"system": f"{SYSTEM}:zone", "code": zone.value, "display": name}
    site: Json = {
        "coding": [own, {"system": SNOMED, "code": code, "display": display}],
        "text": name,
    }
    if zone.side in _LATERALITY:
        side, word = _LATERALITY[zone.side]
        coding = {"system": SNOMED, "code": side, "display": word}
        site["extension"] = [_extension("laterality", valueCoding=coding)]
    return site


def _concept(system: str, code: str, display: str, text: str | None = None) -> Json:
    coding = {"system": system, "code": code, "display": display}
    return {"coding": [coding]} if text is None else {"coding": [coding], "text": text}


def _extension(name: str, **value: object) -> Json:
    return {"url": f"{SYSTEM}:fhir:{name}", **value}


def _entry(resource: Json, name: str, value: str, *, replaces: bool) -> Json:
    """An entry that replaces the resource of its identifier, or leaves one that is there alone."""
    kind, system = resource["resourceType"], f"{SYSTEM}:{name}"
    found = f"identifier={system}|{value}"
    return {
        "fullUrl": _url(name, value),
        "resource": {
            "resourceType": kind,
            "identifier": [{"system": system, "value": value}],
            **resource,
        },
        "request": {"method": "PUT", "url": f"{kind}?{found}"}
        if replaces
        else {"method": "POST", "url": kind, "ifNoneExist": found},
    }


def _url(name: str, value: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{SYSTEM}:{name}:{value}')}"
