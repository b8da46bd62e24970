"""Every printed number unfolds into rules that lead to it."""

from typing import Any

import pytest

from skinscore.domain.concerns import Concern
from skinscore.domain.explanation import Explanation
from skinscore.domain.suggestion import Number, Suggestion
from skinscore.domain.zones import TreatmentZone
from skinscore.errors import InternalFault
from skinscore.protocol import explain, suggest
from skinscore.protocol.explain import in_words
from skinscore.protocol.rulebook import load
from tests.skinscore.protocol.patients import confirmed, graded, patient, zone_of

SCARS, WRINKLES, PIGMENT = Concern
CHEEK = TreatmentZone.CHEEK_MALAR


def made(grades: dict[Concern, int], **changes: Any) -> Suggestion:
    assessment = graded(everywhere=grades)
    return suggest(assessment, patient(**changes), confirmed(assessment))


CASES: list[tuple[dict[Concern, int], dict[str, Any]]] = [
    ({SCARS: 3}, {}),
    ({SCARS: 4}, {"scars_flatten_on_stretching": "unknown"}),
    ({SCARS: 3, WRINKLES: 2, PIGMENT: 1}, {"phototype": "V", "first_treatment": "yes"}),
    ({WRINKLES: 4}, {"phototype": "IV", "thin_skin": "yes", "device": "unknown"}),
    ({PIGMENT: 2}, {"post_inflammatory_hyperpigmentation": "yes"}),
]


@pytest.mark.parametrize(("grades", "changes"), CASES)
def test_each_number_is_reached_by_its_last_step_and_each_rule_exists(
    grades: dict[Concern, int], changes: dict[str, Any]
) -> None:
    suggestion = made(grades, **changes)
    explanation = explain(suggestion)
    known = {rule.id for rule in load().rules}
    for told, printed in zip(explanation.zones, suggestion.zones, strict=True):
        numbers = {row.number: row.value for row in told.numbers}
        if printed.depth_range_mm is None:
            assert numbers == {}
            continue
        assert numbers[Number.DEPTH_RANGE_MM] == printed.depth_range_mm
        assert numbers[Number.OVERRIDE_CAP_MM] == (printed.override_cap_mm,)
        assert numbers[Number.CAP_MM] == (printed.cap_mm,)
        assert numbers[Number.SESSIONS] == printed.sessions
        assert numbers[Number.INTERVAL_WEEKS] == printed.interval_weeks
        assert (Number.START_AT_MM in numbers) == (printed.start_at_mm is not None)
        assert (Number.TEST_SPOT in numbers) == printed.test_spot
        for row in told.numbers:
            assert {step.rule_id for step in row.steps} <= known
            assert any(step.sources for step in row.steps)
    assert Explanation.parse(explanation.to_json()) == explanation
    assert explain(suggestion).to_json() == explanation.to_json()


def test_a_withheld_zone_is_explained_by_the_rule_that_withholds() -> None:
    zone = explain(made({SCARS: 3}, keloid_tendency="yes")).zones[0]
    assert [(row.code, row.standing) for row in zone.reasons] == [("A08", "labelled")]
    assert zone.reasons[0].sources == ("S43", "S106", "S82")
    unconfirmed = explain(suggest(graded(), patient(), None)).zones[0].reasons[0]
    assert (unconfirmed.code, unconfirmed.evidence) == ("unconfirmed", None)


def test_a_number_that_was_tampered_with_is_not_explained() -> None:
    suggestion = made({SCARS: 3})
    zones = list(suggestion.zones)
    position = zones.index(zone_of(suggestion, CHEEK))
    zones[position] = zones[position].model_copy(update={"depth_range_mm": (1.0, 1.25)})
    with pytest.raises(InternalFault, match="depth_range_mm of cheek_malar left"):
        explain(suggestion.model_copy(update={"zones": tuple(zones)}))


def test_the_words_name_rule_change_inputs_and_sources() -> None:
    lines = list(in_words(explain(made({SCARS: 3}, phototype="V"))))
    start = lines.index("cheek_malar right: suggested")
    cheek = "\n".join(lines[start : start + 12])
    assert "depth_range_mm = 1-1.25 mm" in cheek
    assert "B-acne_scarring-3 (acne scarring): base range, suggest [1-1.5 mm]" in cheek
    assert "[1-1.5 mm -> 1-1.25 mm]" in cheek
    assert "inputs phototype_v_or_vi: yes; evidence D, derived, sources S76 S81 S82" in cheek
    assert "test_spot = yes" in "\n".join(lines)
    told = list(in_words(explain(made({SCARS: 3}, keloid_tendency="yes"))))
    assert told[1] == (
        "  A08: Tendency to keloid or hypertrophic scars. "
        "(evidence B, labelled, sources S43 S106 S82)"
    )
    unconfirmed = list(in_words(explain(suggest(graded(), patient(), None))))
    assert unconfirmed[1].endswith("not been confirmed by a clinician.")
