"""Two models on the same people: differences with their sign, and intervals that are paired."""

import numpy as np
import pandas as pd
import pytest

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore_training.comparison import ERROR, KAPPA, Difference, compare

PEOPLE = 40


def graded(noise: float, seed: int) -> pd.DataFrame:
    """Grades of one concern with errors of about ``noise`` grades, four zones per person."""
    rng = np.random.default_rng(seed)
    truth = np.random.default_rng(0).integers(0, 5, PEOPLE * 4)
    score = np.clip(truth + rng.normal(0, noise, len(truth)), 0, 4) if noise else truth * 1.0
    grade = np.floor(score + 0.5).astype(int)
    return pd.DataFrame(
        {
            "index": np.arange(len(truth)),
            "view": 0,
            "slot": 0,
            "concern": Concern.WRINKLES.value,
            "truth": truth,
            "exact": truth * 1.0,
            "score": score,
            "grade": grade,
            "low": grade,
            "high": grade,
            "unsure": False,
            "rps": 0.0,
            "subject": np.arange(PEOPLE).repeat(4),
            "zone_kind": "cheek",
            "tone": np.where(np.arange(len(truth)) < 80, "light", "dark"),
        }
    )


def overall(first: pd.DataFrame, second: pd.DataFrame) -> dict[str, Difference]:
    return {row.metric: row for row in compare(first, second, 300, 1) if row.by == "all"}


def test_a_model_compared_with_itself_differs_nowhere() -> None:
    rows = compare(graded(0.8, 1), graded(0.8, 1), resamples=100, seed=1)
    assert {(row.by, row.group) for row in rows} == {
        ("all", "all"),
        ("zone_kind", "cheek"),
        ("tone", "dark"),
        ("tone", "light"),
    }
    assert all((row.difference, row.low, row.high) == (0, 0, 0) for row in rows)
    assert not any(row.certain for row in rows)


def test_a_worse_model_loses_in_both_figures_with_certainty() -> None:
    rows = overall(graded(0.3, 1), graded(1.5, 2))
    assert rows[KAPPA].loss > 0.1
    assert rows[ERROR].loss > 0.3
    assert rows[KAPPA].certain
    assert rows[ERROR].certain
    better = overall(graded(1.5, 2), graded(0.3, 1))
    assert better[KAPPA].loss == pytest.approx(-rows[KAPPA].loss)
    assert better[ERROR].loss == pytest.approx(-rows[ERROR].loss)


@pytest.mark.parametrize(("people", "certain"), [(1, False), (4, False), (5, True), (12, True)])
def test_a_handful_of_people_makes_no_loss_certain(people: int, certain: bool) -> None:
    """All of them are graded worse, so that their bootstrap knows no other case."""
    first, second = graded(0.0, 1), graded(0.0, 1)
    few = first["subject"] < people
    second.loc[few, "grade"] = (second.loc[few, "truth"] - 2).abs()
    for table in (first, second):
        table["tone"] = np.where(few, "dark", "light")
    rows = compare(first, second, resamples=300, seed=1)
    dark = next(row for row in rows if row.group == "dark" and row.metric == ERROR)
    assert dark.people == people
    assert dark.low > 0
    assert dark.certain is certain


def test_the_interval_is_paired() -> None:
    """The same errors on the same people in both models leave no doubt about one added error."""
    first = graded(1.0, 1)
    second = first.copy()
    second.loc[second["truth"] == 2, "grade"] = 2
    row = overall(first, second)[ERROR]
    alone = first.groupby("subject")[["grade", "truth"]].apply(
        lambda part: (part["grade"] - part["truth"]).abs().mean()
    )
    unpaired = 2 * 1.96 * np.sqrt(2 * alone.var() / PEOPLE)
    assert row.high - row.low < unpaired / 1.5


def test_only_grades_that_both_gave_are_compared() -> None:
    first, second = graded(0.0, 1), graded(0.0, 1)
    second.loc[:39, "grade"] = 0
    assert overall(first, second)[ERROR].loss > 0
    assert overall(first, second.loc[40:])[ERROR].loss == 0


def test_a_figure_that_one_model_lacks_is_not_defined_and_no_loss() -> None:
    row = Difference(CONCERNS[0], "tone", "dark", KAPPA, 0.5, np.nan, np.nan, np.nan, np.nan, 3)
    assert not row.defined
    assert not row.loss > 0
    assert row.name == "acne_scarring.quadratic_weighted_kappa, dark"
