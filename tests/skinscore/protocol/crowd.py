"""A crowd of random patients with their photos, and the laws that hold for each of them.

The laws are written from the questionnaire and the photo themselves, with thresholds of their own:
they ask nothing of the engine that they watch over.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any, Final

from skinscore.domain.assessment import Assessment, Gate, SkinTone
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.override import DepthOverride, Overrides
from skinscore.domain.patient import PatientProfile
from skinscore.domain.suggestion import Confirmation, Status, Suggestion, ZoneSuggestion
from skinscore.domain.zones import ZONES, TreatmentZone, Zone
from skinscore.errors import RequestRefused
from skinscore.protocol import explain, suggest
from skinscore.protocol.rulebook import load
from tests.skinscore.factories import make_assessment, make_grade, make_ungraded, make_zone_record
from tests.skinscore.protocol.patients import CLEAR, GROUPS, NEVER, NOWHERE, SKINPEN

TODAY: Final = date(2026, 3, 2)
# Default and override caps in mm as the reference states them; a second hand holds them here.
CAPS: Final = {
    "forehead": (1.0, 1.5),
    "glabella": (1.0, 1.5),
    "temple": (0.75, 1.0),
    "crows_feet": (0.75, 1.0),
    "nose_bridge": (0.5, 1.0),
    "nose_lower": (0.75, 1.0),
    "cheek_malar": (1.5, 2.0),
    "cheek_lateral": (1.5, 2.0),
    "nasolabial": (1.0, 1.5),
    "upper_lip": (0.75, 1.0),
    "chin": (1.0, 1.5),
    "jawline": (1.0, 1.5),
    "neck": (0.75, 1.5),
}
# The fewest days that each wait can last; a month has 28 to 31.
WAITS: Final = {
    "topical_retinoid_or_acid": 5,
    "dermal_filler": 181,
    "botulinum_toxin": 14,
    "facial_surgery": 365,
    "deep_resurfacing": 89,
    "superficial_peel": 28,
    "sun_or_tan": 14,
    "active_acne_lesion": 181,
    "other_scar": 365,
}
PHOTOTYPES: Final = ("I", "II", "III", "IV", "V", "VI", "unknown")
KNOWN_IDS: Final = frozenset(rule.id for rule in load().rules)
WITHHOLDING: Final = frozenset(code.value for code in load().withholding)


@dataclass(frozen=True)
class Person:
    """One patient with one assessment, as it was drawn."""

    changes: dict[str, Any]  # of the clear questionnaire
    assessment: Assessment
    confirmation: Confirmation | None

    @cached_property
    def patient(self) -> PatientProfile:
        groups = {name: dict(CLEAR[name]) for name in GROUPS}
        document = {**CLEAR, **groups}
        for name, value in self.changes.items():
            next((g for g in groups.values() if name in g), document)[name] = value
        return PatientProfile.model_validate_json(json.dumps(document))

    def suggested(self) -> Suggestion:
        return suggest(self.assessment, self.patient, self.confirmation)

    def but(self, **changes: Any) -> "Person":
        """Return the same person with other answers."""
        return replace(self, changes=self.changes | changes)


def draw(random: Random) -> Person:
    """Return one random person; about half have nothing that blocks."""
    assessment = _assessment(random)
    confirmation = None
    if random.random() < 0.96:
        confirmation = Confirmation(
            schema="skinscore.confirmation/1",
            assessment=assessment.id,
            confirmed_by="dermatologist",
            confirmed_at=datetime(2026, 3, 2, 10, tzinfo=UTC),
            grades=(),
        )
    return Person(_answers(random), assessment, confirmation)


def obey(person: Person) -> Suggestion:
    """Assert every law for one person; return the suggestion."""
    made, who = person.suggested(), person.patient
    for zone in made.zones:
        _ids_exist(zone, made)
        if zone.depth_range_mm is None:
            assert zone.override_cap_mm is None
            assert zone.start_at_mm is None
            assert zone.status is not Status.SUGGESTED
            continue
        _within_limits(zone, who)
        _darker_skin_is_shallower(zone, who)
        assert person.confirmation is not None, "a depth without a confirmation"
        assert (TODAY - who.answered_on).days <= 27, "a depth from an old questionnaire"
        assert not any(row.stops_all for row in made.referrals), "a depth beside a stop-all"
        assert not any(_blockers(who, zone)), list(_blockers(who, zone))
        _seen_and_graded(zone, person.assessment)
    return made


def more_cautious(random: Random, person: Person) -> Person:
    """Return the same person with one more reason for caution."""
    turn = random.randrange(4)
    if turn == 0:
        place = PHOTOTYPES.index(person.changes["phototype"])
        return person.but(phototype=random.choice(PHOTOTYPES[place:]))
    if turn == 1:
        younger = person.changes["age_years"]
        return person.but(age_years=younger if younger == "unknown" else random.randint(0, younger))
    # From "no" only: a "yes" that becomes "unknown" says less, and takes its referral back.
    name = random.choice(CAUTIONS if turn == 2 else BLOCKERS)
    return person.but(**{name: random.choice(("yes", "unknown"))}) if _no(person, name) else person


def numbers(zone: ZoneSuggestion) -> tuple[float, ...]:
    """Everything that caution may only lower; nothing is the lowest of all."""
    if zone.depth_range_mm is None:
        return (0, 0, 0, 0, 0, 0)
    low, high = zone.depth_range_mm
    assert zone.sessions is not None
    assert zone.override_cap_mm is not None
    start = zone.start_at_mm if zone.start_at_mm is not None else high
    return (low, high, start, zone.override_cap_mm, *zone.sessions)


def nowhere_deeper(cautious: Suggestion, bold: Suggestion) -> None:
    """Assert that no number of ``cautious`` exceeds its counterpart and no referral is lost."""
    for less, more in zip(cautious.zones, bold.zones, strict=True):
        assert all(a <= b for a, b in zip(numbers(less), numbers(more), strict=True)), (less, more)
        assert set(more.referrals) <= set(less.referrals), (less, more)


def overridden(random: Random, person: Person, made: Suggestion) -> None:
    """Log a random depth for a random zone: it stands within every limit, or is refused."""
    zone = random.choice(made.zones)
    depth = random.choice((0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0))
    word = Overrides(
        schema="skinscore.overrides/1",
        assessment=person.assessment.id,
        decided_by="Dr A. Example",
        decided_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        depths=(
            DepthOverride(
                zone=zone.zone, side=zone.side, depth_mm=depth, reason="a reason of some length"
            ),
        ),
        waits=(),
    )
    who = person.patient
    try:
        after = suggest(person.assessment, who, person.confirmation, overrides=word)
    except RequestRefused as refusal:
        if refusal.code != "override_refused":
            raise
        return
    found = next(row for row in after.zones if (row.zone, row.side) == (zone.zone, zone.side))
    assert zone.status is Status.SUGGESTED
    assert found.depth_range_mm == zone.depth_range_mm
    assert found.override is not None
    assert found.override.depth_mm == depth <= min(CAPS[zone.zone][1], _device_maximum(who), 2.0)
    assert found.override.reason
    assert [step.rule_id for step in found.rules].count("M10") == 1
    assert found.interval_weeks is not None
    assert found.interval_weeks[0] >= (6 if depth >= 1.5 else 4)
    explain(after)


# ---- the laws, each from the raw answers ---------------------------------------------------------

BLOCKERS: Final = tuple(name for name, value in CLEAR["safety"].items() if value == "no")
LOCAL: Final = tuple(name for name, value in CLEAR["safety"].items() if value != "no")
CAUTIONS: Final = (
    "cold_sores",
    "post_inflammatory_hyperpigmentation",
    "first_treatment",
    "thin_skin",
    "ice_pick_dominant",
    "deep_boxcar",
    "tethered_rolling",
    "laxity_or_folds",
    "redness_or_vessels",
    "advanced_photoageing",
    "condition_for_physician_note",
)


def _within_limits(zone: ZoneSuggestion, who: PatientProfile) -> None:
    assert zone.zone is not TreatmentZone.LOWER_EYELID
    assert zone.depth_range_mm is not None
    assert zone.override_cap_mm is not None
    (low, high), (cap, override) = zone.depth_range_mm, CAPS[zone.zone]
    assert 0.25 <= low <= high <= min(cap, 1.5)
    assert high <= zone.override_cap_mm <= min(override, 2.0)
    assert all(value % 0.25 == 0 for value in (low, high, zone.override_cap_mm))
    limit = _device_maximum(who)
    assert zone.override_cap_mm <= limit
    if not isinstance(who.device, str) and who.device.step_mm == 0.5:
        assert low % 0.5 == high % 0.5 == zone.override_cap_mm % 0.5 == 0
    if any(zone.concerns[CONCERNS.index(Concern.PIGMENTATION)].considered):
        assert high <= 0.5
        assert zone.override_cap_mm <= 0.5


def _darker_skin_is_shallower(zone: ZoneSuggestion, who: PatientProfile) -> None:
    assert zone.depth_range_mm is not None
    assert zone.interval_weeks is not None
    low, high = zone.depth_range_mm
    dark = who.phototype in {"V", "VI", "unknown"}
    if who.phototype in {"IV", "V", "VI", "unknown"}:
        assert zone.start_at_mm == low
    if dark:
        assert zone.test_spot
        assert zone.interval_weeks[0] >= 6
        if any(zone.concerns[CONCERNS.index(Concern.PIGMENTATION)].considered):
            assert high == 0.25
    if high >= 1.5 or who.history.post_inflammatory_hyperpigmentation != "no":
        assert zone.interval_weeks[0] >= 6
    assert zone.interval_weeks[0] >= 4


def _blockers(who: PatientProfile, zone: ZoneSuggestion) -> Iterator[str]:
    """Yield everything in the answers that forbids a depth in this zone."""
    here = set(zone.graded_zones)
    if who.age_years == "unknown" or int(who.age_years) < 18:
        yield "age"
    for name in BLOCKERS:
        if getattr(who.safety, name) != "no":
            yield name
    for name in (*LOCAL, "earlier_skin_cancer"):
        local = getattr(who.history if name == "earlier_skin_cancer" else who.safety, name)
        if local.answer == "unknown" or (local.answer == "yes" and _touches(local.zones, here)):
            yield name
    scarred = any(zone.concerns[CONCERNS.index(Concern.ACNE_SCARRING)].considered)
    for name, least in WAITS.items():
        event = who.events[name]
        if name == "active_acne_lesion" and not scarred:
            continue
        if event.answer == "no" or (event.answer == "yes" and not _touches(event.zones, here)):
            continue
        if event.last_on is None or (who.answered_on - event.last_on).days < least:
            yield name
    isotretinoin = who.history.isotretinoin
    if isotretinoin.use in {"current", "unknown"}:
        yield "isotretinoin"
    if isotretinoin.use == "stopped" and (
        isotretinoin.stopped_on is None or (who.answered_on - isotretinoin.stopped_on).days < 181
    ):
        yield "isotretinoin stopped"
    if who.history.reaction_to_last_treatment != "no":
        yield "reaction"
    if scarred and who.examination.ice_pick_dominant != "no":
        yield "ice-pick"
    wrinkled = any(zone.concerns[CONCERNS.index(Concern.WRINKLES)].considered)
    photoaged = who.examination.advanced_photoageing
    if photoaged == "yes" or (wrinkled and photoaged != "no"):
        yield "photoageing"
    if who.examination.pigmentation_type in {"dermal", "hypopigmentation"}:
        pigmented = any(zone.concerns[CONCERNS.index(Concern.PIGMENTATION)].considered)
        if pigmented or who.examination.pigmentation_type == "hypopigmentation":
            yield "pigmentation type"
    if not isinstance(who.device, str) and who.device.kind in {"home", "radiofrequency"}:
        yield "device"


def _touches(named: tuple[Zone, ...], here: set[Zone]) -> bool:
    return not named or not here or bool(here & set(named))  # the neck (nowhere) fears every place


def _seen_and_graded(zone: ZoneSuggestion, assessment: Assessment) -> None:
    shown = {record.zone: record for record in assessment.zones}
    assert assessment.gate is not Gate.OFF or not zone.graded_zones
    for part in zone.graded_zones:
        for grade in shown[part].grades:
            assert grade.assessable, "a depth on a grade that is not assessable"
            assert not grade.codes, "a depth on a grade with a quality code"


def _ids_exist(zone: ZoneSuggestion, made: Suggestion) -> None:
    assert {step.rule_id for step in zone.rules} <= KNOWN_IDS
    assert set(zone.referrals) <= KNOWN_IDS
    assert set(zone.advice) <= KNOWN_IDS
    assert {reason.code for reason in zone.reasons} <= KNOWN_IDS | WITHHOLDING
    assert {row.id for row in made.open_questions} <= KNOWN_IDS
    assert {row.code for row in made.blocks} <= KNOWN_IDS


def _device_maximum(who: PatientProfile) -> float:
    if isinstance(who.device, str):
        return 1.5
    return min(who.device.maximum_mm, who.device.labelled_maximum_mm or 9)


def _no(person: Person, name: str) -> bool:
    return bool(person.changes.get(name, "no") == "no")


# ---- drawing -------------------------------------------------------------------------------------


def _assessment(random: Random) -> Assessment:
    whole = random.random() < 0.02
    zones = ZONES if whole else (random.choice(ZONES),)
    records = [
        make_zone_record(zone, {concern: _grade(random, concern) for concern in CONCERNS})
        for zone in zones
    ]
    gate = Gate.OFF if random.random() < 0.01 else Gate.STRICT
    ita_deg = random.choice((None, 50.0, 20.0, -40.0))
    tone = None if ita_deg is None else SkinTone(ita_deg=ita_deg, ita_range_deg=(ita_deg, ita_deg))
    return make_assessment(zones=records, face=None if whole else {}, gate=gate, skin_tone=tone)


def _grade(random: Random, concern: Concern) -> Any:
    turn = random.random()
    if turn < 0.01:
        return make_ungraded(concern)
    codes = ("zone_glare",) if turn < 0.02 else ()
    grade = random.choice((0, 0, 0, 1, 2, 2, 3, 3, 4))
    return make_grade(concern, grade, width=random.choice((0, 0, 0, 0, 0, 1, 2)), codes=codes)


def _answers(random: Random) -> dict[str, Any]:
    often = 0.0 if random.random() < 0.65 else 0.05
    asked = TODAY - timedelta(days=_old(random))
    ages: tuple[int | str, ...] = (34, 34, 60, 21, 18)
    changes: dict[str, Any] = {
        "answered_on": asked.isoformat(),
        "age_years": random.choice(ages if random.random() > often else (17, 3, "unknown")),
        "phototype": random.choice(PHOTOTYPES),
        "device": _device(random, often),
        "pigmentation_type": random.choice(
            ("freckles_or_lentigines", "post_inflammatory", "melasma", "none", "unknown")
            if random.random() > often
            else ("dermal", "hypopigmentation")
        ),
        "neck": None,
        "scars_flatten_on_stretching": random.choice(("yes", "no", "unknown")),
        "lines_only_in_motion": _local(random, 0.1),
        "earlier_skin_cancer": _local(random, often),
        "isotretinoin": _isotretinoin(random, often, asked),
    }
    if random.random() < 0.1:
        grades = (0, 0, 1, 2, 3, 4)
        changes["neck"] = {concern.value: random.choice(grades) for concern in CONCERNS}
    for name in BLOCKERS:
        changes[name] = _answer(random, often)
    for name in LOCAL:
        changes[name] = _local(random, often)
    for name in WAITS:
        changes[name] = _event(random, WAITS[name], max(often, 0.01), asked)
    for name in CAUTIONS:
        rare = name in {"ice_pick_dominant", "advanced_photoageing"}
        changes[name] = _answer(random, 0.05 if rare else 0.25)
    changes["reaction_to_last_treatment"] = _answer(random, often)
    return changes


def _old(random: Random) -> int:
    return random.choice((0, 0, 0, 0, 0, 1, 7, 27)) if random.random() < 0.97 else 28


def _answer(random: Random, often: float) -> str:
    return random.choice(("yes", "unknown")) if random.random() < often else "no"


def _local(random: Random, often: float) -> dict[str, Any]:
    if random.random() >= often:
        return NOWHERE
    if random.random() < 0.3:
        return {"answer": "unknown", "zones": []}
    return {"answer": "yes", "zones": _places(random)}


def _event(random: Random, least: int, often: float, asked: date) -> dict[str, Any]:
    if random.random() >= often:
        return dict(NEVER)
    turn = random.random()
    if turn < 0.2:
        return {"answer": "unknown", "last_on": None, "zones": []}
    days = random.choice((0, least - 1, least, least + 4, 2 * least))
    last_on = None if turn < 0.3 else (asked - timedelta(days=days)).isoformat()
    return {"answer": "yes", "last_on": last_on, "zones": _places(random)}


def _places(random: Random) -> list[str]:
    return [zone.value for zone in random.sample(ZONES, random.choice((0, 1, 3)))]


def _isotretinoin(random: Random, often: float, asked: date) -> dict[str, Any]:
    turn = random.random()
    if turn < often:
        return {"use": random.choice(("current", "unknown")), "stopped_on": None}
    if turn < 3 * often:
        days = random.choice((30, 120, 180, 181, 184, 400))
        return {
            "use": "stopped",
            "stopped_on": random.choice((None, (asked - timedelta(days=days)).isoformat())),
        }
    return {"use": "never", "stopped_on": None}


def _device(random: Random, often: float) -> Any:
    if random.random() < 0.1:
        return "unknown"
    return SKINPEN | {
        "kind": random.choice(("home", "radiofrequency"))
        if random.random() < often
        else random.choice(("pen", "pen", "roller")),
        "name": random.choice(("SkinPen Precision", "Exceed", "Other")),
        "maximum_mm": random.choice((2.5, 2.5, 1.5, 0.6, 0.2, random.uniform(0.2, 3))),
        "labelled_maximum_mm": random.choice((1.5, 1.5, None, random.uniform(0.2, 3))),
        "step_mm": random.choice((0.25, 0.25, 0.1, 0.5)),
        "tolerance_mm": random.choice((None, 0.15)),
    }
