"""The clinic's page: what it says is what the API says, and what it sends is what it shows."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from skinscore import Grader
from skinscore.assets.shipped import sample_photos
from skinscore.domain.assessment import Gate
from skinscore.domain.document import DISCLAIMER
from skinscore.domain.patient import PatientProfile
from skinscore.errors import NotReady
from skinscore_serving.app import create_app
from skinscore_serving.bodies import MOST_VALUES
from skinscore_serving.page import clinic, questions, submission
from skinscore_serving.page.refused import FORMS
from skinscore_serving.settings import Settings
from skinscore_serving.suggestions import SuggestionRequest
from tests.serving.page.browser import Form, Page
from tests.serving.test_service import wait_until_ready
from tests.serving.test_suggestions import OVERLAY

CONFIRMED = {"confirmed": "yes", "confirmed_by": "Dr <i>Z"}


@pytest.fixture(scope="module")
def client(grader: Grader) -> Iterator[TestClient]:
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
    for group in questions.GROUPS:
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
    assert not page.tags & {"script", "iframe", "img", "object"}
    assert DISCLAIMER in answer.text


def headers_of(answer: httpx.Response) -> str:
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    return policy


def test_no_page_may_run_or_load_or_be_framed_or_kept(client: TestClient, asking: Form) -> None:
    photos = [("photos", ("a.jpg", sample_photos()[0].read_bytes()))]
    confirmed = client.post("/suggestion", data=asking.filled(CONFIRMED))
    pages = [
        client.get("/"),
        client.post("/report", files=photos),
        confirmed,
        client.post("/suggestion", data={}),
    ]
    for answer in pages:
        policy = headers_of(answer)
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert f"form-action '{'self' if answer.status_code == 200 else 'none'}'" in policy
        assert not Page(answer.text).tags & {"script", "iframe", "object"}
    (found,) = Page(confirmed.text).forms
    headers_of(client.post("/patient-sheet", data=found.filled({})))
    assert "form-action 'none'" in headers_of(client.get("/docs"))


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
    begins = json.loads(found.filled({})["request"])["start"]
    assert begins == str(
        datetime.now().astimezone().date()
    )  # written out: another day changes none


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
    for name in ("safety.keloid_tendency", "age_years", "start", "assessment", "answered_on"):
        lacking = {key: value for key, value in given.items() if key != name}
        refused(client.post("/suggestion", data=lacking), "bad_request")
    refused(client.post("/suggestion", data=given | {"patient.name": "Anna"}), "bad_request")
    refused(client.post("/suggestion", data=given | {"safety.zones": "nose"}), "bad_request")
    refused(client.post("/suggestion", data=given | {"rulebook": "0" * 64}), "bad_request")
    refused(client.post("/patient-sheet", data=given), "bad_request")
    whole = {"request": "{}", "rulebook": "0" * 64}
    refused(client.post("/patient-sheet", data=whole), "bad_request")
    refused(client.post("/patient-sheet", data=whole | {"x.zones": "nose"}), "bad_request")


def test_what_is_no_form_is_refused(client: TestClient) -> None:
    kind = {"content-type": submission.KIND}
    refused(client.post("/suggestion", json={}), "bad_request")
    refused(client.post("/suggestion", content=b"a=1&a=2", headers=kind), "bad_request")
    refused(client.post("/suggestion", content=b"a=%ff", headers=kind), "bad_request")
    refused(client.post("/suggestion", content="a=ä".encode(), headers=kind), "bad_request")
    many = b"&".join(b"%d=1" % number for number in range(submission.MOST_FIELDS + 1))
    answer = client.post("/suggestion", content=many, headers=kind)
    refused(answer, "bad_request")
    assert "a form that cannot be read" in answer.text
    large = b"a=" + b"1" * submission.LARGEST_BYTES
    refused(client.post("/suggestion", content=large, headers=kind), "document_invalid")
    refused(client.post("/report", data={"photos": "text"}), "bad_request")
    long = b"assessment=" + b"1" * (submission.LARGEST_DOCUMENT + 1)
    answer = client.post("/suggestion", content=long, headers=kind)
    refused(answer, "document_invalid")
    assert f"more than {submission.LARGEST_DOCUMENT} characters" in answer.text
    size = {"content-length": str(10**9)}
    refused(client.post("/report", content=b"", headers=size), "file_too_large")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_a_form_of_another_page_is_refused_before_it_is_read(
    client: TestClient, asking: Form, site: str
) -> None:
    for path in FORMS:
        answer = client.post(path, data=asking.filled({}), headers={"sec-fetch-site": site})
        refused(answer, "bad_request")
        assert "a form of another site" in answer.text
    for own in ("same-origin", "none"):
        answer = client.post("/suggestion", data=asking.filled({}), headers={"sec-fetch-site": own})
        assert answer.status_code == 200


def test_many_values_are_refused_before_they_are_read(client: TestClient, asking: Form) -> None:
    many = '{"photos":[' + "{}," * (MOST_VALUES + 1) + "{}]}"
    answer = client.post("/suggestion", data=asking.filled({}) | {"assessment": many})
    refused(answer, "document_invalid")
    assert f"more than {MOST_VALUES} values" in answer.text
    answer = client.post(
        "/v1/suggestions", content=many, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422
    assert f"more than {MOST_VALUES} values" in answer.text


@pytest.mark.parametrize("path", sorted(FORMS))
def test_who_comes_to_a_form_s_target_by_the_address_bar_is_led_to_the_start(
    client: TestClient, path: str
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.url.path) == (200, "/")


def test_an_unexpected_failure_is_a_page_too(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("anna.jpg")

    monkeypatch.setattr(Grader, "examine", broken)
    answer = client.post("/report", files=[("photos", ("a.jpg", b"x"))])
    assert answer.status_code == 500
    assert "<code>internal</code>" in answer.text
    assert "anna" not in answer.text


def test_the_page_keeps_to_the_clinic_s_gate_and_rules(
    client: TestClient, asking: Form, tmp_path: Path
) -> None:
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(OVERLAY.replace("CAP", "0.25"))
    settings = Settings(overlay=overlay, gate=Gate.OFF)
    grader = client.app.state.loading.result()  # type: ignore[attr-defined]
    with TestClient(create_app(settings, lambda _: grader)) as strict:
        wait_until_ready(strict)
        photos = [("photos", ("a.jpg", sample_photos()[0].read_bytes()))]
        page = Page(strict.post("/report", files=photos).text)
        assert json.loads(page.links["assessment.json"])["gate"] == "off"
        refused(strict.post("/suggestion", data=asking.filled({})), "bad_request")  # other rules
        answer = strict.post("/suggestion", data=page.forms[0].filled({}))
    suggestion = json.loads(Page(answer.text).links["suggestion.json"])
    assert suggestion["rulebook"]["overlay"] is not None


def test_the_suggestion_shows_whose_it_is_and_what_was_answered(
    client: TestClient, asking: Form
) -> None:
    filled = asking.filled({"subject": "P-<i>17", "safety.keloid_tendency": "yes"})
    text = client.post("/suggestion", data=filled).text
    assert "Reference P-&lt;i&gt;17" in text
    assert "<dt>Tendency to keloid or hypertrophic scars?</dt><dd>Yes</dd>" in text


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
