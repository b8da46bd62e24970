"""A report promises of its ranges what the model's contract does, and prints its limits."""

from dataclasses import replace
from html import unescape

import pytest

from skinscore.contract.contract import Contract
from skinscore.report.html import render_report
from skinscore.report.promise import range_promise
from tests.skinscore.factories import make_assessment, make_examination
from tests.tiny_model import tiny_contract, tiny_graph


@pytest.fixture(scope="module")
def contract() -> Contract:
    return tiny_contract(tiny_graph())


def calibrated(contract: Contract, **changes: object) -> Contract:
    calibration = contract.calibration.model_copy(update=changes)
    return contract.model_copy(update={"calibration": calibration})


def test_ranges_of_rendered_skin_promise_nothing_on_people(contract: Contract) -> None:
    words = range_promise(calibrated(contract, source="rendered"))
    assert "rendered skin" in words
    assert "on photos of people it promises nothing" in words


@pytest.mark.parametrize(
    ("coverage", "cases"), [(0.9, "9 of 10 cases"), (0.8, "4 of 5 cases"), (0.95, "19 of 20 cases")]
)
def test_ranges_of_graded_photos_promise_their_coverage(
    contract: Contract, coverage: float, cases: str
) -> None:
    words = range_promise(calibrated(contract, source="graded", coverage=coverage))
    assert f"holds the true grade in {cases}, on pictures like those" in words
    assert "nothing" not in words


def test_without_a_contract_nothing_is_promised() -> None:
    assert "cases" not in range_promise(None)
    assert range_promise(None) in unescape(render_report(make_examination(), None))


@pytest.mark.parametrize("close_up", [False, True], ids=["face", "close-up"])
def test_the_report_prints_promise_and_limits_of_the_contract(
    contract: Contract, close_up: bool
) -> None:
    document = make_assessment()
    if close_up:
        document = make_assessment(zones=document.zones[:1], face={})
    use = contract.intended_use.model_copy(update={"limits": ("Rendered only.", "Adults only.")})
    limited = contract.model_copy(update={"intended_use": use})
    page = render_report(replace(make_examination(document), contract=limited), None)
    assert all(f"<li>{limit}</li>" in page for limit in use.limits)
    assert page.count(range_promise(limited)) == 2  # with the limits, and where ranges are read
