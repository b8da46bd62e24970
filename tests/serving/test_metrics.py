"""What an operator watches adds up, and names nobody."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from skinscore import Grader
from skinscore.assets.shipped import sample_photos
from skinscore.domain.concerns import CONCERNS
from skinscore.domain.zones import ZONES
from skinscore_serving.app import create_app
from skinscore_serving.metrics import NO_ROUTE
from skinscore_serving.settings import Settings
from tests.serving.test_service import wait_until_ready

Rows = list[tuple[dict[str, str], float]]


@pytest.fixture
def client(grader: Grader) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(), lambda _: grader)) as client:
        wait_until_ready(client)
        yield client


def rows(client: TestClient, name: str) -> Rows:
    """Every sample of one metric."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return [
        (sample.labels, sample.value)
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == name
    ]


def post(client: TestClient, *photos: bytes, to: str = "/v1/assessments") -> None:
    files = [("photos", (f"Anna {number}.jpg", photo)) for number, photo in enumerate(photos)]
    assert client.post(to, files=files, params={}).status_code == 200


@pytest.mark.parametrize("place", ["/v1/assessments", "/report"])
def test_every_grade_counts_by_concern_and_none_by_zone_or_moment(
    client: TestClient, place: str
) -> None:
    post(client, *(path.read_bytes() for path in sample_photos()), to=place)
    given = rows(client, "skinscore_grades_total")
    withheld = {row["concern"] for row, _ in rows(client, "skinscore_abstained_total")}
    for concern in CONCERNS:
        graded = sum(value for row, value in given if row["concern"] == concern)
        assert graded <= len(ZONES)
        assert graded == len(ZONES) or concern in withheld
    text = client.get("/metrics").text
    assert "zone" not in {name for row, _ in given for name in row}
    assert "_created" not in text


def test_every_photo_counts_by_its_outcome(client: TestClient) -> None:
    post(client, b"no photo", sample_photos()[0].read_bytes())
    assert {
        (row["outcome"], row["code"]): value
        for row, value in rows(client, "skinscore_photos_total")
    } == {
        ("graded", ""): 1,
        ("refused", "unsupported_type"): 1,
    }


def test_every_answer_counts_with_its_code(client: TestClient) -> None:
    before = {str(row): value for row, value in rows(client, "skinscore_requests_total")}
    client.post("/v1/suggestions", json={})
    client.post("/suggestion", json={})
    client.get("/v1/Anna")
    client.get("/v1/assessments")
    client.post("/v1/assessments", content=b"", headers={"content-length": str(10**9)})
    found = rows(client, "skinscore_requests_total")
    new = [row for row, value in found if value > before.get(str(row), 0)]
    assert [(row["route"], row["status"], row["code"]) for row in new if row["code"]] == [
        ("/v1/suggestions", "422", "document_invalid"),
        ("/suggestion", "400", "bad_request"),
        (NO_ROUTE, "404", "not_found"),
        ("/v1/assessments", "405", "method_not_allowed"),
        (NO_ROUTE, "413", "file_too_large"),
    ]
    times = rows(client, "skinscore_request_seconds_count")
    assert {row["route"] for row, _ in times} == {row["route"] for row, _ in found}


def test_nothing_of_a_caller_is_in_it(client: TestClient) -> None:
    photo = sample_photos()[0].read_bytes()
    files = [("photos", ("Anna.jpg", photo))]
    client.post("/v1/assessments?client_ref=Anna", files=files)
    client.get("/Anna?x=Anna", headers={"user-agent": "Anna"})
    client.post("/v1/assessments?zone=Anna", files=files)
    assert "Anna" not in client.get("/metrics").text


def test_the_model_that_grades_is_named(client: TestClient, grader: Grader) -> None:
    ((labels, value),) = rows(client, "skinscore_model_info")
    assert value == 1
    assert labels["contract_digest"] == grader.contract.digest
    assert [value for _, value in rows(client, "skinscore_in_flight")] == [0]
    assert [value for _, value in rows(client, "skinscore_queue_depth")] == [0]
