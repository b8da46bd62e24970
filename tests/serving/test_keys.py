"""A closed door: nothing but the probes opens without a live key, however it is asked."""

import base64
import json
import logging
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from skinscore import Grader
from skinscore.cli.main import build_app
from skinscore.domain.document import sha256_hex
from skinscore.errors import NotReady, RequestRefused
from skinscore_serving.app import create_app
from skinscore_serving.cli import serve
from skinscore_serving.door import PROBES
from skinscore_serving.keys import PREFIX, Key, Keys, new_key
from skinscore_serving.settings import Settings, read_settings

TODAY = date(2026, 3, 2)
KEY, RECORD = new_key("front-desk", TODAY)
OLD_KEY, OLD_RECORD = new_key("front-desk-2025", TODAY)
KEYS = Keys(schema="skinscore.keys/1", keys=(RECORD,))


def bearer(key: str) -> str:
    return f"Bearer {key}"


def basic(key: str, name: str = "anybody") -> str:
    return "Basic " + base64.b64encode(f"{name}:{key}".encode()).decode()


@pytest.mark.parametrize("send", [bearer, basic])
def test_a_key_opens_up_to_its_last_day(send: Callable[[str], str]) -> None:
    assert KEYS.holder(send(KEY), TODAY) == "front-desk"
    assert KEYS.holder(send(KEY), RECORD.expires_on) == "front-desk"
    assert KEYS.holder(send(KEY), RECORD.expires_on + timedelta(days=1)) is None


def test_what_the_service_keeps_of_a_key_does_not_open() -> None:
    kept = KEYS.to_json()
    assert KEY not in kept
    for value in (RECORD.sha256, RECORD.name, kept, "", KEY[:-1], KEY + "x", KEY.upper()):
        assert KEYS.holder(bearer(value), TODAY) is None
        assert KEYS.holder(basic(value), TODAY) is None


def test_a_record_of_a_key_that_could_be_guessed_opens_nothing() -> None:
    for weak in ("", "1234", PREFIX):
        record = Key(name="weak", sha256=sha256_hex(weak), expires_on=TODAY)
        keys = Keys(schema="skinscore.keys/1", keys=(record,))
        assert keys.holder(bearer(weak), TODAY) is None
        assert keys.holder(basic(weak), TODAY) is None
        assert keys.holder(None, TODAY) is None


@given(st.text() | st.text().map(lambda text: f"Basic {text}") | st.binary().map(repr))
def test_no_header_opens_or_breaks_the_door(header: str) -> None:
    assert KEYS.holder(header, TODAY) is None


def test_two_keys_are_two() -> None:
    other, record = new_key("front-desk-2027", TODAY)
    both = Keys(schema="skinscore.keys/1", keys=(RECORD, record))
    assert len(other) == len(KEY) == len(PREFIX) + 43  # 32 bytes
    assert other != KEY
    assert both.holder(bearer(KEY), TODAY) == "front-desk"
    assert both.holder(bearer(other), TODAY) == "front-desk-2027"
    renamed = RECORD.model_copy(update={"name": "other"})
    for twin in (RECORD, renamed, record.model_copy(update={"name": RECORD.name})):
        with pytest.raises(ValueError, match="share a name"):
            Keys(schema="skinscore.keys/1", keys=(RECORD, twin))


def no_model(_: Settings) -> Grader:
    raise NotReady("not_ready", "no model", "a model")


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[TestClient]:
    last, over = date.today(), date.today() - timedelta(days=1)
    records = (
        RECORD.model_copy(update={"expires_on": last}),
        OLD_RECORD.model_copy(update={"expires_on": over}),
    )
    path = tmp_path / "keys.json"
    path.write_text(Keys(schema="skinscore.keys/1", keys=records).to_json())
    with TestClient(create_app(Settings(keys=path), no_model)) as client:
        yield client


def test_everything_but_the_probes_asks_for_a_key(closed: TestClient) -> None:
    header = {"authorization": bearer(KEY)}
    paths = set(closed.get("/openapi.json", headers=header).json()["paths"])
    paths |= {"/", "/docs", "/redoc", "/openapi.json", "/metrics"}
    paths |= {"/report", "/suggestion", "/patient-sheet"}
    for path in paths | {"/unknown", "//health/live", "/health/live/", "/health"}:
        for method in ("GET", "POST", "OPTIONS"):
            answer = closed.request(method, path)
            if path in PROBES:
                assert answer.status_code != 401
                continue
            assert (answer.status_code, "unauthenticated" in answer.text) == (401, True), path
            assert answer.headers["www-authenticate"].startswith('Basic realm="skinscore"')
            assert answer.headers["x-request-id"]


