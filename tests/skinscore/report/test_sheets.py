"""Two sheets: the patient's without a depth or a term of art, the clinician's with every reason."""

import re
from datetime import date
from typing import Any

import pytest

from skinscore.domain.concerns import Concern
from skinscore.domain.course import Course, Visit
from skinscore.domain.document import DISCLAIMER
from skinscore.domain.suggestion import Suggestion, Topic
from skinscore.errors import RequestRefused
from skinscore.protocol import explain, plan, suggest
from skinscore.protocol.rulebook import load
from skinscore.report import wording
from skinscore.report.sheets import PATIENT_TOPICS, clinician_sheet, patient_sheet
from tests.skinscore.protocol.patients import confirmed, graded, patient
from tests.skinscore.report.test_html import DEPTH, FORBIDDEN, Page

START = date(2026, 3, 9)
JARGON = re.compile(
    r"\b(erythema|hyperpigmentation|phototype|fitzpatrick|glabella|nasolabial|perioral|orbital|"
    r"prp|plasma|isotretinoin|off-label|label|endpoint|atrophic|rolling|boxcar|ice-pick|subcision|"
    r"cross|tca|granulomas?|papules?|contraindication|tram-track|topicals?|retinoids?|hydrogel|"
    r"anaesthetic|dermal|intradermal|adjuvant|lemperle|goodman|mm|millimetres?|depth|evidence|"
    r"[A-Z]\d{2}|[SL]\d{1,3}|B-\w+|Z-\w+)\b"
)
CASES: list[tuple[dict[Concern, int], dict[str, Any]]] = [
    ({Concern.ACNE_SCARRING: 3}, {"phototype": "V", "cold_sores": "yes"}),
    ({Concern.WRINKLES: 2, Concern.PIGMENTATION: 1}, {"condition_for_physician_note": "yes"}),
    ({Concern.ACNE_SCARRING: 4}, {"tethered_rolling": "yes", "deep_boxcar": "yes"}),
    ({Concern.ACNE_SCARRING: 2}, {"ice_pick_dominant": "yes"}),
    ({Concern.PIGMENTATION: 4}, {}),
    ({Concern.ACNE_SCARRING: 2}, {"keloid_tendency": "unknown"}),
    ({Concern.ACNE_SCARRING: 2}, {"suspicious_lesion_or_skin_cancer": "yes"}),
    ({}, {}),
]


def made(grades: dict[Concern, int], changes: dict[str, Any]) -> tuple[Suggestion, Course]:
    assessment = graded(everywhere=grades)
    suggestion = suggest(assessment, patient(**changes), confirmed(assessment))
    return suggestion, plan(suggestion, START)


@pytest.mark.parametrize(("grades", "changes"), CASES)
def test_the_patients_sheet_holds_no_depth_no_rule_and_no_term_of_art(
    grades: dict[Concern, int], changes: dict[str, Any]
) -> None:
    sheet = Page(patient_sheet(*made(grades, changes)))
    assert not DEPTH.search(sheet.text)
    assert JARGON.findall(sheet.text) == []
    assert not FORBIDDEN.findall(sheet.text)
    assert "does not rule out skin cancer" in sheet.text
    assert "script" not in {tag for tag, _ in sheet.tags}


def test_the_words_to_avoid_would_be_found() -> None:
    for word in ("1.5 mm", "erythema", "A02", "S60", "B-wrinkles-2"):
        assert JARGON.search(f"so {word} it is")


def test_the_patients_sheet_says_when_how_and_whom_to_call() -> None:
    suggestion, course = made({Concern.ACNE_SCARRING: 3}, {"phototype": "V"})
    text = Page(patient_sheet(suggestion, course)).text
    assert "Test spot" in text
    assert "Treatment 3" in text
    assert wording.days_words(course.windows[0].earliest, course.windows[0].latest) in text
    for topic in (Topic.SESSION, Topic.AFTERCARE, Topic.ALARM, Topic.PRODUCT_FORBIDDEN):
        assert wording.PATIENT_HEADINGS[topic] in text
        for row in suggestion.advice:
            assert row.topic is not topic or row.plain is None or row.plain in text
    assert "Alam 2014" in text


def test_without_a_range_the_patient_is_told_what_comes_first() -> None:
    text = Page(patient_sheet(*made(*CASES[3]))).text
    assert "No treatment with needles is suggested at the moment" in text
    assert "another method works better" in text
    stopped = Page(patient_sheet(*made(*CASES[6]))).text
    assert "Please see a skin doctor before any treatment." in stopped
    asked = Page(patient_sheet(*made(*CASES[5]))).text
    assert "still has 1 question for you" in asked


@pytest.mark.parametrize(("grades", "changes"), CASES)
def test_the_clinicians_sheet_shows_every_reason(
    grades: dict[Concern, int], changes: dict[str, Any]
) -> None:
    suggestion, course = made(grades, changes)
    sheet = Page(clinician_sheet(suggestion, course, explain(suggestion)))
    assert DISCLAIMER in sheet.text
    assert load().review in sheet.text
    for zone in suggestion.zones:
        for step in zone.rules:
            assert step.rule_id in sheet.text
        for reason in zone.reasons:
            assert reason.text in sheet.text
        for rule_id in zone.advice:
            assert rule_id in sheet.text
    for source in suggestion.sources:
        assert source.citation in sheet.text
    for window in course.windows:
        assert wording.VISIT_NAMES[window.visit] in sheet.text
    assert not FORBIDDEN.findall(sheet.text.replace(DISCLAIMER, ""))
    assert len(sheet.values("id")) == len(set(sheet.values("id")))


def test_sheets_of_different_suggestions_are_refused() -> None:
    suggestion, course = made(*CASES[0])
    other, _ = made(*CASES[1])
    with pytest.raises(RequestRefused, match="different suggestions"):
        patient_sheet(other, course)
    with pytest.raises(RequestRefused, match="different suggestions"):
        clinician_sheet(suggestion, course, explain(other))


def test_unconfirmed_grades_make_a_sheet_for_the_clinician_and_none_for_the_patient() -> None:
    suggestion = suggest(graded(everywhere={Concern.ACNE_SCARRING: 2}), patient(), None)
    course = plan(suggestion, START)
    with pytest.raises(RequestRefused, match="have not been confirmed"):
        patient_sheet(suggestion, course)
    sheet = Page(clinician_sheet(suggestion, course, explain(suggestion)))
    assert "have not been confirmed by a clinician" in sheet.text


def test_every_topic_and_visit_has_its_words() -> None:
    assert set(wording.TOPIC_NAMES) == set(Topic)
    assert set(PATIENT_TOPICS) == set(wording.PATIENT_HEADINGS)
    assert set(wording.VISIT_NAMES) == set(Visit)
    assert {row.topic for row in load().advice if row.plain} <= set(PATIENT_TOPICS)
