"""The figures of a release are what their definitions say, however people are added up."""

import numpy as np
import pandas as pd
import pytest

from skinscore.domain.concerns import Concern
from skinscore_training import figures, metrics

PEOPLE, VIEWS, SLOTS = 40, 3, 2


@pytest.fixture(scope="module")
def graded() -> pd.DataFrame:
    """Every zone of every person in every view, graded about right."""
    rng = np.random.default_rng(11)
    rows = pd.MultiIndex.from_product(
        [range(PEOPLE), range(VIEWS), range(SLOTS)], names=["subject", "view", "slot"]
    ).to_frame(index=False)
    skin = rng.uniform(0, 4, (PEOPLE, SLOTS))
    exact = skin[rows["subject"], rows["slot"]]
    score = (exact + rng.normal(0, 0.8, len(rows))).clip(0, 4)
    grade = np.floor(score + 0.5).astype(int)
    return rows.assign(
        index=rows["subject"],
        concern=Concern.WRINKLES.value,
        exact=exact,
        truth=np.floor(exact + 0.5).astype(int),
        score=score,
        grade=grade,
        low=(grade - 1).clip(0),
        high=(grade + rng.integers(0, 2, len(rows))).clip(0, 4),
        unsure=rng.random(len(rows)) < 0.1,
        rps=rng.random(len(rows)),
        zone_kind="cheek",
        tone=np.where(rows["subject"] % 2, "light", "dark"),
    )


def test_every_figure_is_what_its_definition_says(graded: pd.DataFrame) -> None:
    measured = figures.measure(graded, resamples=50, seed=1)
    assert {found.by for found in measured} == {"all", "zone_kind", "tone"}
    for group, part in (("all", graded), ("light", graded[graded["tone"] == "light"])):
        truth, grade, low, high, score, exact = (
            part[name].to_numpy() for name in ("truth", "grade", "low", "high", "score", "exact")
        )
        defined = {
            "quadratic_weighted_kappa": metrics.quadratic_weighted_kappa(truth, grade),
            "mean_absolute_error": metrics.mean_absolute_error(truth, grade),
            "mean_absolute_score_error": metrics.mean_absolute_error(exact, score),
            "bias": metrics.bias(exact, score),
            "within_one": metrics.within_one(truth, grade),
            "ranked_probability_score": part["rps"].mean(),
            "coverage": metrics.coverage(truth, low, high),
            "range_width": metrics.range_width(low, high),
            "withheld_as_unsure": part["unsure"].mean(),
        }
        found = {figure.metric: figure for figure in measured if figure.group == group}
        for name, value in defined.items():
            assert found[name].value == pytest.approx(value), (group, name)
            assert found[name].low <= value <= found[name].high
            assert found[name].people == part["subject"].nunique()


def test_one_photo_too_coarse_leaves_the_other_two_a_pair(graded: pd.DataFrame) -> None:
    whole = figures.pairs_of_views(graded)
    assert len(whole) == PEOPLE * SLOTS
    without_first = graded[graded["view"] != 0]
    lost = graded[(graded["view"] != 0) | (graded["subject"] > 9)]
    pairs = figures.pairs_of_views(lost)
    few, rest = pairs.loc[:9], pairs.loc[10:]
    assert few.equals(figures.pairs_of_views(without_first).loc[:9])
    assert rest.equals(whole.loc[10:])
    assert figures.pairs_of_views(graded[graded["view"] == 1]).shape == (0, 2)
    assert figures.pairs_of_views(graded.sample(frac=1, random_state=1)).equals(whole)


def test_repeats_are_the_views_of_the_same_skin(graded: pd.DataFrame) -> None:
    wide = graded.pivot(index=["subject", "slot"], columns="view", values="score").to_numpy()
    found = {figure.metric: figure for figure in figures.measure(graded, 50, 1)}
    assert found["icc_2_1_between_views"].value == pytest.approx(metrics.icc_2_1(wide[:, :2]))
    alone = figures.measure(graded[graded["view"] == 0], resamples=50, seed=1)
    assert "icc_2_1_between_views" not in {figure.metric for figure in alone}
