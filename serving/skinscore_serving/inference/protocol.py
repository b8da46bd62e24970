"""The protocol's words: named tensors in JSON, and one error body.

Source: Open Inference Protocol, ``inference_rest.md`` of kserve/open-inference-protocol. Of its
data types four are spoken here; the binary tensor extension is not. What the clients of Triton and
KServe add on their own (``model_name``, ``binary_data_output``, ``timeout``, ``priority``) is read,
and changes nothing.
"""

import base64
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from skinscore.domain.assessment import Gate
from skinscore.domain.document import Document
from skinscore.errors import RequestRefused
from skinscore_serving.openapi import problems

INPUT: Final = "photos"
PLATFORM: Final = "onnxruntime_onnx"
MOST_ID: Final = 200  # characters

Datatype = Literal["BYTES", "BOOL", "INT64", "FP32"]


class InputParameters(Document):
    """How a photo is written in JSON."""

    content_type: Annotated[
        Literal["base64"], Field(description="Bytes in JSON are base64; nothing else is read.")
    ] = "base64"


class InputTensor(Document):
    """The photos."""

    name: Literal["photos"]
    datatype: Literal["BYTES"]
    shape: Annotated[tuple[int], Field(description="How many photos.")]
    parameters: InputParameters | None = None
    data: Annotated[tuple[str, ...], Field(description="Each photo's file, in base64.")]


class RequestParameters(Document):
    """What may be asked beside the tensors."""

    gate: Annotated[Gate | None, Field(strict=False)] = None
    binary_data_output: bool | None = None  # the answer is JSON all the same
    timeout: int | None = None  # the service has its own deadline
    priority: int | None = None


class OutputParameters(Document):
    """How an output is wanted."""

    binary_data: bool | None = None  # the answer is JSON all the same


class WantedTensor(Document):
    """An output by its name."""

    name: str
    parameters: OutputParameters | None = None


class InferenceRequest(Document):
    """Photos, each graded on its own: they are not views of one visit."""

    id: Annotated[str | None, Field(max_length=MOST_ID, description="Yours; comes back.")] = None
    model_name: Annotated[
        str | None, Field(description="As in the path, where it stands at all.")
    ] = None
    parameters: Annotated[
        RequestParameters | None, Field(description="gate; the service's own when left out.")
    ] = None
    inputs: Annotated[
        tuple[InputTensor], Field(description="One tensor: photos, BYTES, base64, of shape [N].")
    ]
    outputs: Annotated[
        tuple[WantedTensor, ...] | None, Field(description="All of them when left out.")
    ] = None

    def photos(self, most: int) -> list[bytes]:
        """Return the files.

        Raises:
            RequestRefused: ``bad_request``; none, more than ``most``, another number than the
                shape says, or no base64.
        """
        (given,) = self.inputs
        if given.shape != (len(given.data),) or not 1 <= len(given.data) <= most:
            raise RequestRefused(
                "bad_request",
                f"{len(given.data)} photos in the tensor, and another shape or too many"
                if given.data
                else "no photo in the tensor",
                f"1 to {most} photos, and their number as the shape",
            )
        return [_decoded(place, text) for place, text in enumerate(given.data)]


class TensorMetadata(BaseModel):
    """A tensor of the model; -1 is any length."""

    model_config = ConfigDict(frozen=True)

    name: str
    datatype: Datatype
    shape: tuple[int, ...]


class OutputTensor(TensorMetadata):
    """An answer, its data row by row."""

    data: list[Any]


class InferenceResponse(BaseModel):
    """Tensors in the order that was asked for."""

    model_config = ConfigDict(frozen=True)

    model_name: str
    model_version: str
    id: str | None
    outputs: tuple[OutputTensor, ...]


class ModelMetadata(BaseModel):
    """What the model takes and gives."""

    model_config = ConfigDict(frozen=True)

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]


class ServerMetadata(BaseModel):
    """Who answers."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: str
    extensions: tuple[str, ...]


class InferenceError(BaseModel):
    """Every refusal and failure under ``/v2``."""

    model_config = ConfigDict(frozen=True)

    error: str = Field(description="The code, what was found, what is allowed, what to do.")


def errors(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return the declaration of a route's refusals and failures, one response per status."""
    return problems(*codes, body=InferenceError, media_type="application/json")


def _decoded(place: int, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise RequestRefused(
            "bad_request", f"photo {place} of the tensor is not base64", "base64 (RFC 4648)"
        ) from None
