"""A sealed file opens; a file with one changed byte does not."""

import json
import random
from pathlib import Path

import pytest

from skinscore.contract.contract import DIGEST_KEY, METADATA_KEY, Contract
from skinscore.contract.onnx_file import inspect, with_metadata
from skinscore.contract.release import open_model, read_model, seal
from skinscore.domain.document import canonical_json, sha256_hex
from skinscore.errors import NotReady
from tests.tiny_model import tiny_contract, tiny_graph, tiny_model


@pytest.fixture(scope="module")
def sealed() -> bytes:
    return tiny_model()


@pytest.fixture(scope="module")
def contract(sealed: bytes) -> Contract:
    return open_model(sealed).contract


def resealed(sealed: bytes, text: str) -> bytes:
    return with_metadata(sealed, {METADATA_KEY: text, DIGEST_KEY: sha256_hex(text)})


def test_a_contract_survives_the_round_trip_through_the_file(contract: Contract) -> None:
    graph = tiny_graph()
    assert open_model(seal(graph, contract)).contract == contract
    assert open_model(seal(graph, contract)).digest == contract.digest


def test_sealing_leaves_the_graph_alone(sealed: bytes) -> None:
    assert inspect(sealed).graph_sha256 == inspect(tiny_graph()).graph_sha256


def test_sealing_twice_is_sealing_once(sealed: bytes, contract: Contract) -> None:
    assert seal(sealed, contract) == sealed


def test_any_changed_byte_of_the_contract_refuses_to_load(sealed: bytes) -> None:
    text = inspect(sealed).metadata[METADATA_KEY].encode()
    start = sealed.index(text)
    for at in random.Random(7).sample(range(start, start + len(text)), 300):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(NotReady) as refusal:
            open_model(bytes(changed))
        assert refusal.value.code in {"contract_digest_mismatch", "model_not_onnx"}


def test_any_changed_byte_of_the_graph_refuses_to_load(sealed: bytes) -> None:
    length = len(tiny_graph())
    for at in random.Random(8).sample(range(length), 300):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(NotReady) as refusal:
            open_model(bytes(changed))
        assert refusal.value.code in {
            "graph_digest_mismatch",
            "model_not_onnx",
            "model_unsafe",
            "contract_missing",
        }


def test_a_changed_contract_with_a_matching_digest_must_still_parse_and_fit(
    sealed: bytes, contract: Contract
) -> None:
    fields = json.loads(contract.canonical())
    del fields["geometry"]["border"]
    with pytest.raises(NotReady, match=r"contract_invalid: 1 problems: geometry\.border"):
        open_model(resealed(sealed, canonical_json(fields)))

    fields = json.loads(contract.canonical()) | {"extra": 1}
    with pytest.raises(NotReady, match=r"contract_invalid.*extra"):
        open_model(resealed(sealed, canonical_json(fields)))

    fields = json.loads(contract.canonical())
    with pytest.raises(NotReady, match="not canonical JSON"):
        open_model(resealed(sealed, json.dumps(fields, indent=1)))

    fields["graph_sha256"] = "0" * 64
    with pytest.raises(NotReady, match="graph_digest_mismatch"):
        open_model(resealed(sealed, canonical_json(fields)))


def test_every_single_field_is_required(contract: Contract) -> None:
    fields = json.loads(contract.canonical())

    def leaves(node: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
        if isinstance(node, dict):
            here = [(*path, key) for key in node]
            return here + [leaf for key in node for leaf in leaves(node[key], (*path, key))]
        if isinstance(node, list) and node:
            return leaves(node[0], (*path, 0))
        return []

    free = ("libraries",)  # a mapping, not a set of fields
    for path in leaves(fields):
        if path[-2:-1] == free:
            continue
        broken = json.loads(json.dumps(fields))
        parent = broken
        for step in path[:-1]:
            parent = parent[step]
        del parent[path[-1]]
        with pytest.raises(ValueError):
            Contract.model_validate_json(json.dumps(broken))


def test_a_file_without_a_contract_says_so() -> None:
    with pytest.raises(NotReady, match="contract_missing"):
        open_model(tiny_graph())


def test_a_missing_file_says_so_without_naming_the_path(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="model_missing") as refusal:
        read_model(tmp_path / "secret_patient.onnx")
    assert "secret_patient" not in str(refusal.value)


def test_a_contract_for_another_graph_is_not_sealed(contract: Contract) -> None:
    other = contract.model_copy(update={"graph_sha256": "1" * 64})
    with pytest.raises(NotReady, match="graph_digest_mismatch"):
        seal(tiny_graph(), other)


def test_the_digest_names_the_content(contract: Contract) -> None:
    graph = tiny_graph()
    assert tiny_contract(graph).digest == contract.digest
    changed = contract.gate.model_copy(update={"max_yaw_deg": 59.0})
    assert tiny_contract(graph, gate=changed).digest != contract.digest
