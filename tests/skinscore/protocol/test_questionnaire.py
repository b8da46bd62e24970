"""Every answer that is asked for has its question."""

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
