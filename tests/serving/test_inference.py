"""A client of the Open Inference Protocol gets the grades that ``/v1`` gives."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from skinscore import Grader
from skinscore.assets.shipped import sample_photos
from skinscore.domain.assessment import Assessment
from skinscore.domain.concerns import CONCERNS
from skinscore.domain.zones import ZONES
from skinscore_serving.bodies import MOST_VALUES
from skinscore_serving.inference.tensors import OUTPUTS
from tests.serving.test_service import serve, wait_until_ready

KINDS = ("assessable", "grade", "score", "probabilities", "likely_range")
TENSORS = {"BOOL": np.bool_, "INT64": np.int64, "FP32": np.float32, "BYTES": np.str_}


@pytest.fixture
def client(grader: Grader) -> Iterator[TestClient]:
    with serve(lambda settings: grader) as client:
        wait_until_ready(client)
        yield client


@pytest.fixture
def model(grader: Grader) -> str:
    return f"/v2/models/{grader.contract.identity.name}"


def request_of(*photos: bytes, **more: object) -> dict[str, Any]:
    tensor = {
        "name": "photos",
        "datatype": "BYTES",
        "shape": [len(photos)],
        "parameters": {"content_type": "base64"},
        "data": [base64.b64encode(photo).decode() for photo in photos],
    }
    return {"inputs": [tensor], **more}


def tensors_in(answer: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the outputs as a client reads them: by name, of the declared type and shape."""
    return {
        row["name"]: np.array(row["data"], TENSORS[row["datatype"]]).reshape(row["shape"])
        for row in answer["outputs"]
    }


def photo() -> bytes:
    return sample_photos()[0].read_bytes()


def test_the_tensors_are_the_grades_of_the_grader(
    client: TestClient, model: str, grader: Grader
) -> None:
    answer = client.post(f"{model}/infer", json=request_of(photo(), id="42"))
    assert answer.status_code == 200
    assert answer.json()["id"] == "42"
    found, expected = tensors_in(answer.json()), grader.assess(photo())
    assert found["zone"].tolist() == [zone.value for zone in ZONES]
    by_zone = {record.zone: record for record in expected.zones}
    for place, zone in enumerate(ZONES):
        for grade in by_zone[zone].grades:
            kind = {name: found[f"{grade.concern}_{name}"][0, place] for name in KINDS}
            assert bool(kind["assessable"]) == grade.assessable
            assert kind["grade"] == (-1 if grade.grade is None else grade.grade)
            assert kind["score"] == np.float32(-1 if grade.score is None else grade.score)
            expected_shares = [-1.0] * 5 if grade.probabilities is None else grade.probabilities
            assert kind["probabilities"].tolist() == np.array(expected_shares, np.float32).tolist()
            assert tuple(kind["likely_range"]) == (grade.likely_range or (-1, -1))


def test_a_photo_among_others_is_graded_as_alone(client: TestClient, model: str) -> None:
    asked = {"outputs": [{"name": "assessment"}, {"name": "wrinkles_score"}, {"name": "outcome"}]}
    several = client.post(f"{model}/infer", json=request_of(photo(), b"none", photo(), **asked))
    alone = client.post(f"{model}/infer", json=request_of(photo(), **asked))
    first, refused, last = (
        Assessment.parse(text) for text in tensors_in(several.json())["assessment"].tolist()
    )
    (own,) = (Assessment.parse(text) for text in tensors_in(alone.json())["assessment"].tolist())
    assert first.id == last.id == own.id
    assert first.zones == own.zones
    assert not refused.zones
    found = tensors_in(several.json())
    assert found["outcome"].tolist() == ["graded", "refused", "graded"]
    assert (found["wrinkles_score"][1] == -1).all()
    assert [row["name"] for row in several.json()["outputs"]] == [
        row["name"] for row in asked["outputs"]
    ]


def test_what_is_declared_is_what_comes(client: TestClient, model: str) -> None:
    told = client.get(model).json()
    assert [tensor["name"] for tensor in told["inputs"]] == ["photos"]
    answer = client.post(f"{model}/infer", json=request_of(photo(), photo())).json()
    for declared, came in zip(told["outputs"], answer["outputs"], strict=True):
        assert (declared["name"], declared["datatype"]) == (came["name"], came["datatype"])
        assert came["shape"] == [2 if length < 0 else length for length in declared["shape"]]
        assert len(came["data"]) == np.prod(came["shape"])
    assert len(OUTPUTS) == len(KINDS) * len(CONCERNS) + 3


