"""The service's promises, in process and with a real (tiny) model."""

import asyncio
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from skinscore import Grader
from skinscore.assets.shipped import sample_photos
from skinscore.domain.assessment import Assessment, Gate, Outcome
from skinscore.errors import RequestRefused
from skinscore_serving import multipart, routes
from skinscore_serving.app import create_app
from skinscore_serving.openapi import CODES_KEY, Problem
from skinscore_serving.settings import Settings, read_settings
from tests.tiny_model import tiny_model

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def client(grader: Grader) -> Iterator[TestClient]:
    with serve(lambda settings: grader) as client:
        wait_until_ready(client)
        yield client


def serve(load: Callable[[Settings], Grader], **settings: object) -> TestClient:
    """Return a client of the service that fails on any answer which the API does not declare."""
    app = create_app(Settings.model_validate(settings), load)
    client = TestClient(app, raise_server_exceptions=False)
    client.event_hooks = {"response": [partial(require_declared, app.openapi())]}
    return client


def require_declared(document: dict[str, Any], answer: httpx.Response) -> None:
    place, method = answer.request.url.path, answer.request.method.lower()
    paths = [row for path, row in document["paths"].items() if fits(path, place)]
    operation = next((row[method] for row in paths if method in row), None)
    if operation is None:  # 404 and 405: there is no such operation to declare them
        return
    declared = operation["responses"]
    assert str(answer.status_code) in declared
    response = declared[str(answer.status_code)]
    kind = answer.headers["content-type"]
    assert kind in response["content"]
    assert set(response.get("headers", {})) <= {
        name for name in ("X-Request-ID", "Retry-After") if name in answer.headers
    }
    if response.get(CODES_KEY) and kind == "application/json":  # the inference protocol's words
        answer.read()
        assert answer.json()["error"].partition(":")[0] in response[CODES_KEY]
    if kind == "application/problem+json":
        answer.read()
        assert answer.json()["code"] in response[CODES_KEY]
        assert Problem.model_validate(answer.json(), extra="forbid")


def fits(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) is not None


def wait_until_ready(client: TestClient) -> None:
    for _ in range(200):
        if client.get("/health/ready").status_code == 200:
            return
        time.sleep(0.02)
    raise AssertionError("never ready")


def posted_at_once(
    client: TestClient, count: int, *, until: tuple[int, int, int], then: threading.Event
) -> list[int]:
    """Post ``count`` photos together, set ``then`` when so many are running, waiting and answered,
    and return the statuses in order.
    """

    def post(_: int) -> int:
        return int(client.post("/v1/assessments", files=[("photos", b"x")]).status_code)

    with ThreadPoolExecutor(count) as pool:
        answers = [pool.submit(post, index) for index in range(count)]
        settled = (0, 0, 0)
        for _ in range(600):
            health = client.get("/health/ready").json()
            answered = sum(answer.done() for answer in answers)
            settled = (health["running"], health["waiting"], answered)
            if settled == until:
                break
            time.sleep(0.05)
        then.set()
        assert settled == until
        return sorted(answer.result() for answer in answers)


def photo() -> bytes:
    return sample_photos()[0].read_bytes()


def test_a_photo_gets_the_same_document_as_from_the_grader(
    client: TestClient, grader: Grader
) -> None:
    answer = client.post("/v1/assessments?gate=warn", files=[("photos", photo())])
    assert answer.status_code == 200
    served = Assessment.parse(answer.content)
    alone = grader.assess(photo(), gate=Gate.WARN)
    assert served.model_copy(update={"created_at": alone.created_at}) == alone


def test_several_photos_are_views_of_one_visit(client: TestClient) -> None:
    files = [("photos", path.read_bytes()) for path in sample_photos()]
    answer = client.post("/v1/assessments", files=files, params={"client_ref": "visit 7"})
    document = Assessment.parse(answer.content)
    assert len(document.photos) == len(files)
    assert document.client_ref == "visit 7"


