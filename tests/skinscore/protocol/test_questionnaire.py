"""Every answer that is asked for has its question."""

import json

from skinscore.domain.document import Document
from skinscore.domain.patient import Examination, History, PatientProfile, SafetyAnswers, Timing
from skinscore.protocol.overlay import rules_with
from skinscore.protocol.questionnaire import questions


def test_every_field_of_the_questionnaire_has_the_words_of_a_rule() -> None:
    words = questions(rules_with(None))
    groups: dict[str, type[Document]] = {
        "safety": SafetyAnswers,
        "history": History,
        "timing": Timing,
        "examination": Examination,
    }
    fields = {f"{group}.{name}" for group, kind in groups.items() for name in kind.model_fields}
    fields |= set(PatientProfile.model_fields) - set(groups)
    unasked = {"schema_", "subject", "answered_on", "examination.neck"}  # nothing a rule asks about
    assert fields - set(words) == unasked
    assert set(words) <= fields
    assert all(text.endswith("?") or "ask again" in text for text in words.values())


def test_a_clinic_s_question_stands_behind_the_shipped_one_and_not_in_its_place() -> None:
    own = {
        "id": "Clinic-sores",
        "fact": "cold_sores",
        "scope": "all",
        "question": "Cold sores in the last two weeks?",
        "reason": "Fresh cold sores.",
        "evidence": "D",
        "standing": "derived",
        "sources": [],
    }
    lists = ("zones", "limits", "waits", "must_answer", "modifiers", "referrals")
    overlay = {
        "schema": "skinscore.overlay/1",
        "name": "A clinic",
        "version": "1",
        "signed_by": "Dr A",
        "blocking": [own],
        **{name: [] for name in lists},
    }
    words = dict(questions(rules_with(json.dumps(overlay).encode())))
    shipped = questions(rules_with(None))
    assert words.pop("history.cold_sores") == (
        "Ever had cold sores? Cold sores in the last two weeks?"
    )
    assert words == {field: text for field, text in shipped.items() if field in words}
