"""The protocol's endpoints."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from skinscore import __version__
from skinscore.errors import RequestRefused
from skinscore_serving.admission import Admission
from skinscore_serving.bodies import read_whole, require_few_values
from skinscore_serving.inference.protocol import (
    INPUT,
    PLATFORM,
    InferenceRequest,
    InferenceResponse,
    ModelMetadata,
    RequestParameters,
    ServerMetadata,
    TensorMetadata,
    errors,
)
from skinscore_serving.inference.tensors import OUTPUTS, require_outputs, tensors_of
from skinscore_serving.loading import loaded_grader
from skinscore_serving.metrics import Metrics
from skinscore_serving.openapi import ALWAYS, NO_MODEL, OPEN, reference
from skinscore_serving.parameters import STRICT
from skinscore_serving.settings import Settings

router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

_MODEL: Final = "/models/{model}"
_VERSION: Final = "/models/{model}/versions/{version}"
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": reference(InferenceRequest)}},
    }
}
# Triton's clients name no type, or bytes. Nothing is kept or changed here, so no page of another
# site gains by sending what needs nobody's leave; forms and texts stay refused.
_KINDS: Final = ("application/json", "", "application/octet-stream")
_ABOUT: Final = errors("bad_request", "not_found", *ALWAYS, *NO_MODEL)
_INFER: Final = errors(
    *("bad_request", "document_invalid", "not_found", *ALWAYS, *NO_MODEL),
    *("overloaded", "deadline_exceeded"),
)


def require_model(
    request: Request,
    model: Annotated[str, Path(description="Its name: skinscore, for the shipped one.")],
) -> None:
    """Refuse another model than the one that grades; the name given is not repeated.

    Raises:
        RequestRefused: ``not_found``.
        NotReady: no model is loaded.
    """
    identity = loaded_grader(request.app).contract.identity
    if model != identity.name:
        raise RequestRefused(
            "not_found", "no model of that name", f"the model of this service is {identity.name}"
        )


def require_version(
    request: Request,
    version: Annotated[str, Path(description="The only one that this service has.")],
) -> None:
    """Refuse another version than the one that grades.

    Raises:
        RequestRefused: ``not_found``.
        NotReady: no model is loaded.
    """
    identity = loaded_grader(request.app).contract.identity
    if version != identity.version:
        raise RequestRefused(
            "not_found", "no version of that name", f"this service has {identity.version}"
        )


_OF_MODEL: Final = [*STRICT, Depends(require_model)]
_OF_VERSION: Final = [*_OF_MODEL, Depends(require_version)]


@router.get("/health/live", responses=errors(*OPEN), summary="The process answers")
async def live() -> dict[str, bool]:
    """Answer whenever the process can."""
    return {"live": True}


@router.get("/health/ready", responses=errors(*OPEN, *NO_MODEL), summary="The model is loaded")
async def ready(request: Request) -> dict[str, bool]:
    """Answer once photos are graded, or 503 and the reason why none is."""
    loaded_grader(request.app)
    return {"live": True, "ready": True}


@router.get("/", dependencies=STRICT, include_in_schema=False)
@router.get("", dependencies=STRICT, responses=errors("bad_request", *ALWAYS), summary="The server")
async def server() -> ServerMetadata:
    """Answer with the library's version; no extension of the protocol is offered."""
    return ServerMetadata(name="skinscore", version=__version__, extensions=())


@router.get(_MODEL, dependencies=_OF_MODEL, responses=_ABOUT, summary="Tensors of the model")
@router.get(_VERSION, dependencies=_OF_VERSION, responses=_ABOUT, summary="Tensors of the version")
async def metadata(request: Request) -> ModelMetadata:
    """Answer with the tensors; ``zone`` names the places of every other output."""
    contract = loaded_grader(request.app).contract
    return ModelMetadata(
        name=contract.identity.name,
        versions=(contract.identity.version,),
        platform=PLATFORM,
        inputs=(TensorMetadata(name=INPUT, datatype="BYTES", shape=(-1,)),),
        outputs=tuple(OUTPUTS.values()),
    )


@router.get(f"{_MODEL}/ready", dependencies=_OF_MODEL, responses=_ABOUT, summary="It is loaded")
@router.get(f"{_VERSION}/ready", dependencies=_OF_VERSION, responses=_ABOUT, summary="It is loaded")
async def model_ready(request: Request) -> dict[str, Any]:
    """Answer once this model grades."""
    contract = loaded_grader(request.app).contract
    return {"name": contract.identity.name, "ready": True}


@router.post(
    f"{_MODEL}/infer",
    response_model=InferenceResponse,
    openapi_extra=_BODY,
    dependencies=_OF_MODEL,
    responses=_INFER,
    summary="Grade photos, each on its own",
)
@router.post(
    f"{_VERSION}/infer",
    response_model=InferenceResponse,
    openapi_extra=_BODY,
    dependencies=_OF_VERSION,
    responses=_INFER,
    summary="Grade photos by this version, each on its own",
)
async def infer(request: Request) -> Response:
    """Answer with the grades of each photo; a photo that is refused has none and is no error."""
    settings: Settings = request.app.state.settings
    admission: Admission = request.app.state.admission
    metrics: Metrics = request.app.state.metrics
    grader = loaded_grader(request.app)
    identity = grader.contract.identity
    async with admission.arrival(settings.deadline_s):
        _require_plain(request)
        body = await read_whole(request, *_KINDS, largest=settings.max_body_mb * 1024 * 1024)

    def grade() -> str:
        require_few_values(body)
        asked = InferenceRequest.parse(body)
        if asked.model_name not in (None, identity.name):
            raise RequestRefused(
                "bad_request", "another model_name than in the path", "that of the path, or none"
            )
        wanted = None if asked.outputs is None else [output.name for output in asked.outputs]
        names, photos = require_outputs(wanted), asked.photos(settings.max_photos)
        parameters = asked.parameters or RequestParameters()
        gate = parameters.gate or settings.gate
        assessments = [grader.assess(photo, gate=gate) for photo in photos]
        for assessment in assessments:
            metrics.graded(assessment)
        return InferenceResponse(
            model_name=identity.name,
            model_version=identity.version,
            id=asked.id,
            outputs=tensors_of(assessments, names),
        ).model_dump_json(exclude_none=True)

    answer = await admission.submit(grade, deadline_s=settings.deadline_s)
    return Response(answer, media_type="application/json")


def _require_plain(request: Request) -> None:
    """Refuse a body that is not JSON from end to end.

    Raises:
        RequestRefused: ``bad_request``.
    """
    for header, what in (
        ("inference-header-content-length", "the binary tensor extension"),
        ("content-encoding", "a compressed body"),
    ):
        if header in request.headers:
            raise RequestRefused("bad_request", what, "plain JSON, photos in base64")


for _path, _answer in (("/health/live", live), ("/health/ready", ready)):
    router.head(_path, include_in_schema=False)(_answer)
