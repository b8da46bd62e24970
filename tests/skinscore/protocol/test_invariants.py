"""Laws that hold for every patient and every photo; random ones are drawn to break them."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skinscore.domain.assessment import Assessment, ConcernGrade, SkinTone
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.document import DISCLAIMER
from skinscore.domain.patient import PatientProfile
from skinscore.domain.suggestion import Status, Suggestion
from skinscore.domain.zones import ZONES, TreatmentZone
from skinscore.protocol import suggest
from skinscore.protocol.overlay import lay_over, read_overlay
from skinscore.protocol.rulebook import load
from tests.skinscore.factories import (
    make_assessment,
    make_grade,
    make_ungraded,
    make_zone_record,
)
from tests.skinscore.protocol.crowd import nowhere_deeper, numbers
from tests.skinscore.protocol.patients import CLEAR, NOWHERE, SKINPEN, confirmed, json_of
from tests.skinscore.protocol.test_overlay import NOTHING
from tests.skinscore.protocol.test_rulebook import AVOIDED, printed

EXAMPLES = settings(max_examples=60, deadline=None)
FEWER = settings(max_examples=20, deadline=None)  # where one example makes seven suggestions

answers = st.sampled_from(["no", "no", "no", "yes", "unknown"])  # so that depths stay common
mostly_no = st.sampled_from(["no"] * 60 + ["yes", "unknown"])
local = st.one_of(
    st.just({"answer": "no", "zones": []}),
    st.lists(st.sampled_from([zone.value for zone in ZONES]), max_size=3).map(
        lambda zones: {"answer": "yes", "zones": zones}
    ),
)
mostly_nowhere = st.integers(0, 9).flatmap(lambda n: local if n == 0 else st.just(NOWHERE))
devices = st.one_of(
    st.just("unknown"),
    st.builds(
        lambda maximum, label, step: (
            SKINPEN | {"maximum_mm": maximum, "labelled_maximum_mm": label, "step_mm": step}
        ),
        st.floats(0.2, 3.0),
        st.one_of(st.none(), st.floats(0.2, 3.0)),
        st.sampled_from([0.1, 0.25, 0.5]),
    ),
)
PHOTOTYPES = ["I", "II", "III", "IV", "V", "VI", "unknown"]


@st.composite
def patients(draw: st.DrawFn) -> dict[str, Any]:
    """A questionnaire as changes of the clear one."""
    changes: dict[str, Any] = {
        "age_years": draw(st.sampled_from([34, 34, 34, 60, 21, 18, 17, "unknown"])),
        "phototype": draw(st.sampled_from(PHOTOTYPES)),
        "device": draw(devices),
        "pigmentation_type": draw(
            st.sampled_from(["freckles_or_lentigines", "melasma", "dermal", "none", "unknown"])
        ),
    }
    for name, value in CLEAR["safety"].items():
        changes[name] = draw(mostly_nowhere if isinstance(value, dict) else mostly_no)
    for name in FLAGS:
        changes[name] = draw(answers)
    changes["lines_only_in_motion"] = draw(mostly_nowhere)
    return changes


# Answers whose "yes" and "unknown" are more cautious than "no".
FLAGS = (
    "cold_sores",
    "post_inflammatory_hyperpigmentation",
    "first_treatment",
    "thin_skin",
    "ice_pick_dominant",
    "deep_boxcar",
    "tethered_rolling",
)

Drawn = dict[tuple[int, Concern], tuple[int, int]]  # (zone, concern): grade, half width


@st.composite
def gradings(draw: st.DrawFn) -> Drawn:
    """Grades for every zone; whole faces of one kind, so that a case stays quick to draw."""
    one = st.tuples(st.integers(0, 4), st.sampled_from([0, 0, 1]))
    rows = draw(
        st.lists(
            st.tuples(one, one, one),
            min_size=4,
            max_size=4,
        )
    )
    return {
        (position, concern): rows[position % 4][place]
        for position in range(len(ZONES))
        for place, concern in enumerate(CONCERNS)
    }


def assessed(
    drawn: Drawn, spoilt: dict[tuple[int, Concern], ConcernGrade] | None = None
) -> Assessment:
    records = [
        make_zone_record(
            zone,
            {
                concern: (spoilt or {}).get(
                    (position, concern),
                    make_grade(
                        concern,
                        drawn[position, concern][0],
                        width=drawn[position, concern][1],
                    ),
                )
                for concern in CONCERNS
            },
        )
        for position, zone in enumerate(ZONES)
    ]
    return make_assessment(zones=records)


def suggested(drawn: Drawn, changes: dict[str, Any], **spoilt: Any) -> Suggestion:
    assessment = assessed(drawn, **spoilt)
    who = PatientProfile.model_validate_json(json_of(**changes))
    return suggest(assessment, who, confirmed(assessment))


@EXAMPLES
@given(gradings(), patients())
def test_no_depth_exceeds_a_cap_or_the_device(drawn: Drawn, changes: dict[str, Any]) -> None:
    """Invariants 3 to 6, 22 and 23, on the printed numbers."""
    device = changes["device"]
    for zone in suggested(drawn, changes).zones:
        if zone.depth_range_mm is None:
            continue
        low, high = zone.depth_range_mm
        rule = load().zone(zone.zone)
        assert zone.zone is not TreatmentZone.LOWER_EYELID
        assert rule.cap_mm is not None
        assert rule.override_mm is not None
        assert zone.override_cap_mm is not None
        assert zone.cap_mm == rule.cap_mm
        assert 0.25 <= low <= high <= rule.cap_mm <= 1.5
        assert high <= zone.override_cap_mm <= min(rule.override_mm, 2.0)
        assert all(value % 0.25 == 0 for value in (low, high, zone.override_cap_mm))
        if device != "unknown":
            ceiling = min(device["maximum_mm"], device["labelled_maximum_mm"] or 9)
            assert zone.override_cap_mm <= ceiling
            if device["step_mm"] == 0.5:
                assert low % 0.5 == high % 0.5 == zone.override_cap_mm % 0.5 == 0
        pigmented = any(zone.concerns[CONCERNS.index(Concern.PIGMENTATION)].considered)
        assert high <= 0.5 or not pigmented


@EXAMPLES
@given(gradings(), patients(), st.sampled_from(FLAGS), st.sampled_from(["yes", "unknown"]))
def test_one_more_caution_flag_never_deepens_anything(
    drawn: Drawn, changes: dict[str, Any], flag: str, answer: str
) -> None:  # 19
    bold, cautious = changes | {flag: "no"}, changes | {flag: answer}
    with_flag, without = suggested(drawn, cautious), suggested(drawn, bold)
    nowhere_deeper(with_flag, without)


@EXAMPLES
@given(gradings(), patients(), st.data())
def test_a_contraindication_or_an_open_question_gives_no_depth(
    drawn: Drawn, changes: dict[str, Any], data: st.DataObject
) -> None:  # 18, 19
    name = data.draw(st.sampled_from(list(CLEAR["safety"])))
    answer = data.draw(st.sampled_from(["yes", "unknown"]))
    is_local = isinstance(CLEAR["safety"][name], dict)
    blocked = changes | {name: {"answer": answer, "zones": []} if is_local else answer}
    result = suggested(drawn, blocked)
    assert not any(zone.status is Status.SUGGESTED for zone in result.zones)
    nowhere_deeper(result, suggested(drawn, changes | {name: NOWHERE if is_local else "no"}))


@FEWER
@given(gradings(), patients())
def test_a_darker_phototype_never_deepens_anything(drawn: Drawn, changes: dict[str, Any]) -> None:
    """Invariant 21, for every step from I to VI, and unknown as the last."""
    results = [suggested(drawn, changes | {"phototype": kind}) for kind in PHOTOTYPES]
    for lighter, darker in pairwise(results):
        nowhere_deeper(darker, lighter)


@FEWER
@given(gradings(), patients(), st.integers(0, len(ZONES) - 1), st.sampled_from(CONCERNS))
def test_less_certainty_or_quality_never_deepens_anything(
    drawn: Drawn, changes: dict[str, Any], position: int, concern: Concern
) -> None:  # 19, 20
    place = (position, concern)
    grade, _ = drawn[place]
    clear = drawn | {place: (grade, 0)}
    bold = suggested(clear, changes)
    nowhere_deeper(suggested(drawn | {place: (grade, 1)}, changes), bold)
    nowhere_deeper(
        suggested(drawn | {place: (grade, 2)}, changes),
        suggested(drawn | {place: (grade, 1)}, changes),
    )
    coded = {place: make_grade(concern, grade, codes=("zone_glare",))}
    for spoilt in (coded, {place: make_ungraded(concern)}):
        for zone in suggested(clear, changes, spoilt=spoilt).zones:
            if ZONES[position] in zone.graded_zones:
                assert zone.status in {Status.WITHHELD, Status.EXCLUDED}


@EXAMPLES
@given(gradings(), patients(), st.floats(0.2, 2.5), st.floats(0.2, 2.5))
def test_a_shallower_device_never_deepens_anything(
    drawn: Drawn, changes: dict[str, Any], one: float, other: float
) -> None:
    less, more = sorted((one, other))
    results = [
        suggested(drawn, changes | {"device": SKINPEN | {"maximum_mm": maximum}})
        for maximum in (less, more)
    ]
    nowhere_deeper(*results)


@FEWER
@given(gradings(), patients())
def test_a_younger_age_never_deepens_anything(drawn: Drawn, changes: dict[str, Any]) -> None:
    results = [suggested(drawn, changes | {"age_years": age}) for age in (60, 22, 21, 18, 17, 0)]
    for older, younger in pairwise(results):
        nowhere_deeper(younger, older)
    assert not any(zone.depth_range_mm for zone in results[-2].zones)
    unknown = suggested(drawn, changes | {"age_years": "unknown"})
    assert not any(zone.depth_range_mm for zone in unknown.zones)


@EXAMPLES
@given(gradings(), patients())
def test_without_a_confirmation_there_is_no_number_at_all(
    drawn: Drawn, changes: dict[str, Any]
) -> None:
    who = PatientProfile.model_validate_json(json_of(**changes))
    result = suggest(assessed(drawn), who, None)
    assert {numbers(zone) for zone in result.zones} == {(0, 0, 0, 0, 0, 0)}
    assert not any(zone.notes or zone.rules for zone in result.zones)


@EXAMPLES
@given(gradings(), patients())
def test_every_suggestion_explains_itself_in_permitted_words(
    drawn: Drawn, changes: dict[str, Any]
) -> None:  # 24, 25
    result = suggested(drawn, changes)
    known = {rule.id for rule in load().rules}
    for zone in result.zones:
        assert {step.rule_id for step in zone.rules} <= known
        if zone.status is Status.SUGGESTED:
            assert any(step.sources for step in zone.rules)
            assert all(step.inputs for step in zone.rules if step.rule_id.startswith(("B", "Z")))
    said = result.model_dump(mode="json", exclude={"sources", "disclaimer"})
    assert [text for text in printed(said) if AVOIDED.search(text)] == []
    assert result.disclaimer == DISCLAIMER


@EXAMPLES
@given(gradings(), patients())
def test_the_same_inputs_give_the_same_bytes(drawn: Drawn, changes: dict[str, Any]) -> None:
    first, second = suggested(drawn, changes), suggested(drawn, json.loads(json.dumps(changes)))
    assert first.to_json() == second.to_json()
    assert Suggestion.parse(first.to_json()) == first


@pytest.mark.parametrize("ita_deg", [-40.0, 10.0, 60.0])
def test_the_tone_of_a_photo_never_changes_a_number(ita_deg: float) -> None:
    drawn = {(p, c): (2, 0) for p in range(len(ZONES)) for c in CONCERNS}
    tone = SkinTone(ita_deg=ita_deg, ita_range_deg=(ita_deg, ita_deg))
    plain = assessed(drawn)
    toned = plain.model_copy(update={"skin_tone": tone})
    for phototype in PHOTOTYPES:
        who = PatientProfile.model_validate_json(json_of(phototype=phototype))
        assert (
            suggest(toned, who, confirmed(toned)).zones
            == suggest(plain, who, confirmed(plain)).zones
        )


@FEWER
@given(
    gradings(),
    patients(),
    st.dictionaries(
        st.sampled_from([zone for zone in TreatmentZone if zone is not TreatmentZone.LOWER_EYELID]),
        st.integers(0, 3),
        max_size=5,
    ),
    st.sampled_from([1, 2]),
)
def test_a_clinics_overlay_never_deepens_anything(
    drawn: Drawn, changes: dict[str, Any], lowered: dict[TreatmentZone, int], width: int
) -> None:
    zones = []
    for zone, steps in lowered.items():
        cap = (load().zone(zone).cap_mm or 0) - 0.25 * steps
        tighter = cap if cap >= 0.25 else None
        zones.append({"zone": zone, "cap_mm": tighter, "override_mm": tighter, "why": "ours"})
    limits = [{"name": "low_confidence_width", "value": width}]
    rules = lay_over(load(), read_overlay(json.dumps(NOTHING | {"zones": zones, "limits": limits})))
    assessment = assessed(drawn)
    who = PatientProfile.model_validate_json(json_of(**changes))
    stricter = suggest(assessment, who, confirmed(assessment), rulebook=rules)
    nowhere_deeper(stricter, suggest(assessment, who, confirmed(assessment)))
