"""What the page's form asks: the questionnaire in the rulebook's words, and the grades to confirm.

A field is called by the place of its answer in ``skinscore.patient/1``, dotted; one box per zone
carries the name of the zones that an answer is limited to.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, get_args

from skinscore.domain.assessment import Assessment, ConcernGrade
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.document import Document
from skinscore.domain.patient import (
    Answer,
    DatedEvent,
    DeviceKind,
    DeviceProfile,
    Examination,
    HandGrades,
    History,
    Isotretinoin,
    LocalAnswer,
    PatientProfile,
    Phototype,
    PigmentationType,
    SafetyAnswers,
    Timing,
)
from skinscore.domain.zones import Zone
from skinscore.protocol.questionnaire import questions
from skinscore.protocol.rulebook import Rulebook
from skinscore.report.wording import zone_places

ASSESSMENT: Final = "assessment"
RULEBOOK: Final = "rulebook"  # digest of the rules that worded the form
ANSWERED_ON: Final = "answered_on"
REFERENCE: Final = "subject"
AGE: Final = "age_years"
UNLABELLED: Final = "device.unlabelled"  # a box: the label states no largest depth
TICKED: Final = "yes"
CONFIRMED: Final = "confirmed"  # a box: it is sent when it is ticked
CONFIRMED_BY: Final = "confirmed_by"
START: Final = "start"
ZONES: Final = ".zones"
UNKNOWN: Final = "unknown"

GROUPS: Final[Mapping[str, tuple[str, type[Document]]]] = {
    "safety": ("Safety", SafetyAnswers),
    "history": ("History", History),
    "timing": ("What needs a waiting time", Timing),
    "examination": ("What you see and feel", Examination),
}
CHOICES: Final[Mapping[str, str]] = {
    Answer.YES: "Yes",
    Answer.NO: "No",
    UNKNOWN: "Not known",
    "never": "Never",
    "current": "Taken now",
    "stopped": "Stopped",
    Phototype.I: "I, always burns, never tans",
    Phototype.II: "II",
    Phototype.III: "III",
    Phototype.IV: "IV",
    Phototype.V: "V",
    Phototype.VI: "VI, never burns, tans darkly",
    PigmentationType.FRECKLES_OR_LENTIGINES: "Freckles or lentigines",
    PigmentationType.POST_INFLAMMATORY: "Post-inflammatory",
    PigmentationType.MELASMA: "Melasma",
    PigmentationType.DERMAL: "Dermal (grey-blue)",
    PigmentationType.HYPOPIGMENTATION: "Light patches",
    PigmentationType.NONE: "None",
    DeviceKind.PEN: "Pen of a practice",
    DeviceKind.ROLLER: "Roller of a practice",
    DeviceKind.HOME: "Device for home use",
    DeviceKind.RADIOFREQUENCY: "Radiofrequency device",
}

DEVICE_KINDS: Final = (UNKNOWN, *DeviceKind)
NECK: Final = {concern: f"examination.neck.{concern}" for concern in CONCERNS}
DEVICE: Final = {name: f"device.{name}" for name in DeviceProfile.model_fields}


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the form."""

    field: str
    words: str
    choices: tuple[str, ...]
    day: str | None = None  # field of the day that belongs to the answer
    day_words: str = "last on"
    zones: str | None = None  # field of the zones that a yes may be limited to


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that stand together."""

    title: str
    questions: tuple[Question, ...]


def told(rules: Rulebook, patient: PatientProfile) -> tuple[tuple[str, str], ...]:
    """Return every question with its answer in words, to be read before anybody acts on them."""
    content = patient.model_dump(mode="json", by_alias=True)
    rows = [("Age in years?", CHOICES.get(str(patient.age_years), str(patient.age_years)))]
    for question in (question for group in groups(rules) for question in group.questions):
        said = CHOICES[_at(content, question.field)]
        if question.day is not None and (day := _at(content, question.day)):
            said += f", {question.day_words} {day}"
        if question.zones is not None and (zones := _at(content, question.zones)):
            said += f", only: {', '.join(zone_places([Zone(zone) for zone in zones]))}"
        rows.append((question.words, said))
    return tuple(rows)


def groups(rules: Rulebook) -> tuple[Group, ...]:
    """Return what the form asks, in the order of the questionnaire and the words of ``rules``."""
    words = questions(rules)
    patient = Question("phototype", words["phototype"], tuple(Phototype))
    return (
        Group("Patient", (patient,)),
        *(
            Group(title, tuple(_questions(name, kind, words)))
            for name, (title, kind) in GROUPS.items()
        ),
    )


def grade_field(zone: Zone, concern: Concern) -> str:
    """Return the name of the field that holds the clinician's grade of one zone."""
    return f"grade.{zone}.{concern}"


def graded(assessment: Assessment) -> Iterator[tuple[Zone, ConcernGrade]]:
    """Yield every grade that a clinician can confirm or correct."""
    for record in assessment.zones:
        for grade in record.grades:
            if grade.assessable:
                yield record.zone, grade


def _questions(group: str, kind: type[Document], words: Mapping[str, str]) -> Iterator[Question]:
    for name, info in kind.model_fields.items():
        place, form = f"{group}.{name}", info.annotation
        if form is Answer:
            yield Question(place, words[place], tuple(Answer))
        elif form is LocalAnswer:
            yield Question(f"{place}.answer", words[place], tuple(Answer), zones=f"{place}.zones")
        elif form is DatedEvent:
            day, zones = f"{place}.last_on", f"{place}.zones"
            yield Question(f"{place}.answer", words[place], tuple(Answer), day, zones=zones)
        elif form is Isotretinoin:
            uses = get_args(Isotretinoin.model_fields["use"].annotation)
            day = f"{place}.stopped_on"
            yield Question(f"{place}.use", words[place], uses, day, "stopped on")
        elif isinstance(form, type) and issubclass(form, StrEnum):
            yield Question(place, words[place], tuple(form))
        elif form != HandGrades | None:  # the neck has a table of its own
            raise AssertionError(f"{place} has no control for {form}")


def _at(content: Any, place: str) -> Any:
    for name in place.split("."):
        content = content[name]
    return content
