"""Seal a contract into an exported graph, and open a sealed file again, fail-closed."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from skinscore.contract import onnx_file
from skinscore.contract.contract import DIGEST_KEY, METADATA_KEY, Contract
from skinscore.domain.document import field_problems, sha256_hex
from skinscore.errors import NotReady


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file whose contract parses and belongs to its graph. Not yet self-tested."""

    data: bytes
    contract: Contract
    digest: str  # hex, of the contract


def seal(graph: bytes, contract: Contract) -> bytes:
    """Return the ONNX file ``graph`` carrying ``contract``; metadata it had before is dropped.

    Raises:
        NotReady: ``graph_digest_mismatch`` when the contract was written for another graph.
    """
    found = onnx_file.inspect(graph).graph_sha256
    _require_same_graph(found, contract)
    text = contract.canonical()
    return onnx_file.with_metadata(graph, {METADATA_KEY: text, DIGEST_KEY: sha256_hex(text)})


def read_model(path: Path) -> ModelFile:
    """Open the sealed file at ``path``; see :func:`open_model`.

    Raises:
        NotReady: ``model_missing`` when there is no readable file, or as :func:`open_model`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(onnx_file.MAX_BYTES + 1)  # one more: then it is refused by its size
    except OSError:
        raise NotReady(
            "model_missing", "no readable file at the path given", "a skinscore .onnx file"
        ) from None
    return open_model(data)


def open_model(data: bytes) -> ModelFile:
    """Return the file with its contract after every check that needs no runtime.

    Raises:
        NotReady: ``model_not_onnx``, ``model_unsafe``, ``contract_missing``,
            ``contract_digest_mismatch``, ``contract_invalid`` or ``graph_digest_mismatch``.
    """
    file = onnx_file.inspect(data)
    text, digest = file.metadata.get(METADATA_KEY), file.metadata.get(DIGEST_KEY)
    if text is None or digest is None:
        raise NotReady(
            "contract_missing",
            "the file carries no skinscore contract",
            f"metadata {METADATA_KEY} and {DIGEST_KEY} must both be there",
        )
    if sha256_hex(text) != digest:
        raise NotReady(
            "contract_digest_mismatch",
            f"the contract hashes to {sha256_hex(text)[:12]}",
            f"the file says {digest[:12]}",
        )
    try:
        contract = Contract.model_validate_json(text)
    except ValidationError as problem:
        raise NotReady(
            "contract_invalid",
            f"{problem.error_count()} problems: {field_problems(problem)}",
            "every field of skinscore.contract/1 is required and none is guessed",
        ) from None
    if contract.canonical() != text:
        raise NotReady(
            "contract_invalid", "the contract is not canonical JSON", "sorted keys, no spaces"
        )
    _require_same_graph(file.graph_sha256, contract)
    return ModelFile(data=data, contract=contract, digest=digest)


def _require_same_graph(found: str, contract: Contract) -> None:
    if found != contract.graph_sha256:
        raise NotReady(
            "graph_digest_mismatch",
            f"the graph hashes to {found[:12]}",
            f"the contract was written for {contract.graph_sha256[:12]}",
        )
