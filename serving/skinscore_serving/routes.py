"""The HTTP surface of the clinic: ``/v1`` and health."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from skinscore.domain.assessment import MAX_PX_PER_MM, MIN_PX_PER_MM, Assessment, Gate
from skinscore.domain.zones import Zone
from skinscore.errors import RequestRefused
from skinscore.grading.viewing import CloseUp
from skinscore_serving.admission import Admission
from skinscore_serving.loading import loaded_grader
from skinscore_serving.metrics import Metrics
from skinscore_serving.multipart import read_photos
from skinscore_serving.openapi import ALWAYS, NO_MODEL, OPEN, problems
from skinscore_serving.parameters import STRICT
from skinscore_serving.settings import Settings

router = APIRouter()

FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photos"],
                    "additionalProperties": False,
                    "properties": {
                        "photos": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": "One photo, or the views of one visit: of one person "
                            "on one day. Identity is not checked.",
                        }
                    },
                }
            }
        },
    }
}


@router.post(
    "/v1/assessments",
    status_code=200,
    response_model=Assessment,
    response_description="One ``skinscore.assessment/1``, whatever became of the photos.",
    openapi_extra=FORM,
    dependencies=STRICT,
    responses=problems("bad_request", *ALWAYS, *NO_MODEL, "overloaded", "deadline_exceeded"),
    summary="Grade one photo, or the views of one visit",
)
async def create_assessment(
    request: Request,
    gate: Annotated[Gate | None, Query(description="The service's own gate when left out.")] = None,
    client_ref: Annotated[
        str | None, Query(max_length=200, description="Yours; comes back in the document.")
    ] = None,
    zone: Annotated[
        Zone | None, Query(description="Close-up of this zone; with px_per_mm.")
    ] = None,
    px_per_mm: Annotated[
        float | None,
        Query(
            ge=MIN_PX_PER_MM,
            le=MAX_PX_PER_MM,
            allow_inf_nan=False,
            description="Pixels per millimetre of the close-up; with zone.",
        ),
    ] = None,
) -> Response:
    """Answer with one ``skinscore.assessment/1``.

    A photo that cannot be graded is no HTTP error: its outcome and codes are in the document, as
    on the command line. Nothing is stored.
    """
    settings: Settings = request.app.state.settings
    admission: Admission = request.app.state.admission
    metrics: Metrics = request.app.state.metrics
    grader = loaded_grader(request.app)
    async with admission.arrival(settings.deadline_s):
        photos = await read_photos(request, settings.max_photos)
    close_up = _close_up(zone, px_per_mm, len(photos))

    def grade() -> str:
        assessment = grader.examine(
            photos, gate=gate or settings.gate, client_ref=client_ref, close_up=close_up
        ).assessment
        metrics.graded(assessment)
        return assessment.to_json()

    document = await admission.submit(grade, deadline_s=settings.deadline_s)
    return Response(document, media_type="application/json")


@router.get(
    "/v1/model",
    dependencies=STRICT,
    responses=problems("bad_request", *ALWAYS, *NO_MODEL),
    response_description="The contract and its digest.",
    summary="The contract of the model that grades",
)
async def model(request: Request) -> dict[str, Any]:
    """Answer with the contract and its digest."""
    contract = loaded_grader(request.app).contract
    return {
        "contract_digest": contract.digest,
        "contract": contract.model_dump(mode="json", by_alias=True),
    }


@router.get(
    "/health/live",
    responses=problems(*OPEN),
    response_description="Alive.",
    summary="The process answers",
)
async def live() -> dict[str, bool]:
    """Answer whenever the process can; says nothing of the model."""
    return {"live": True}


@router.get(
    "/health/ready",
    responses=problems(*OPEN, *NO_MODEL),
    response_description="Ready, with the load at the moment.",
    summary="The model is loaded and has passed its self-test",
)
async def ready(request: Request) -> dict[str, Any]:
    """Answer with the load at the moment, or 503 and the reason why nothing is graded."""
    contract = loaded_grader(request.app).contract
    admission: Admission = request.app.state.admission
    return {
        "ready": True,
        "contract_digest": contract.digest,
        "running": admission.running,
        "waiting": admission.waiting,
    }


# Some load balancers ask with HEAD.
for _path, _answer in (("/health/live", live), ("/health/ready", ready)):
    router.head(_path, include_in_schema=False)(_answer)


def _close_up(zone: Zone | None, px_per_mm: float | None, photos: int) -> CloseUp | None:
    if (zone is None) != (px_per_mm is None) or (zone is not None and photos != 1):
        raise RequestRefused(
            "bad_request",
            f"zone {'given' if zone else 'absent'}, px_per_mm "
            f"{'given' if px_per_mm else 'absent'}, {photos} photos",
            "a close-up is one photo with both zone and px_per_mm",
        )
    return None if zone is None or px_per_mm is None else CloseUp(zone=zone, px_per_mm=px_per_mm)
