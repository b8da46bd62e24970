"""The clinic's page at ``/``: photos in, a report; answers in, a suggestion; the patient's sheet.

Each step is one request and one page, and the page of a step holds what the next one needs. The
same functions answer as for programs, so that page, API and command line cannot differ.
"""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from skinscore.domain.concerns import CONCERNS
from skinscore.domain.document import DISCLAIMER
from skinscore.domain.zones import Zone
from skinscore.errors import RequestRefused, SkinscoreError
from skinscore.grading.examination import Examination
from skinscore.protocol import explain, plan
from skinscore.protocol.rulebook import Rulebook
from skinscore.protocol.today import first_day
from skinscore.report.html import layer_rules, report_content
from skinscore.report.sheets import clinician_content, patient_sheet
from skinscore_serving.admission import Admission
from skinscore_serving.bodies import read_whole
from skinscore_serving.loading import loaded_grader
from skinscore_serving.metrics import Metrics
from skinscore_serving.multipart import read_photos
from skinscore_serving.page import asked as form
from skinscore_serving.page import frame, sent
from skinscore_serving.problems import told
from skinscore_serving.settings import Settings
from skinscore_serving.suggestions import LARGEST_BYTES, SuggestionRequest, suggested

FORM: Final = "application/x-www-form-urlencoded"
# A document in a form is written with up to three characters for one.
LARGEST_FORM_BYTES: Final = 3 * LARGEST_BYTES
REQUEST: Final = "request"  # field of a whole skinscore_serving.suggestions.SuggestionRequest

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """Answers a refusal with a page: whoever sent a form reads no problem+json."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def shown(request: Request) -> Response:
            try:
                return await handler(request)
            except SkinscoreError as error:
                return _refusal(request, error)

        return shown


router = APIRouter(include_in_schema=False, route_class=PageRoute)


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


@router.post("/report")
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
        return _report(examination, rulebook)

    return await admission.submit(examine, deadline_s=settings.deadline_s)


@router.post("/suggestion")
async def suggestion(request: Request) -> HTMLResponse:
    """Answer with the clinician's sheet of what the filled-in form asks for."""
    return await _answered(request, _suggestion)


@router.post("/patient-sheet")
async def sheet(request: Request) -> HTMLResponse:
    """Answer with the patient's sheet of a confirmed suggestion, ready to print."""
    return await _answered(request, _patient_sheet)


async def _answered(
    request: Request, answer: Callable[[bytes, Rulebook, datetime], HTMLResponse]
) -> HTMLResponse:
    settings: Settings = request.app.state.settings
    admission: Admission = request.app.state.admission
    async with admission.arrival(settings.deadline_s):
        body = await read_whole(request, FORM, LARGEST_FORM_BYTES)
    now = datetime.now().astimezone()  # the clinic's day, not Greenwich's
    rulebook: Rulebook = request.app.state.rulebook
    return await admission.submit(answer, body, rulebook, now, deadline_s=settings.deadline_s)


def _report(examination: Examination, rulebook: Rulebook) -> HTMLResponse:
    assessment = examination.assessment
    gradable = {(zone, grade.concern) for zone, grade in form.graded(assessment)}
    return _page(
        "graded.html.j2",
        layer_rules(),
        form=form,
        groups=form.groups(rulebook),
        gradable=gradable,
        zones=tuple(Zone),
        saved=_saved(assessment.to_json()),
        **report_content(examination, None),
    )


def _suggestion(body: bytes, rulebook: Rulebook, now: datetime) -> HTMLResponse:
    asked = sent.request_of(sent.read_form(body), rulebook, now)
    found = suggested(asked, rulebook, now)
    course = plan(found, first_day(asked.start, asked.patient, now), rulebook=rulebook)
    return _page(
        "suggested.html.j2",
        asked=asked.to_json() if asked.confirmation is not None else None,
        saved=_saved(found.to_json()),
        sent=_saved(asked.to_json()),
        request_field=REQUEST,
        unfolded=False,
        **clinician_content(found, course, explain(found, rulebook=rulebook)),
    )


def _patient_sheet(body: bytes, rulebook: Rulebook, now: datetime) -> HTMLResponse:
    fields = sent.read_form(body).fields
    if set(fields) != {REQUEST}:
        raise RequestRefused("bad_request", f"{len(fields)} fields", f"the field {REQUEST} alone")
    asked = SuggestionRequest.parse(fields[REQUEST])
    found = suggested(asked, rulebook, now)
    course = plan(found, first_day(asked.start, asked.patient, now), rulebook=rulebook)
    return frame.finished(patient_sheet(found, course))


def _refusal(request: Request, error: SkinscoreError) -> HTMLResponse:
    return _page(
        "refused.html.j2",
        status=error.http_status,
        headers=told(request, error),
        error=error,
        request_id=request.state.request_id,
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
