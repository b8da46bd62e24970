"""The clinic's page: what it says is what the API says, and what it sends is what it shows."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from skinscore import Grader
from skinscore.assets.shipped import sample_photos
from skinscore.domain.document import DISCLAIMER
from skinscore.domain.patient import PatientProfile
from skinscore.errors import NotReady
from skinscore_serving.app import create_app
from skinscore_serving.page import asked, clinic, sent
from skinscore_serving.settings import Settings
from skinscore_serving.suggestions import SuggestionRequest
from tests.serving.page.browser import Form, Page
from tests.serving.test_service import wait_until_ready
from tests.tiny_model import tiny_model

CONFIRMED = {"confirmed": "yes", "confirmed_by": "Dr <i>Z"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(tiny_model())
    grader = Grader.load(path)
    with TestClient(create_app(Settings(), lambda _: grader)) as client:
        wait_until_ready(client)
        yield client


@pytest.fixture(scope="module")
def graded(client: TestClient) -> Page:
    photos = [("photos", (path.name, path.read_bytes())) for path in sample_photos()]
    answer = client.post("/report", files=photos)
    assert answer.status_code == 200
    return Page(answer.text)


@pytest.fixture(scope="module")
def asking(graded: Page) -> Form:
    (found,) = graded.forms
    assert found.action == "suggestion"
    return found


def sample_answers() -> dict[str, str]:
    """The sample questionnaire as somebody would fill it in."""
    assets = Path(clinic.__file__).parents[3] / "src" / "skinscore" / "assets"
    patient = json.loads((assets / "questionnaire.json").read_text())
    flat = {"age_years": str(patient["age_years"]), "phototype": patient["phototype"]}
    for group in asked.GROUPS:
        for name, value in patient[group].items():
            if isinstance(value, str):
                flat[f"{group}.{name}"] = value
            elif value is not None:
                kind = "use" if "use" in value else "answer"
                flat[f"{group}.{name}.{kind}"] = value[kind]
    device = {
        name: "" if value is None else str(value) for name, value in patient["device"].items()
    }
    return flat | {f"device.{name}": value for name, value in device.items()}


def test_the_start_takes_photos_and_loads_nothing(client: TestClient) -> None:
    answer = client.get("/")
    page = Page(answer.text)
    assert page.targets == {"data:,", "docs", "report"}
    assert not page.tags & {"script", "iframe", "img", "object", "link rel=stylesheet"}
    assert DISCLAIMER in answer.text


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_no_page_may_run_or_load_or_be_framed(client: TestClient, path: str) -> None:
    policy = client.get(path).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert f"form-action '{'self' if path == '/' else 'none'}'" in policy
    assert "unsafe" not in policy


def test_the_form_as_it_stands_answers_nothing(client: TestClient, asking: Form) -> None:
    answer = client.post("/suggestion", data=asking.filled({}))
    page = Page(answer.text)
    request = SuggestionRequest.parse(page.links["request.json"])
    assert request.patient == PatientProfile.unanswered(request.patient.answered_on)
    assert request.confirmation is None
    suggestion = json.loads(page.links["suggestion.json"])
    assert suggestion["status"] == "withheld"
    assert all(zone["depth_range_mm"] is None for zone in suggestion["zones"])
    assert not page.forms  # no patient's sheet of what nobody has confirmed


def test_the_page_says_what_the_api_says(client: TestClient, asking: Form) -> None:
    answer = client.post("/suggestion", data=asking.filled(sample_answers() | CONFIRMED))
    page = Page(answer.text)
    body = page.links["request.json"]
    from_api = client.post(
        "/v1/suggestions", content=body, headers={"content-type": "application/json"}
    )
    assert from_api.text == page.links["suggestion.json"]
    assert "<i>Z" not in answer.text
    assert "Dr &lt;i&gt;Z" in answer.text


def test_the_assessment_to_save_is_the_one_that_the_form_sends(graded: Page, asking: Form) -> None:
    assert json.loads(graded.links["assessment.json"]) == json.loads(
        asking.filled({})["assessment"]
    )


def test_confirmed_grades_and_corrections_reach_the_suggestion(
    client: TestClient, asking: Form
) -> None:
    place = next(name for name in asking.offered if name.startswith("grade."))
    before = asking.filled({})[place]
    after = "4" if before != "4" else "0"
    answer = client.post(
        "/suggestion", data=asking.filled({**sample_answers(), **CONFIRMED, place: after})
    )
    confirmation = json.loads(Page(answer.text).links["request.json"])["confirmation"]
    _, zone, concern = place.split(".")
    assert confirmation["grades"] == [{"zone": zone, "concern": concern, "grade": int(after)}]


def test_the_patients_sheet_holds_no_depth(client: TestClient, asking: Form) -> None:
    suggested = client.post("/suggestion", data=asking.filled(sample_answers() | CONFIRMED))
    (found,) = Page(suggested.text).forms
    assert found.action == "patient-sheet"
    answer = client.post("/patient-sheet", data=found.filled({}))
    assert answer.status_code == 200
    assert " mm" not in answer.text.partition("<body>")[2]
    assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"


def refused(answer: httpx.Response, code: str) -> None:
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"].startswith("text/html")
    assert f"<code>{code}</code>" in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_corrected_grades_without_a_confirmation_are_refused(
    client: TestClient, asking: Form
) -> None:
    place = next(name for name in asking.offered if name.startswith("grade."))
    other = "4" if asking.filled({})[place] != "4" else "0"
    refused(client.post("/suggestion", data=asking.filled({place: other})), "document_invalid")
    named = asking.filled({"confirmed_by": "Dr A"})
    refused(client.post("/suggestion", data=named), "document_invalid")
    unnamed = asking.filled({"confirmed": "yes"})
    refused(client.post("/suggestion", data=unnamed), "document_invalid")


@pytest.mark.parametrize(
    "changes",
    [
        {"age_years": "thirty"},
        {"age_years": "-1"},
        {"timing.sun_or_tan.last_on": "2026-01-01"},  # a day without a yes
        {"device.name": "A pen"},  # without its kind
        {"device.kind": "pen", "device.name": "A pen", "device.maximum_mm": "nan"},
        {"start": "soon"},
        {"confirmed_by": "x" * 81, "confirmed": "yes"},
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_not_repeated(
    client: TestClient, asking: Form, changes: dict[str, str]
) -> None:
    answer = client.post("/suggestion", data=asking.filled(changes))
    refused(answer, "document_invalid")
    assert "thirty" not in answer.text


def test_a_form_of_another_page_is_refused(client: TestClient, asking: Form) -> None:
    given = asking.filled({})
    for name in ("safety.keloid_tendency", "age_years", "start", "assessment"):
        lacking = {key: value for key, value in given.items() if key != name}
        refused(client.post("/suggestion", data=lacking), "bad_request")
    refused(client.post("/suggestion", data=given | {"patient.name": "Anna"}), "bad_request")
    refused(client.post("/suggestion", data=given | {"safety.zones": "nose"}), "bad_request")
    refused(client.post("/patient-sheet", data=given), "bad_request")


def test_what_is_no_form_is_refused(client: TestClient) -> None:
    kind = {"content-type": clinic.FORM}
    refused(client.post("/suggestion", json={}), "bad_request")
    refused(client.post("/suggestion", content=b"a=1&a=2", headers=kind), "bad_request")
    refused(client.post("/suggestion", content=b"a=%ff", headers=kind), "bad_request")
    refused(client.post("/suggestion", content="a=ä".encode(), headers=kind), "bad_request")
    many = b"&".join(b"%d=1" % number for number in range(sent.MOST_FIELDS + 1))
    refused(client.post("/suggestion", content=many, headers=kind), "bad_request")
    large = b"a=" + b"1" * clinic.LARGEST_FORM_BYTES
    refused(client.post("/suggestion", content=large, headers=kind), "document_invalid")
    refused(client.post("/report", data={"photos": "text"}), "bad_request")


def test_photos_that_cannot_be_graded_are_a_report_and_ask_for_nothing(client: TestClient) -> None:
    answer = client.post("/report", files=[("photos", ("a.jpg", b"no photo"))])
    assert answer.status_code == 200
    page = Page(answer.text)
    assert not page.forms
    assert json.loads(page.links["assessment.json"])["photos"][0]["outcome"] == "refused"


def test_a_page_without_a_model_says_so() -> None:
    def refuse(_: Settings) -> Grader:
        raise NotReady("not_ready", "no model", "a model")

    with TestClient(create_app(Settings(), refuse)) as client:
        assert "Not ready to grade" in client.get("/").text
        answer = client.post("/report", files=[("photos", ("a.jpg", b"no photo"))])
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "<code>not_ready</code>" in answer.text
