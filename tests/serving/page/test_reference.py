"""What a browser gets: one page that loads nothing, made from the API's own document."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient

from skinscore import Grader
from skinscore.errors import NotReady
from skinscore_serving.app import create_app
from skinscore_serving.settings import Settings


@pytest.fixture
def client() -> Iterator[TestClient]:
    def refuse(_: Settings) -> Grader:
        raise NotReady("not_ready", "no model", "a model")

    with TestClient(create_app(Settings(), refuse)) as client:
        yield client


class _Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.targets: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.targets |= {str(value) for name, value in attrs if name in ("src", "href", "action")}
        assert not [name for name, _ in attrs if name == "style" or name.startswith("on")]


def test_the_reference_loads_nothing_and_runs_nothing(client: TestClient) -> None:
    answer = client.get("/docs")
    found = _Links(answer.text)
    assert found.targets == {"openapi.json", "data:,"}
    assert not found.tags & {"script", "iframe", "img", "object", "form"}
    assert "url(" not in answer.text
    assert "@import" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_the_reference_holds_every_operation_parameter_status_and_code(client: TestClient) -> None:
    page = client.get("/docs").text
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        section = re.search(rf"<code>{path}</code></h2>.*?</section>", page, re.DOTALL)
        assert section is not None, path
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                assert f"<code>{parameter['name']}</code>" in section[0]
                assert parameter["description"]
            for status, response in operation["responses"].items():
                assert f">{status}<" in section[0]
                assert all(
                    f"<code>{code}</code>" in section[0] for code in response.get("x-codes", [])
                )


def test_who_comes_by_another_way_is_led_to_the_reference(client: TestClient) -> None:
    answer = client.get("/redoc")
    assert (answer.status_code, answer.url.path) == (200, "/docs")
    assert client.get("/docs/").status_code == 404  # a redirect would name the caller's host


def test_the_page_says_nothing_that_the_caller_wrote(client: TestClient) -> None:
    page = client.get("/docs?x=<b>Anna", headers={"host": "<script>a"}).text
    assert "Anna" not in page
    assert "<script>" not in page
