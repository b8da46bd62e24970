"""Two sheets of paper: one for the patient in plain words, one for the clinician with all reasons.

The patient's sheet holds no depth, no rule and no term of art: it says what will happen, how the
skin will look, what to do and when to call. The clinician's sheet unfolds every number.
"""

from typing import Any, Final

from skinscore import __version__
from skinscore.domain.course import Course, Visit
from skinscore.domain.explanation import Explanation
from skinscore.domain.suggestion import Suggestion, Topic
from skinscore.errors import RequestRefused
from skinscore.report.base import environment, render
from skinscore.report.ranges import shown

# What the patient reads beside the calendar, in this order.
PATIENT_TOPICS: Final = (
    Topic.SESSION,
    Topic.NEEDLES,
    Topic.DOWNTIME,
    Topic.AFTERCARE,
    Topic.PRODUCT_FORBIDDEN,
    Topic.PRODUCT_ALLOWED,
    Topic.ALARM,
    Topic.EXPECTED,
    Topic.COURSE,
    Topic.ADJUNCT,
    Topic.ALTERNATIVE,
    Topic.PRECAUTION,
)


def patient_sheet(suggestion: Suggestion, course: Course) -> str:
    """Return the patient's sheet as a complete HTML document, ready to print.

    Raises:
        RequestRefused: ``document_invalid``; the course is of another suggestion, or no clinician
            has confirmed the grades: the sheet would tell the patient what nobody has checked.
    """
    if suggestion.confirmation is None:
        raise RequestRefused(
            "document_invalid",
            "the suggestion's grades have not been confirmed",
            "a patient's sheet is made of a confirmed suggestion only",
            "Confirm the grades and suggest again.",
        )
    _same(suggestion, course.assessment, course.patient_digest)
    plain = {
        topic: [row.plain for row in suggestion.advice if row.topic is topic and row.plain]
        for topic in PATIENT_TOPICS
    }
    return render(
        "patient.html.j2",
        environment(),
        suggestion=suggestion,
        course=course,
        plain={topic: sentences for topic, sentences in plain.items() if sentences},
        visits=[window for window in course.windows if window.visit is not Visit.JUDGEMENT],
        first=list(dict.fromkeys(row.plain for row in suggestion.referrals)),
        open_questions=sum(question.blocking for question in suggestion.open_questions),
    )


def clinician_sheet(suggestion: Suggestion, course: Course, explanation: Explanation) -> str:
    """Return the clinician's sheet: every number with its rules, inputs and sources.

    Raises:
        RequestRefused: ``document_invalid``; course or explanation are of another suggestion.
    """
    content = clinician_content(suggestion, course, explanation)
    return render("clinician.html.j2", environment(), unfolded=True, **content)


def clinician_content(
    suggestion: Suggestion, course: Course, explanation: Explanation
) -> dict[str, Any]:
    """Return what ``clinician.html.j2``, or a page that extends it, shows.

    Raises:
        RequestRefused: see :func:`clinician_sheet`.
    """
    _same(suggestion, course.assessment, course.patient_digest)
    _same(suggestion, explanation.assessment, explanation.patient_digest)
    return {
        "course": course,
        "explanation": explanation,
        "library_version": __version__,
        **shown(suggestion),
    }


def _same(suggestion: Suggestion, assessment: str, patient_digest: str) -> None:
    if (suggestion.assessment, suggestion.patient_digest) != (assessment, patient_digest):
        raise RequestRefused(
            "document_invalid",
            "the documents belong to different suggestions",
            "one suggestion, its course and its explanation are allowed",
            "Make them from the same suggestion.",
        )
