"""An ONNX file, walked as bytes before any library opens it.

ONNX holds no code, but it can name external files, custom operators and local functions; each is
a way to make a loader read or run something that is not in the file. A released model has none of
them, and this walk refuses a file that does, before a session exists. Field numbers are those of
onnx.proto (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from skinscore.errors import NotReady

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 8
STANDARD_DOMAINS: Final = ("", "ai.onnx", "ai.onnx.ml")

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_METADATA, _MODEL_TRAINING, _MODEL_FUNCTIONS = 7, 8, 14, 20, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_ATTRIBUTE, _NODE_DOMAIN = 5, 7
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = (5, 10), (6, 11), (22, 23)
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14


@dataclass(frozen=True, slots=True)
class _Field:
    number: int
    wire: int
    value: int  # varint fields only
    payload: memoryview  # length-delimited fields only
    raw: memoryview  # tag and payload as they stand in the file


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """A file that passed the walk."""

    metadata: dict[str, str]
    graph_sha256: str  # hex, over everything in the file but its metadata


def inspect(data: bytes) -> OnnxFile:
    """Return metadata and digest of a self-contained ONNX file.

    Raises:
        NotReady: ``model_not_onnx`` when the bytes are not one ONNX model; ``model_unsafe`` for
            external data, foreign operators, local functions, training info or repeated metadata.
    """
    if len(data) > MAX_BYTES:
        raise NotReady(
            "model_unsafe", f"the file has {len(data)} bytes", f"at most {MAX_BYTES} are allowed"
        )
    digest = hashlib.sha256()
    metadata: dict[str, str] = {}
    graphs = 0
    for field in _fields(memoryview(data)):
        if field.number == _MODEL_METADATA:
            key, value = _entry(field.payload)
            if key in metadata:
                raise _unsafe(f"metadata {key!r} repeats", "each key may occur once")
            metadata[key] = value
            continue
        digest.update(field.raw)
        if field.number == _MODEL_GRAPH:
            graphs += 1
            _check_graph(field.payload, depth=1)
        elif field.number == _MODEL_OPSET:
            _check_domain(_text(field.payload, number=1))
        elif field.number in (_MODEL_TRAINING, _MODEL_FUNCTIONS):
            raise _unsafe("training info or local functions", "only a plain graph is allowed")
    if graphs != 1:
        raise _not_onnx(f"{graphs} graphs")
    return OnnxFile(metadata=metadata, graph_sha256=digest.hexdigest())


def with_metadata(data: bytes, entries: dict[str, str]) -> bytes:
    """Return the file with exactly ``entries`` as metadata; nothing else changes."""
    kept = [
        bytes(field.raw) for field in _fields(memoryview(data)) if field.number != _MODEL_METADATA
    ]
    added = [
        _length_delimited(
            _MODEL_METADATA,
            _length_delimited(1, key.encode()) + _length_delimited(2, value.encode()),
        )
        for key, value in entries.items()
    ]
    return b"".join(kept + added)


def _check_graph(graph: memoryview, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _unsafe(f"graphs nested {depth} deep", f"at most {MAX_DEPTH} are allowed")
    for field in _fields(graph):
        if field.number == _GRAPH_NODE:
            _check_node(field.payload, depth)
        elif field.number == _GRAPH_INITIALIZER:
            _check_tensor(field.payload)
        elif field.number == _GRAPH_SPARSE:
            _check_sparse(field.payload)


def _check_node(node: memoryview, depth: int) -> None:
    for field in _fields(node):
        if field.number == _NODE_DOMAIN:
            _check_domain(str(field.payload, "utf-8", "replace"))
        elif field.number == _NODE_ATTRIBUTE:
            for part in _fields(field.payload):
                if part.number in _ATTRIBUTE_TENSORS:
                    _check_tensor(part.payload)
                elif part.number in _ATTRIBUTE_GRAPHS:
                    _check_graph(part.payload, depth + 1)
                elif part.number in _ATTRIBUTE_SPARSE:
                    _check_sparse(part.payload)


def _check_sparse(sparse: memoryview) -> None:
    for field in _fields(sparse):
        if field.number in (1, 2):
            _check_tensor(field.payload)


def _check_tensor(tensor: memoryview) -> None:
    for field in _fields(tensor):
        external = field.number == _TENSOR_EXTERNAL
        if external or (field.number == _TENSOR_LOCATION and field.value != 0):
            raise _unsafe("weights outside the file", "all weights must be inside the one file")


def _check_domain(domain: str) -> None:
    if domain not in STANDARD_DOMAINS:
        raise _unsafe("operators of a foreign domain", "only standard ONNX operators are allowed")


def _text(message: memoryview, number: int) -> str:
    for field in _fields(message):
        if field.number == number:
            return str(field.payload, "utf-8", "replace")
    return ""


def _entry(message: memoryview) -> tuple[str, str]:
    try:
        parts = {field.number: str(field.payload, "utf-8") for field in _fields(message)}
    except UnicodeDecodeError:
        raise _not_onnx("metadata that is not text") from None
    return parts.get(1, ""), parts.get(2, "")


def _fields(message: memoryview) -> Iterator[_Field]:
    """Yield the top-level fields of a protobuf message (wire format of proto2/proto3)."""
    nothing = message[:0]
    at = 0
    while at < len(message):
        start = at
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        value, payload = 0, nothing
        if wire == _VARINT:
            value, at = _varint(message, at)
        elif wire == _BYTES:
            length, at = _varint(message, at)
            payload = message[at : at + length]
            at += length
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
        else:
            raise _not_onnx(f"wire type {wire}")
        if number == 0 or tag >> 32 or at > len(message):  # a wider tag reads otherwise elsewhere
            raise _not_onnx("a field that runs past the end")
        yield _Field(number, wire, value, payload, message[start:at])


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise _not_onnx("a number cut off")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _not_onnx("a number longer than ten bytes")


def _encode_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _length_delimited(number: int, payload: bytes) -> bytes:
    return _encode_varint(number << 3 | _BYTES) + _encode_varint(len(payload)) + payload


def _not_onnx(found: str) -> NotReady:
    return NotReady("model_not_onnx", f"found {found}", "the file must be one ONNX model")


def _unsafe(found: str, allowed: str) -> NotReady:
    return NotReady("model_unsafe", f"found {found}", allowed)