def test_the_version_may_stand_in_the_path(client: TestClient, model: str, grader: Grader) -> None:
    version = f"{model}/versions/{grader.contract.identity.version}"
    assert client.get(version).json() == client.get(model).json()
    assert client.get(f"{version}/ready").json() == client.get(f"{model}/ready").json()
    asked = request_of(photo(), outputs=[{"name": "wrinkles_grade"}])
    assert (
        client.post(f"{version}/infer", json=asked).json()
        == client.post(f"{model}/infer", json=asked).json()
    )


def test_the_gate_may_be_asked_for(client: TestClient, model: str) -> None:
    asked = request_of(photo(), parameters={"gate": "off"}, outputs=[{"name": "assessment"}])
    (text,) = tensors_in(client.post(f"{model}/infer", json=asked).json())["assessment"].tolist()
    assert Assessment.parse(text).gate == "off"


def test_the_server_and_its_probes(client: TestClient, model: str) -> None:
    assert client.get("/v2").json()["extensions"] == []
    assert client.get("/v2/").json() == client.get("/v2").json()
    assert client.head("/v2/health/ready").status_code == 200
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"live": True, "ready": True}
    assert client.get(f"{model}/ready").json()["ready"] is True


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        pytest.param({"inputs": []}, 422, "inputs", id="no tensor"),
        pytest.param({"outputs": []}, 400, "0 outputs", id="no output"),
        pytest.param({"outputs": [{"name": "age"}]}, 400, "1 of them unknown", id="no such output"),
        pytest.param({"outputs": [{"name": "zone"}] * 2}, 400, "1 different", id="output twice"),
        pytest.param({"parameters": {"gate": "lenient"}}, 422, "gate", id="no such gate"),
        pytest.param({"parameters": {"gat": "off"}}, 422, "gat", id="mistyped parameter"),
        pytest.param({"id": 7}, 422, "id", id="a number for a name"),
        pytest.param({"tensors": []}, 422, "tensors", id="unknown field"),
        pytest.param({"model_name": "another"}, 400, "model_name", id="another model"),
        pytest.param(
            {"outputs": [{"name": "zone", "parameters": {"classification": 3}}]},
            422,
            "classification",
            id="a wish that is not met",
        ),
    ],
)
def test_a_wrong_request_is_refused_in_the_protocols_words(
    client: TestClient, model: str, change: dict[str, object], status: int, words: str
) -> None:
    answer = client.post(f"{model}/infer", json=request_of(photo()) | change)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]
    assert "x-request-id" in answer.headers


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"shape": [2]}, 400, id="shape of two"),
        pytest.param({"shape": [1, 1]}, 422, id="shape of a matrix"),
        pytest.param({"shape": [0], "data": []}, 400, id="no photo"),
        pytest.param({"shape": [6], "data": [""] * 6}, 400, id="too many"),
        pytest.param({"data": ["not base64!"]}, 400, id="no base64"),
        pytest.param({"data": [["eA=="]]}, 422, id="nested"),
        pytest.param({"name": "image"}, 422, id="another name"),
        pytest.param({"datatype": "UINT8"}, 422, id="another type"),
        pytest.param({"parameters": {"binary_data_size": 3}}, 422, id="binary extension"),
    ],
)
def test_a_wrong_tensor_is_refused_and_its_content_never_repeated(
    client: TestClient, model: str, change: dict[str, object], status: int
) -> None:
    asked = request_of(b"secret")
    asked["inputs"][0] |= change
    answer = client.post(f"{model}/infer", json=asked)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    for text in asked["inputs"][0]["data"]:
        assert not text or str(text) not in answer.json()["error"]


