"""The named, three-valued facts that rules speak of, gathered from one questionnaire.

A rule names a fact and the answers it listens to ("yes", or "yes" and "unknown"); nothing else
of the questionnaire reaches the rules. A fact about one place is answered per treatment zone.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from skinscore.domain.assessment import Assessment
from skinscore.domain.patient import (
    Answer,
    Isotretinoin,
    LocalAnswer,
    PatientProfile,
    Phototype,
    PigmentationType,
)
from skinscore.domain.zones import Zone
from skinscore.protocol.rulebook import Limits
from skinscore.protocol.vocabulary import Fact

Answers = Mapping[Fact, Answer]


def patient_facts(patient: PatientProfile, assessment: Assessment, limits: Limits) -> Answers:
    """Return every fact but the zone's own. A local answer counts as given anywhere."""
    safety = {name: getattr(patient.safety, name) for name in type(patient.safety).model_fields}
    found = {
        Fact(name): value.answer if isinstance(value, LocalAnswer) else value
        for name, value in safety.items()
    }
    history, examination = patient.history, patient.examination
    pigmentation = examination.pigmentation_type
    isotretinoin = history.isotretinoin
    return found | {
        Fact.AGE_UNDER_18: _under(patient.age_years, limits.adult_from_years),
        Fact.ISOTRETINOIN_CURRENT: _unless_unknown(isotretinoin.use, {"current"}),
        Fact.ISOTRETINOIN_STOPPED_RECENTLY: _stopped_recently(
            isotretinoin, patient.answered_on, limits.isotretinoin_months
        ),
        Fact.COLD_SORES: history.cold_sores,
        Fact.POST_INFLAMMATORY_HYPERPIGMENTATION: history.post_inflammatory_hyperpigmentation,
        Fact.FIRST_TREATMENT: history.first_treatment,
        Fact.REACTION_TO_LAST_TREATMENT: history.reaction_to_last_treatment,
        Fact.THIN_SKIN: examination.thin_skin,
        Fact.SCARS_FLATTEN_ON_STRETCHING: examination.scars_flatten_on_stretching,
        Fact.ICE_PICK_DOMINANT: examination.ice_pick_dominant,
        Fact.DEEP_BOXCAR: examination.deep_boxcar,
        Fact.TETHERED_ROLLING: examination.tethered_rolling,
        Fact.PIGMENTATION_UNDIAGNOSED: _yes(pigmentation is PigmentationType.UNKNOWN),
        Fact.PIGMENTATION_MELASMA: _unless_unknown(pigmentation, {PigmentationType.MELASMA}),
        Fact.PIGMENTATION_DERMAL: _unless_unknown(pigmentation, {PigmentationType.DERMAL}),
        Fact.HYPOPIGMENTATION: _unless_unknown(pigmentation, {PigmentationType.HYPOPIGMENTATION}),
        Fact.PHOTOTYPE_IV: _unless_unknown(patient.phototype, {Phototype.IV}),
        Fact.PHOTOTYPE_V_OR_VI: _unless_unknown(patient.phototype, {Phototype.V, Phototype.VI}),
        Fact.TONE_DARKER_THAN_STATED: _darker(patient.phototype, assessment, limits),
        Fact.DEVICE_KNOWN: _yes(patient.device != "unknown"),
        Fact.ZONE_NOT_SEEN_WELL: Answer.NO,
    }


def zone_facts(
    everywhere: Answers, patient: PatientProfile, zones: Iterable[Zone], *, seen_well: bool
) -> Answers:
    """Return the facts of one treatment zone that is graded by ``zones``.

    A local "yes" that names other zones is a "no" here; one that names none holds everywhere.
    """
    here = set(zones)
    local: dict[Fact, Answer] = {Fact.ZONE_NOT_SEEN_WELL: _yes(not seen_well)}
    for name in type(patient.safety).model_fields:
        value = getattr(patient.safety, name)
        if isinstance(value, LocalAnswer) and value.zones and here.isdisjoint(value.zones):
            local[Fact(name)] = Answer.NO
    return {**everywhere, **local}


def _yes(holds: bool) -> Answer:
    return Answer.YES if holds else Answer.NO


def _unless_unknown(value: str, yes: Iterable[str]) -> Answer:
    return Answer.UNKNOWN if value == "unknown" else _yes(value in set(yes))


def _under(age: int | str, years: int) -> Answer:
    return Answer.UNKNOWN if isinstance(age, str) else _yes(age < years)


def _stopped_recently(isotretinoin: Isotretinoin, today: date, months: int) -> Answer:
    if isotretinoin.use != "stopped":
        return _unless_unknown(isotretinoin.use, ())
    if isotretinoin.stopped_on is None:
        return Answer.UNKNOWN
    return _yes(_completed_months(isotretinoin.stopped_on, today) < months)


def _completed_months(start: date, end: date) -> int:
    """Return the whole months from ``start`` to ``end``; a shorter month's end completes none."""
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


def _darker(phototype: Phototype, assessment: Assessment, limits: Limits) -> Answer:
    light = phototype in {Phototype.I, Phototype.II, Phototype.III}
    tone = assessment.skin_tone
    return _yes(light and tone is not None and tone.ita_deg < limits.dark_tone_below_ita_deg)