@pytest.mark.parametrize("send", [bearer, basic])
def test_a_key_opens_everything_and_its_holder_is_logged(
    closed: TestClient, send: Callable[[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "skinscore")
    header = {"authorization": send(KEY)}
    assert closed.get("/", headers=header).status_code == 200
    assert "asks for a key" in closed.get("/docs", headers=header).text
    assert closed.get("/v1/Anna", headers=header).status_code == 404
    said = [row.getMessage() for row in caplog.records if " by " in row.getMessage()]
    assert [line.rpartition(" request_id=")[0] for line in said] == [
        "/ 200 by front-desk",
        "/docs 200 by front-desk",
        "none 404 by front-desk",
    ]
    assert KEY not in caplog.text
    assert "Anna" not in caplog.text


def test_the_probes_answer_without_a_key(closed: TestClient) -> None:
    assert closed.get("/health/live").status_code == 200
    assert closed.get("/health/ready").json()["code"] == "not_ready"
    assert closed.get("/v2/health/live").status_code == 200
    assert "not_ready" in closed.get("/v2/health/ready").json()["error"]


def test_a_key_that_is_over_opens_nothing_and_is_told_at_the_start(
    closed: TestClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert closed.get("/v1/model", headers={"authorization": bearer(OLD_KEY)}).status_code == 401
    create_app(Settings(keys=tmp_path / "keys.json"), no_model)
    said = [row.getMessage() for row in caplog.records if "up to" in row.getMessage()]
    assert [line.partition(" up to")[0] for line in said[-2:]] == [
        "the key front-desk opens",
        "the key front-desk-2025 opened",
    ]


def test_a_refused_key_is_not_repeated(
    closed: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "skinscore")
    answer = closed.get("/v1/model", headers={"authorization": bearer("sks_wrong")})
    assert answer.status_code == 401
    assert "sks_wrong" not in answer.text + caplog.text


@pytest.mark.parametrize("text", [None, "", "{}", '{"schema": "skinscore.keys/1", "keys": []}'])
def test_without_keys_that_can_be_read_nothing_starts(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "keys.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RequestRefused) as refusal:
        create_app(Settings(keys=path), no_model)
    assert refusal.value.code == ("usage" if text is None else "document_invalid")
    assert str(tmp_path) not in str(refusal.value)


def test_an_empty_setting_is_no_open_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKINSCORE_SERVE_KEYS", "")
    with pytest.raises(RequestRefused, match="SKINSCORE_SERVE_KEYS is empty"):
        read_settings()


def test_the_command_prints_a_record_and_shows_the_key_once() -> None:
    command = build_app("serve")
    done = CliRunner().invoke(command, ["serve", "--new-key", "front-desk"])
    assert done.exit_code == 0
    keys = Keys.parse(done.stdout)
    key = done.stderr.split()[-1]
    assert key not in done.stdout
    assert json.loads(done.stdout)["keys"][0]["sha256"] == sha256_hex(key)
    assert keys.holder(bearer(key), date.today()) == "front-desk"
    assert CliRunner().invoke(command, ["serve", "--new-key", "Dr Anna"]).exit_code != 0


def test_only_keys_or_somebody_s_word_let_the_service_leave_its_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[dict[str, object]] = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **given: started.append(given))
    path = tmp_path / "keys.json"
    path.write_text(KEYS.to_json())
    with pytest.raises(RequestRefused, match="can be reached from other machines"):
        serve(host="0.0.0.0", port=None, new_key=None)
    assert not started
    serve(host=None, port=None, new_key=None)
    monkeypatch.setenv("SKINSCORE_SERVE_KEYS", str(path))
    serve(host="0.0.0.0", port=None, new_key=None)
    monkeypatch.delenv("SKINSCORE_SERVE_KEYS")
    monkeypatch.setenv("SKINSCORE_SERVE_UNAUTHENTICATED", "true")
    serve(host="0.0.0.0", port=None, new_key=None)
    assert [given["host"] for given in started] == ["127.0.0.1", "0.0.0.0", "0.0.0.0"]
    assert {given["access_log"] for given in started} == {False}
    assert {given["ws"] for given in started} == {"none"}
