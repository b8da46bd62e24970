"""The clinic's page at ``/``: photos in, a report; answers in, a suggestion; the patient's sheet.

Each step is one request and one page, and the page of a step holds what the next one needs. The
same functions answer as for programs, so that page, API and command line cannot differ.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from skinscore.domain.concerns import CONCERNS
from skinscore.domain.course import Course
from skinscore.domain.document import DISCLAIMER
from skinscore.domain.suggestion import Suggestion
from skinscore.domain.zones import Zone
from skinscore.errors import RequestRefused, SkinscoreError
from skinscore.grading.examination import Examination
from skinscore.protocol import explain, plan
from skinscore.protocol.rulebook import Rulebook
from skinscore.report.html import layer_rules, report_content
from skinscore.report.sheets import clinician_content, patient_sheet
from skinscore_serving.admission import Admission
from skinscore_serving.bodies import read_whole
from skinscore_serving.loading import loaded_grader
from skinscore_serving.metrics import Metrics
from skinscore_serving.multipart import read_photos
from skinscore_serving.page import frame, questions, submission
from skinscore_serving.page.refused import FORMS
from skinscore_serving.settings import Settings
from skinscore_serving.suggestions import SuggestionRequest, suggested

router = APIRouter(include_in_schema=False)


def require_own_page(request: Request) -> None:
    """Refuse a form that another page sent: nobody here filled it in.

    Browsers say where a form comes from over TLS and on their own machine; what says nothing is
    let in.

    Raises:
        RequestRefused: ``bad_request``.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise RequestRefused("bad_request", "a form of another site", "a form of this service")


OWN: Final = [Depends(require_own_page)]


@router.get("/")
async def start(request: Request) -> HTMLResponse:
    """Answer with the form that takes photos, or with what keeps the service from grading."""
    settings: Settings = request.app.state.settings
    fault = None
    try:
        loaded_grader(request.app)
    except SkinscoreError as error:
        fault = error
    return _page(
        "start.html.j2", fault=fault, most=settings.max_photos, most_mb=settings.max_body_mb
    )


async def back_to_start() -> RedirectResponse:
    """Answer who comes to a form's target without a form: by the address bar, or by a reload."""
    return RedirectResponse("./")


for path in sorted(FORMS):
    router.get(path)(back_to_start)


@router.post("/report", dependencies=OWN)
async def report(request: Request) -> HTMLResponse:
    """Answer with the report of the photos, and the form that asks for a suggestion."""
    settings: Settings = request.app.state.settings
    admission: Admission = request.app.state.admission
    rulebook: Rulebook = request.app.state.rulebook
    metrics: Metrics = request.app.state.metrics
    grader = loaded_grader(request.app)
    async with admission.arrival(settings.deadline_s):
        photos = await read_photos(request, settings.max_photos)

    def examine() -> HTMLResponse:
        examination = grader.examine(photos, gate=settings.gate)
        metrics.graded(examination.assessment)
        return _report(examination, rulebook, _now())

    return await admission.submit(examine, deadline_s=settings.deadline_s)


@router.post("/suggestion", dependencies=OWN)
async def suggestion(request: Request) -> HTMLResponse:
    """Answer with the clinician's sheet of what the filled-in form asks for."""
    return await _answered(request, _suggestion)


@router.post("/patient-sheet", dependencies=OWN)
async def sheet(request: Request) -> HTMLResponse:
    """Answer with the patient's sheet of a confirmed suggestion, ready to print."""
    return await _answered(request, _patient_sheet)


async def _answered(
    request: Request,
    answer: Callable[[submission.Submission, Rulebook, datetime], HTMLResponse],
) -> HTMLResponse:
    settings: Settings = request.app.state.settings
    admission: Admission = request.app.state.admission
    rulebook: Rulebook = request.app.state.rulebook
    async with admission.arrival(settings.deadline_s):
        body = await read_whole(request, submission.KIND, largest=submission.LARGEST_BYTES)

    def read_and_answer() -> HTMLResponse:
        return answer(submission.read_form(body), rulebook, _now())

    return await admission.submit(read_and_answer, deadline_s=settings.deadline_s)


def _report(examination: Examination, rulebook: Rulebook, now: datetime) -> HTMLResponse:
    assessment = examination.assessment
    return _page(
        "graded.html.j2",
        layer_rules(),
        form=questions,
        groups=questions.groups(rulebook),
        rulebook=rulebook.ref.digest,
        today=now.date(),
        gradable=any(questions.graded(assessment)),
        zones=tuple(Zone),
        sent=assessment.model_dump_json(by_alias=True),
        saved=_saved(assessment.to_json()),
        **report_content(examination, None),
    )


class _Made(NamedTuple):
    suggestion: Suggestion
    course: Course


def _made(asked: SuggestionRequest, rulebook: Rulebook, now: datetime) -> _Made:
    found = suggested(asked, rulebook, now)
    if asked.start is None:
        raise RequestRefused("bad_request", "no first day", "the day that the page wrote")
    return _Made(found, plan(found, asked.start, rulebook=rulebook))


def _suggestion(form: submission.Submission, rulebook: Rulebook, now: datetime) -> HTMLResponse:
    asked = submission.request_of(form, rulebook, now)
    found, course = _made(asked, rulebook, now)
    return _page(
        "suggested.html.j2",
        form=questions,
        request_field=submission.REQUEST,
        sent=asked.model_dump_json(by_alias=True),
        answered=questions.told(rulebook, asked.patient),
        reference=asked.patient.subject,
        saved=_saved(found.to_json()),
        saved_request=_saved(asked.to_json()),
        unfolded=False,
        **clinician_content(found, course, explain(found, rulebook=rulebook)),
    )


def _patient_sheet(form: submission.Submission, rulebook: Rulebook, now: datetime) -> HTMLResponse:
    return frame.finished(
        patient_sheet(*_made(submission.request_again(form, rulebook), rulebook, now))
    )


def _page(template: str, css: str = "", **content: Any) -> HTMLResponse:
    return frame.page(
        template,
        "clinic.css",
        css,
        forms=True,
        disclaimer=DISCLAIMER,
        concerns=CONCERNS,
        **content,
    )


def _saved(document: str) -> str:
    """Return a link that saves ``document``: it is in the page, nothing is asked of the service."""
    return f"data:application/json;charset=utf-8,{quote(document)}"


def _now() -> datetime:
    """The clinic's day, not Greenwich's."""
    return datetime.now().astimezone()
