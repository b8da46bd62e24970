"""``POST /v1/suggestions``: from confirmed grades and answers to depths. No model, no store."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field

from skinscore.domain.assessment import Assessment
from skinscore.domain.document import Day, Document
from skinscore.domain.override import Overrides
from skinscore.domain.patient import PatientProfile
from skinscore.domain.suggestion import Confirmation, Suggestion
from skinscore.protocol import suggest
from skinscore.protocol.rulebook import Rulebook
from skinscore.protocol.today import first_day, require_past
from skinscore_serving.admission import Admission
from skinscore_serving.bodies import read_whole, require_few_values
from skinscore_serving.openapi import ALWAYS, problems, reference
from skinscore_serving.parameters import STRICT
from skinscore_serving.settings import Settings

router = APIRouter()

# Forty times a visit with all its outlines. Reading JSON holds the interpreter: at 16 MiB, health
# would not be answered for seconds, and one body could take up 700 MB.
LARGEST_BYTES: Final = 2 * 1024 * 1024


class SuggestionRequest(Document):
    """What a suggestion is made from: documents in full, as nothing is stored here."""

    assessment: Annotated[Assessment, Field(description="As POST /v1/assessments answered.")]
    patient: Annotated[
        PatientProfile, Field(description="The questionnaire; what is unknown withholds depths.")
    ]
    confirmation: Annotated[
        Confirmation | None,
        Field(description="The clinician's word on these grades; null: every depth is withheld."),
    ]
    overrides: Annotated[
        Overrides | None, Field(description="Logged decisions beyond the rules; null: none.")
    ]
    start: Annotated[
        Day | None,
        Field(
            description="First day of the course; null: today by this service, or the "
            "questionnaire's day if later."
        ),
    ]


BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": reference(SuggestionRequest)}},
    }
}


@router.post(
    "/v1/suggestions",
    response_model=Suggestion,
    response_description="One ``skinscore.suggestion/1``; what withholds a depth stands in it.",
    openapi_extra=BODY,
    dependencies=STRICT,
    responses=problems(
        "bad_request",
        "document_invalid",
        "override_refused",
        "overloaded",
        "deadline_exceeded",
        *ALWAYS,
    ),
    summary="Suggest depths for clinician review",
)
async def create_suggestion(request: Request) -> Response:
    """Answer with one ``skinscore.suggestion/1``, as ``skinscore suggest`` prints it.

    Depths are withheld until a clinician has confirmed the grades and every blocking question is
    answered and clear. The clinic's overlay, where the service has one, is laid over the rules.
    Needs no model, and answers while one is being loaded.
    """
    settings: Settings = request.app.state.settings
    admission: Admission = request.app.state.admission
    rulebook: Rulebook = request.app.state.rulebook
    async with admission.arrival(settings.deadline_s):
        body = await read_whole(request, "application/json", largest=LARGEST_BYTES)
    now = datetime.now().astimezone()  # the clinic's day, not Greenwich's
    document = await admission.submit(answer, body, rulebook, now, deadline_s=settings.deadline_s)
    return Response(document, media_type="application/json")


def answer(body: bytes, rulebook: Rulebook, now: datetime) -> str:
    """Return the suggestion that a request's body asks for, as JSON.

    Raises:
        RequestRefused: ``document_invalid``, ``override_refused``.
    """
    require_few_values(body)
    return suggested(SuggestionRequest.parse(body), rulebook, now).to_json()


def suggested(asked: SuggestionRequest, rulebook: Rulebook, now: datetime) -> Suggestion:
    """Return what the rules say to ``asked`` at ``now``.

    Raises:
        RequestRefused: ``document_invalid``, ``override_refused``.
    """
    require_past(asked.patient, asked.confirmation, asked.overrides, now)
    return suggest(
        asked.assessment,
        asked.patient,
        asked.confirmation,
        treated_from=first_day(asked.start, asked.patient, now),
        overrides=asked.overrides,
        rulebook=rulebook,
    )