def test_a_photo_that_cannot_be_graded_is_a_document_not_an_http_error(client: TestClient) -> None:
    answer = client.post("/v1/assessments", files=[("photos", b"not a photo")])
    assert answer.status_code == 200
    document = Assessment.parse(answer.content)
    assert document.outcome is Outcome.REFUSED
    assert document.photos[0].codes == ("unsupported_type",)


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        pytest.param({"url": "/v1/assessments", "files": []}, 400, "bad_request", id="no file"),
        pytest.param(
            {"url": "/v1/assessments", "files": [("photos", b"x")] * 6}, 400, "bad_request",
            id="too many files",
        ),
        pytest.param(
            {"url": "/v1/assessments", "files": [("photo", b"x")]}, 400, "bad_request",
            id="wrong field",
        ),
        pytest.param(
            {"url": "/v1/assessments?zone=chin", "files": [("photos", b"x")]}, 400, "bad_request",
            id="zone without scale",
        ),
        pytest.param(
            {
                "url": "/v1/assessments?zone=chin&px_per_mm=0.0001",
                "files": [("photos", b"x")],
            },
            400, "bad_request", id="absurd scale",
        ),
        pytest.param(
            {"url": "/v1/assessments?gate=lenient", "files": [("photos", b"x")]}, 400,
            "bad_request", id="unknown gate",
        ),
        pytest.param(
            {
                "url": "/v1/assessments",
                "content": b"--x\r\nbroken",
                "headers": {"content-type": "multipart/form-data; boundary=x"},
            },
            400, "bad_request", id="broken multipart",
        ),
        pytest.param({"url": "/v1/nowhere"}, 404, "not_found", id="no such path"),
        pytest.param({"url": "/v1/model"}, 405, "method_not_allowed", id="wrong method"),
    ],
)  # fmt: skip
def test_every_error_is_a_problem_with_a_code(
    client: TestClient, request_: dict[str, object], status: int, code: str
) -> None:
    answer = client.post(**request_)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["code"], body["status"]) == (code, status)
    assert body["hint"]
    assert body["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        pytest.param("foo=1", "1 unknown query parameter; the known ones are gate,", id="unknown"),
        pytest.param("Gate=off", "1 unknown query parameter;", id="other case"),
        pytest.param("gate=warn&gate=off", "gate 2 times", id="the loosest gate last"),
        pytest.param("gate=warn&gate=warn", "gate 2 times", id="twice the same"),
        pytest.param("client_ref=&client_ref=x", "client_ref 2 times", id="one empty"),
        pytest.param("gate", "query.gate", id="no value"),
    ],
)
def test_a_parameter_is_known_and_given_once_or_the_request_is_refused(
    client: TestClient, query: str, words: str
) -> None:
    answer = client.post(f"/v1/assessments?{query}", files=[("photos", b"x")])
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert words in answer.json()["detail"]


