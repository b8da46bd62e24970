"""Suggestions over HTTP: the rule engine's own answers, with or without a model."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from skinscore import Grader
from skinscore.domain.concerns import Concern
from skinscore.domain.suggestion import Suggestion
from skinscore.domain.zones import Side, TreatmentZone
from skinscore.errors import NotReady, RequestRefused
from skinscore.protocol import suggest
from skinscore.protocol.overlay import rules_with
from skinscore_serving import suggestions
from skinscore_serving.app import create_app
from skinscore_serving.settings import Settings
from tests.serving.test_service import serve
from tests.skinscore.protocol.patients import confirmed, graded, patient
from tests.skinscore.protocol.test_overriding import overrides

SCARRED = graded(everywhere={Concern.ACNE_SCARRING: 2})
OVERLAY = """
schema: skinscore.overlay/1
name: Example clinic
version: "2026.1"
signed_by: Dr A. Example
zones: [{zone: chin, cap_mm: CAP, override_mm: CAP, why: house rule}]
limits: []
waits: []
must_answer: []
blocking: []
modifiers: []
referrals: []
"""


def no_model(_: Settings) -> Grader:
    raise NotReady("not_ready", "no model", "a model")


@pytest.fixture
def client() -> Iterator[TestClient]:
    with serve(no_model) as client:
        yield client


def body(**changes: Any) -> dict[str, Any]:
    """Return a request whose every part is in order, of today."""
    today = datetime.now().astimezone()
    word = confirmed(SCARRED).model_copy(update={"confirmed_at": today})
    parts = {
        "assessment": SCARRED,
        "patient": patient(answered_on=today.date().isoformat()),
        "confirmation": word,
    }
    documents = {name: part.model_dump(mode="json", by_alias=True) for name, part in parts.items()}
    return documents | {"overrides": None, "start": None} | changes


def chin(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    zones = Suggestion.parse(answer.content).zones
    return next(row for row in zones if row.zone is TreatmentZone.CHIN)


def test_the_answer_is_the_rule_engines_own_and_needs_no_model(client: TestClient) -> None:
    asked = body()
    answer = client.post("/v1/suggestions", json=asked)
    assert client.get("/health/ready").status_code == 503
    alone = suggest(
        SCARRED,
        patient(answered_on=date.today().isoformat()),
        confirmed(SCARRED).model_copy(
            update={"confirmed_at": datetime.fromisoformat(asked["confirmation"]["confirmed_at"])}
        ),
        treated_from=date.today(),
    )
    assert answer.content.decode() == alone.to_json()
    assert chin(answer).depth_range_mm is not None


def test_without_the_clinicians_word_every_depth_is_withheld(client: TestClient) -> None:
    answer = client.post("/v1/suggestions", json=body(confirmation=None))
    zones = Suggestion.parse(answer.content).zones
    assert [row.depth_range_mm for row in zones] == [None] * len(zones)


def test_the_course_begins_when_it_is_said_to(client: TestClient) -> None:
    late = (date.today() + timedelta(days=40)).isoformat()
    withheld = chin(client.post("/v1/suggestions", json=body(start=late)))
    assert [reason.code for reason in withheld.reasons] == ["stale_questionnaire"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"extra": 1}, "extra", id="unknown field"),
        pytest.param({"patient": {"name": "Anna"}}, "patient", id="half a questionnaire"),
        pytest.param({"start": "Anna"}, "start", id="no day"),
        pytest.param(
            {"patient": patient(answered_on="2099-01-01").model_dump(mode="json", by_alias=True)},
            "in the future",
            id="of days to come",
        ),
    ],
)
def test_a_wrong_document_is_refused_by_its_fields_and_never_by_its_values(
    client: TestClient, changes: dict[str, Any], words: str
) -> None:
    answer = client.post("/v1/suggestions", json=body(**changes))
    assert (answer.status_code, answer.json()["code"]) == (422, "document_invalid")
    assert words in answer.json()["detail"]
    assert "Anna" not in answer.text


def test_an_answer_given_twice_is_refused(client: TestClient) -> None:
    once = json.dumps(body())
    twice = once.replace(
        '"keloid_tendency": "no"', '"keloid_tendency": "yes", "keloid_tendency": "no"'
    )
    assert twice != once
    answer = client.post(
        "/v1/suggestions", content=twice, headers={"content-type": "application/json"}
    )
    assert answer.json()["code"] == "document_invalid"
    assert "stands 2 times" in answer.json()["detail"]


def test_a_body_of_another_kind_or_size_is_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.post("/v1/suggestions", content=b"{}").json()["code"] == "bad_request"
    assert client.post("/v1/suggestions?x=1", json=body()).json()["code"] == "bad_request"
    monkeypatch.setattr(suggestions, "LARGEST_BYTES", 100)
    answer = client.post("/v1/suggestions", json=body())
    assert "more than 100 bytes" in answer.json()["detail"]


def test_an_override_beyond_what_is_permitted_is_refused(client: TestClient) -> None:
    deep = overrides(SCARRED, (TreatmentZone.CHIN, 2.0), side=Side.MIDLINE)
    answer = client.post(
        "/v1/suggestions", json=body(overrides=deep.model_dump(mode="json", by_alias=True))
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "override_refused")


def test_the_clinics_overlay_is_laid_over_the_rules(tmp_path: Path) -> None:
    file = tmp_path / "overlay.yaml"
    file.write_text(OVERLAY.replace("CAP", "0.5"), encoding="utf-8")
    with serve(no_model, overlay=file) as client:
        answer = client.post("/v1/suggestions", json=body())
    assert chin(answer).cap_mm == 0.5
    ours = rules_with(file.read_bytes())
    assert Suggestion.parse(answer.content).rulebook == ours.ref


@pytest.mark.parametrize("content", [OVERLAY.replace("CAP", "2.0"), "[", None])
def test_without_the_clinics_own_rules_nothing_starts(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "overlay.yaml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(RequestRefused):
        create_app(Settings(overlay=file), no_model)


def test_a_body_far_larger_than_any_visit_is_not_read_as_json(client: TestClient) -> None:
    kind = {"content-type": "application/json"}
    answer = client.post("/v1/suggestions", content=b"[" + b"0," * 2**20 + b"0]", headers=kind)
    assert answer.status_code == 422
    assert "a body of more than 2097152 bytes" in answer.json()["detail"]