# As the clients of Triton (2.73) and KServe send it: without a type or as bytes, and with words of
# their own.
@pytest.mark.parametrize("kind", [None, "application/octet-stream", "application/json"])
@pytest.mark.parametrize(
    "own_words",
    [
        pytest.param({"parameters": {"binary_data_output": True}}, id="Triton, all outputs"),
        pytest.param(
            {"outputs": [{"name": "wrinkles_grade", "parameters": {"binary_data": False}}]},
            id="Triton, one output",
        ),
        pytest.param({"parameters": {"timeout": 5, "priority": 1}}, id="Triton, in a hurry"),
        pytest.param({"model_name": "NAME", "id": "7", "parameters": None}, id="KServe"),
    ],
)
def test_what_the_clients_add_on_their_own_changes_nothing(
    client: TestClient, model: str, grader: Grader, kind: str | None, own_words: dict[str, Any]
) -> None:
    name = grader.contract.identity.name
    asked = request_of(photo()) | own_words
    asked |= {"model_name": name} if "model_name" in own_words else {}
    headers = {} if kind is None else {"content-type": kind}
    answer = client.post(f"{model}/infer", content=json.dumps(asked), headers=headers)
    assert answer.status_code == 200
    found = tensors_in(answer.json())["wrinkles_grade"].tolist()
    plain = client.post(f"{model}/infer", json=request_of(photo())).json()
    assert found == tensors_in(plain)["wrinkles_grade"].tolist()
    assert "id" not in plain


@pytest.mark.parametrize(
    "header", [{"inference-header-content-length": "9"}, {"content-encoding": "gzip"}]
)
def test_what_is_not_plain_json_is_refused_by_its_name(
    client: TestClient, model: str, header: dict[str, str]
) -> None:
    answer = client.post(f"{model}/infer", json=request_of(photo()), headers=header)
    assert answer.status_code == 400
    assert "plain JSON" in answer.json()["error"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_form_of_another_site_is_refused(client: TestClient, model: str, kind: str) -> None:
    body = json.dumps(request_of(photo()))
    answer = client.post(f"{model}/infer", content=body, headers={"content-type": kind})
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["", "/ready", "/infer", "/versions/0.0.1", "/versions/0/infer"])
def test_another_model_is_not_found_and_not_repeated(client: TestClient, path: str) -> None:
    send = client.post if path.endswith("infer") else client.get
    answer = send(f"/v2/models/jane-doe{path}")
    assert answer.status_code == 404
    assert "jane" not in answer.json()["error"]


@pytest.mark.parametrize("path", ["", "/ready", "/infer"])
def test_another_version_of_the_model_is_not_found(
    client: TestClient, model: str, path: str
) -> None:
    send = client.post if path == "/infer" else client.get
    answer = send(f"{model}/versions/jane-doe{path}")
    assert answer.status_code == 404
    assert "jane" not in answer.json()["error"]


def test_a_path_beside_the_protocol_is_not_found_in_its_words(client: TestClient) -> None:
    assert list(client.get("/v2/nowhere").json()) == ["error"]
    assert client.get("/v20").json()["code"] == "not_found"


@pytest.mark.parametrize(
    "many",
    [
        pytest.param('{"outputs":[' + '{"name":"zone"},' * 20_000 + "{}]}", id="side by side"),
        pytest.param('{"inputs":[' + "[" * 900 + "]" * 900 + ",[]" * 3_000 + "]}", id="nested"),
        pytest.param('{"inputs":' + ("[" * 900 + "]" * 900) * 20 + "}", id="without a comma"),
    ],
)
def test_many_values_are_refused_before_they_are_read(
    client: TestClient, model: str, many: str
) -> None:
    headers = {"content-type": "application/json"}
    answer = client.post(f"{model}/infer", content=many, headers=headers)
    assert answer.status_code == 422
    assert ("values" in answer.json()["error"]) == (sum(map(many.count, ",[{")) > MOST_VALUES)


def test_it_counts_and_queues_like_the_rest(grader: Grader, model: str) -> None:
    with serve(lambda settings: grader, running=1, waiting=0) as client:
        wait_until_ready(client)
        client.post(f"{model}/infer", json=request_of(photo(), b"none"))
        text = client.get("/metrics").text
        assert 'skinscore_photos_total{code="",outcome="graded"} 1.0' in text
        assert 'outcome="refused"} 1.0' in text
        client.app.state.admission.waiting = 1  # type: ignore[attr-defined]
        answer = client.post(f"{model}/infer", json=request_of(photo()))
        assert answer.status_code == 503
        assert answer.json()["error"].startswith("overloaded: ")
        assert int(answer.headers["retry-after"]) >= 1
