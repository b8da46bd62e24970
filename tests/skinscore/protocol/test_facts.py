import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinscore.domain.concerns import Concern
from skinscore.domain.patient import Answer, PatientProfile
from skinscore.domain.zones import Zone
from skinscore.protocol import suggest
from skinscore.protocol.facts import patient_facts, zone_facts
from skinscore.protocol.rulebook import load
from skinscore.protocol.vocabulary import Fact
from tests.skinscore.protocol.patients import graded, patient

ANSWERED = date(2026, 3, 2)


def facts(who: PatientProfile) -> dict[Fact, Answer]:
    return dict(patient_facts(who, graded(), load()))


def test_every_fact_has_an_answer() -> None:
    assert set(facts(patient())) == set(Fact)
    assert set(facts(PatientProfile.unanswered(ANSWERED))) == set(Fact)


def test_a_blank_questionnaire_never_clears_a_blocking_condition() -> None:
    blank = facts(PatientProfile.unanswered(ANSWERED))
    assert {blank[rule.fact] for rule in load().stops if not rule.id.startswith("H")} == {
        Answer.UNKNOWN
    }  # H: kinds of device, of which an unknown one is held at the ceiling


def test_every_question_names_the_field_that_answers_it() -> None:
    """Of a blank questionnaire, filling in the named fields alone closes every question."""
    everywhere = dict.fromkeys(Concern, 3)
    assessment, answered = graded(everywhere=everywhere), patient().model_dump(mode="json")
    document = PatientProfile.unanswered(ANSWERED).model_dump(mode="json", by_alias=True)
    asked = suggest(assessment, PatientProfile.parse(json.dumps(document)), None).open_questions
    assert len(asked) > 40
    for question in asked:
        *groups, name = question.field.split(".")
        into, source = document, answered
        for group in groups:
            into, source = into[group], source[group]
        into[name] = source[name]
    filled = PatientProfile.parse(json.dumps(document))
    assert suggest(assessment, filled, None).open_questions == ()


@given(st.integers(0, 1200))
def test_isotretinoin_waits_six_months_and_never_less_than_181_days(days: int) -> None:
    stopped = ANSWERED - timedelta(days=days)
    use = {"use": "stopped", "stopped_on": stopped.isoformat()}
    recent = facts(patient(isotretinoin=use))[Fact.ISOTRETINOIN_STOPPED_RECENTLY]
    assert recent is (Answer.YES if days < 181 else Answer.NO)  # 2 September to 2 March


@pytest.mark.parametrize(
    ("stopped", "answered", "recent"),
    [
        ("2025-08-31", "2026-02-28", Answer.YES),  # February has no 31st: not yet six months
        ("2025-08-31", "2026-03-01", Answer.NO),
        ("2025-08-28", "2026-02-28", Answer.NO),
    ],
)
def test_a_short_month_completes_no_waiting_time(
    stopped: str, answered: str, recent: Answer
) -> None:
    use = {"use": "stopped", "stopped_on": stopped}
    found = facts(patient(isotretinoin=use, answered_on=answered))
    assert found[Fact.ISOTRETINOIN_STOPPED_RECENTLY] is recent


@pytest.mark.parametrize(
    ("answer", "zones", "here", "elsewhere"),
    [
        ("no", [], Answer.NO, Answer.NO),
        ("unknown", [], Answer.UNKNOWN, Answer.UNKNOWN),
        ("yes", [], Answer.YES, Answer.YES),  # the place is not told: everywhere
        ("yes", ["chin"], Answer.YES, Answer.NO),
        ("yes", ["chin", "nose"], Answer.YES, Answer.NO),
    ],
)
def test_a_local_answer_holds_where_it_says(
    answer: str, zones: list[str], here: Answer, elsewhere: Answer
) -> None:
    who = patient(actinic_keratosis={"answer": answer, "zones": zones})
    everywhere = facts(who)
    for zone, expected in ((Zone.CHIN, here), (Zone.FOREHEAD, elsewhere)):
        found = zone_facts(everywhere, who.local_answers, (zone,), seen_well=True)
        assert found[Fact.ACTINIC_KERATOSIS] is expected


@pytest.mark.parametrize(
    ("phototype", "iv", "dark"),
    [
        ("III", Answer.NO, Answer.NO),
        ("IV", Answer.YES, Answer.NO),
        ("V", Answer.NO, Answer.YES),
        ("VI", Answer.NO, Answer.YES),
        ("unknown", Answer.UNKNOWN, Answer.UNKNOWN),
    ],
)
def test_the_phototype_is_the_stated_one(phototype: str, iv: Answer, dark: Answer) -> None:
    found = facts(patient(phototype=phototype))
    assert (found[Fact.PHOTOTYPE_IV], found[Fact.PHOTOTYPE_V_OR_VI]) == (iv, dark)