def test_an_unknown_name_is_counted_and_never_repeated(client: TestClient) -> None:
    query = {f"<script>Anna{number}": "x" for number in range(50)}
    for answer in (
        client.post("/v1/assessments", params=query, files=[("photos", b"x")]),
        client.post("/v1/assessments", data=query, files=[("photos", b"x")]),
        client.get("/v1/model", params=query),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
        assert "Anna" not in answer.text


def test_a_probe_may_ask_with_head(client: TestClient) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_a_probe_with_a_query_of_its_own_does_not_find_the_service_dead(
    client: TestClient,
) -> None:
    assert client.get("/health/live?probe=7").status_code == 200
    assert client.get("/health/ready?probe=7").status_code == 200


def test_a_field_beside_the_photos_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/assessments", data={"gate": "off"}, files=[("photos", b"x")])
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert "1 other fields" in answer.json()["detail"]


def test_nothing_is_declared_that_never_comes() -> None:
    document = create_app(Settings(), lambda _: Grader.load()).openapi()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            refusals = {key: row for key, row in operation["responses"].items() if key != "200"}
            assert all(CODES_KEY in row for row in refusals.values()), path
    assert not [name for name in document["components"]["schemas"] if "Validation" in name]


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_body_over_the_limit_is_refused_whether_its_size_is_declared_or_not(
    grader: Grader, chunked: bool
) -> None:
    body = b"--x\r\ncontent-disposition: form-data; name=photos; filename=a\r\n\r\n" + b"0" * 2**21
    with serve(lambda settings: grader, max_body_mb=1) as client:
        wait_until_ready(client)
        answer = client.post(
            "/v1/assessments",
            content=iter([body]) if chunked else body,
            headers={"content-type": "multipart/form-data; boundary=x"},
        )
    assert answer.status_code == 413
    assert answer.json()["code"] == "file_too_large"


def test_ready_turns_green_only_after_loading_and_live_answers_before(grader: Grader) -> None:
    loaded = threading.Event()

    def slowly(settings: Settings) -> Grader:
        loaded.wait(10)
        return grader

    with serve(slowly) as client:
        assert client.get("/health/live").status_code == 200
        answer = client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["code"] == "not_ready"
        assert "retry-after" in answer.headers
        assert client.post("/v1/assessments", files=[("photos", b"x")]).status_code == 503
        loaded.set()
        wait_until_ready(client)


def test_a_model_that_fails_its_checks_is_never_ready_and_says_why(tmp_path: Path) -> None:
    changed = bytearray(tiny_model())
    changed[-10] ^= 1
    path = tmp_path / "changed.onnx"
    path.write_bytes(bytes(changed))
    with serve(lambda settings: Grader.load(path)) as client:
        for _ in range(100):
            answer = client.get("/health/ready")
            if answer.json()["code"] != "not_ready":
                break
            time.sleep(0.02)
    assert answer.status_code == 503
    assert answer.json()["code"] == "contract_digest_mismatch"


def test_a_model_setting_that_makes_no_sense_is_no_fault_of_who_asks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(_: Settings) -> Grader:
        raise RequestRefused("usage", "no such scheme", "a model file or a registry's address")

    with serve(refuse) as client:
        for _ in range(100):
            answer = client.post("/v1/assessments", files=[("photos", b"x")])
            if "usage" in answer.text:
                break
            time.sleep(0.02)
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert "the model could not be loaded (usage)" in answer.json()["detail"]
    assert any("never ready: usage" in row.message for row in caplog.records)


@pytest.mark.parametrize("photos", [1, 2])
def test_a_body_that_ends_before_its_last_boundary_loses_no_photo_in_silence(
    client: TestClient, photos: int
) -> None:
    head = '--x\r\nContent-Disposition: form-data; name="photos"; filename="a"\r\n\r\n'
    body = "".join(f"{head}photo{number}\r\n" for number in range(photos))
    answers = [
        client.post(
            "/v1/assessments",
            content=(body + end).encode(),
            headers={"content-type": "multipart/form-data; boundary=x"},
        )
        for end in ("--x--\r\n", "--x\r\n", "")
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 400]
    assert len(answers[0].json()["photos"]) == photos
    assert "ends before its last boundary" in answers[-1].json()["detail"]


def test_every_refusal_is_logged_by_code_and_request_id_and_nothing_else(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "skinscore")
    answer = client.post("/v1/assessments?client_ref=Anna", files=[("photo", b"x")])
    said = [row.message for row in caplog.records if row.name == "skinscore.serve"]
    assert said[-1] == f"bad_request 400 request_id={answer.json()['request_id']}"
    assert "Anna" not in caplog.text


def test_a_full_house_answers_503_at_once_while_health_stays_green(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    examine = Grader.examine

    def held(self: Grader, *args: object, **kwargs: object) -> object:
        release.wait(120)
        return examine(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Grader, "examine", held)
    with serve(lambda settings: grader, running=1, waiting=2, deadline_s=120) as client:
        wait_until_ready(client)

        statuses = posted_at_once(client, 8, until=(1, 2, 5), then=release)
    assert statuses == [200] * 3 + [503] * 5


def test_a_request_that_still_sends_takes_a_place(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    read = multipart.read_photos

    async def slowly(request: Request, most: int) -> list[bytes]:
        while not release.is_set():
            await asyncio.sleep(0.01)
        return await read(request, most)

    monkeypatch.setattr(routes, "read_photos", slowly)
    with serve(lambda settings: grader, running=1, waiting=1, deadline_s=120) as client:
        wait_until_ready(client)

        statuses = posted_at_once(client, 5, until=(0, 2, 3), then=release)
    assert statuses == [200] * 2 + [503] * 3


def test_a_body_that_does_not_come_in_time_is_504(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(request: Request, most: int) -> list[bytes]:
        await asyncio.sleep(60)
        return []

    monkeypatch.setattr(routes, "read_photos", never)
    with serve(lambda settings: grader, deadline_s=0.2) as client:
        wait_until_ready(client)
        answer = client.post("/v1/assessments", files=[("photos", b"x")])
        assert (answer.status_code, answer.json()["code"]) == (504, "deadline_exceeded")
        assert "no whole body" in answer.text


def test_a_late_answer_is_504_and_keeps_its_slot_until_the_work_ends(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr(Grader, "examine", lambda *args, **kwargs: release.wait(20))
    with serve(lambda settings: grader, running=1, waiting=1, deadline_s=0.2) as client:
        wait_until_ready(client)
        answer = client.post("/v1/assessments", files=[("photos", b"x")])
        assert answer.status_code == 504
        assert answer.json()["code"] == "deadline_exceeded"
        assert client.get("/health/ready").json()["running"] == 1
        release.set()
        while client.get("/health/ready").json()["running"]:
            time.sleep(0.01)


def test_an_unknown_failure_is_a_bare_500_without_its_text(
    grader: Grader, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("/home/clinic/anna_smith.jpg")

    monkeypatch.setattr(Grader, "examine", broken)
    with serve(lambda settings: grader) as client:
        wait_until_ready(client)
        answer = client.post("/v1/assessments", files=[("photos", b"x")])
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "anna" not in answer.text + caplog.text


def test_the_model_endpoint_shows_the_contract(client: TestClient, grader: Grader) -> None:
    body = client.get("/v1/model").json()
    assert body["contract_digest"] == grader.contract.digest
    assert body["contract"]["schema"] == "skinscore.contract/1"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("GATES", "off", "unknown settings SKINSCORE_SERVE_GATES", id="misspelt"),
        pytest.param("PORT", "abc", "port", id="not a number"),
        pytest.param("GATE", "lenient", "gate", id="not a gate"),
        pytest.param("OVERLAY", "", "OVERLAY is empty", id="no rules where some were meant"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_and_never_ignored(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(f"SKINSCORE_SERVE_{name}", value)
    with pytest.raises(RequestRefused, match=words):
        read_settings()


def test_what_is_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKINSCORE_SERVE_PORT", "9000")
    assert read_settings().port == 9000
    assert read_settings(port=9001).port == 9001


def test_the_operators_page_lists_every_setting_with_its_default_and_meaning() -> None:
    page = (REPOSITORY / "serving" / "README.md").read_text(encoding="utf-8")
    table = page.partition("<!-- settings -->")[2].partition("<!-- /settings -->")[0]
    rows = [
        f"| `SKINSCORE_SERVE_{name.upper()}` | `{field.default}` | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    assert table.strip().splitlines()[2:] == rows
