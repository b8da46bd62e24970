"""The named, three-valued facts that rules speak of, gathered from one questionnaire.

A rule names a fact and the answers it listens to ("yes", or "yes" and "unknown"); nothing else
of the questionnaire reaches the rules. A fact about one place is answered per treatment zone.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from skinscore.domain.assessment import Assessment
from skinscore.domain.document import Document
from skinscore.domain.patient import (
    Answer,
    DatedEvent,
    DeviceKind,
    Examination,
    History,
    LocalAnswer,
    PatientProfile,
    Phototype,
    PigmentationType,
    SafetyAnswers,
)
from skinscore.domain.patient import Timing as Events
from skinscore.domain.zones import Zone
from skinscore.protocol.dates import completed_months
from skinscore.protocol.rulebook import Rulebook
from skinscore.protocol.rules import Timing, Wait
from skinscore.protocol.vocabulary import Fact

Answers = Mapping[Fact, Answer]
RECENTLY = "_recently"  # a dated event's name and this make the name of its fact
_GROUPS: Final[Mapping[str, type[Document]]] = {
    "safety": SafetyAnswers,
    "history": History,
    "timing": Events,
    "examination": Examination,
}
_READ_FROM: Final = {  # facts that are not answers themselves
    Fact.AGE_UNDER_18: "age_years",
    Fact.AGE_18_TO_21: "age_years",
    Fact.PHOTOTYPE_IV: "phototype",
    Fact.PHOTOTYPE_V_OR_VI: "phototype",
    Fact.TONE_DARKER_THAN_STATED: "phototype",
    Fact.ISOTRETINOIN_CURRENT: "history.isotretinoin",
    Fact.ISOTRETINOIN_STOPPED_RECENTLY: "history.isotretinoin",
    Fact.PIGMENTATION_UNDIAGNOSED: "examination.pigmentation_type",
    Fact.PIGMENTATION_MELASMA: "examination.pigmentation_type",
    Fact.PIGMENTATION_DERMAL: "examination.pigmentation_type",
    Fact.HYPOPIGMENTATION: "examination.pigmentation_type",
    Fact.DEVICE_KNOWN: "device",
    Fact.DEVICE_PEN: "device",
    Fact.DEVICE_ROLLER: "device",
    Fact.DEVICE_HOME: "device",
    Fact.DEVICE_RADIOFREQUENCY: "device",
}


def patient_facts(
    patient: PatientProfile,
    assessment: Assessment,
    rules: Rulebook,
    waived: Collection[str] = (),
) -> Answers:
    """Return every fact but the zone's own. A local answer counts as given anywhere.

    Args:
        waived: ids of the timing rules that a named clinician waived; their answer is "no".
    """
    examination, limits, device = patient.examination, rules.limits, patient.device
    pigmentation, phototype = examination.pigmentation_type, patient.phototype
    kind = "unknown" if isinstance(device, str) else device.kind
    return _asked(patient) | {
        Fact.AGE_UNDER_18: _between(patient.age_years, 0, limits.adult_from_years.value),
        Fact.AGE_18_TO_21: _between(patient.age_years, 18, 22),
        Fact.ISOTRETINOIN_CURRENT: _unless_unknown(patient.history.isotretinoin.use, {"current"}),
        **{
            rule.fact: Answer.NO if rule.id in waived else _still_waits(rule, patient)
            for rule in rules.timing
        },
        # "None" beside pigmentation that is graded contradicts it, and names no type.
        Fact.PIGMENTATION_UNDIAGNOSED: _yes(
            pigmentation in {PigmentationType.UNKNOWN, PigmentationType.NONE}
        ),
        Fact.PIGMENTATION_MELASMA: _unless_unknown(pigmentation, {PigmentationType.MELASMA}),
        Fact.PIGMENTATION_DERMAL: _unless_unknown(pigmentation, {PigmentationType.DERMAL}),
        Fact.HYPOPIGMENTATION: _unless_unknown(pigmentation, {PigmentationType.HYPOPIGMENTATION}),
        Fact.PHOTOTYPE_IV: _unless_unknown(phototype, {Phototype.IV}),
        Fact.PHOTOTYPE_V_OR_VI: _unless_unknown(phototype, {Phototype.V, Phototype.VI}),
        Fact.TONE_DARKER_THAN_STATED: _darker(
            phototype, assessment, limits.dark_tone_below_ita_deg.value
        ),
        Fact.DEVICE_KNOWN: _yes(device != "unknown"),
        Fact.DEVICE_PEN: _unless_unknown(kind, {DeviceKind.PEN}),
        Fact.DEVICE_ROLLER: _unless_unknown(kind, {DeviceKind.ROLLER}),
        # An unknown device is held at the ceiling (M1); only a known one can be of these kinds.
        Fact.DEVICE_HOME: _yes(kind == DeviceKind.HOME),
        Fact.DEVICE_RADIOFREQUENCY: _yes(kind == DeviceKind.RADIOFREQUENCY),
        Fact.ZONE_NOT_SEEN_WELL: Answer.NO,
    }


def field_of(fact: Fact) -> str:
    """Return where in ``skinscore.patient/1`` the answer stands that decides ``fact``, dotted.

    Raises:
        ValueError: no answer decides it: the engine sets it from the photos.
    """
    if fact in _READ_FROM:
        return _READ_FROM[fact]
    name = fact.removesuffix(RECENTLY)
    for group, answers in _GROUPS.items():
        if name in answers.model_fields:
            return f"{group}.{name}"
    raise ValueError(f"no answer of the questionnaire decides {fact}")


def zone_facts(
    everywhere: Answers,
    local_answers: Mapping[str, LocalAnswer | DatedEvent],
    zones: Iterable[Zone],
    *,
    seen_well: bool,
) -> Answers:
    """Return the facts of one treatment zone that is graded by ``zones``.

    A local "yes" that names other zones is a "no" here; one that names none holds everywhere.
    """
    here = set(zones)
    local: dict[Fact, Answer] = {Fact.ZONE_NOT_SEEN_WELL: _yes(not seen_well)}
    for name, value in local_answers.items():
        if value.zones and here.isdisjoint(value.zones):
            local[_fact(name, value)] = Answer.NO
    return {**everywhere, **local}


def waited_days(rule: Timing, patient: PatientProfile) -> int | None:
    """Return the days since the event of ``rule``; None when its day is not known."""
    day = _last_day(rule, patient)
    return None if day is None else (patient.answered_on - day).days


def _asked(patient: PatientProfile) -> dict[Fact, Answer]:
    """Return the facts that are answers of the questionnaire, under the same name."""
    found = {}
    for group in (patient.safety, patient.history, patient.examination):
        for name, value in group:
            if isinstance(value, LocalAnswer):
                found[Fact(name)] = value.answer
            elif isinstance(value, Answer):
                found[Fact(name)] = value
    return found


def _fact(name: str, value: LocalAnswer | DatedEvent) -> Fact:
    return Fact(name + RECENTLY if isinstance(value, DatedEvent) else name)


def _still_waits(rule: Timing, patient: PatientProfile) -> Answer:
    answer = _happened(rule, patient)
    if answer is not Answer.YES:
        return answer
    day = _last_day(rule, patient)
    return Answer.UNKNOWN if day is None else _yes(_waits(day, patient.answered_on, rule.wait))


def _happened(rule: Timing, patient: PatientProfile) -> Answer:
    if rule.fact is Fact.ISOTRETINOIN_STOPPED_RECENTLY:
        return _unless_unknown(patient.history.isotretinoin.use, {"stopped"})
    return patient.events[rule.fact.removesuffix(RECENTLY)].answer


def _last_day(rule: Timing, patient: PatientProfile) -> date | None:
    if rule.fact is Fact.ISOTRETINOIN_STOPPED_RECENTLY:
        return patient.history.isotretinoin.stopped_on
    return patient.events[rule.fact.removesuffix(RECENTLY)].last_on


def _waits(start: date, today: date, wait: Wait) -> bool:
    if wait.days is not None:
        return today - start < timedelta(days=wait.days)
    assert wait.months is not None  # one of the two is given
    return completed_months(start, today) < wait.months


def _yes(holds: bool) -> Answer:
    return Answer.YES if holds else Answer.NO


def _unless_unknown(value: str, yes: Iterable[str]) -> Answer:
    return Answer.UNKNOWN if value == "unknown" else _yes(value in set(yes))


def _between(age: int | str, least: float, below: float) -> Answer:
    return Answer.UNKNOWN if isinstance(age, str) else _yes(least <= age < below)


def _darker(phototype: Phototype, assessment: Assessment, below_ita_deg: float) -> Answer:
    light = phototype in {Phototype.I, Phototype.II, Phototype.III}
    tone = assessment.skin_tone
    return _yes(light and tone is not None and tone.ita_deg < below_ita_deg)
