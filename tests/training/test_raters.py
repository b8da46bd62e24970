"""Raters among themselves, and the model as one more of them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skinscore_training import metrics, raters
from skinscore_training.data.manifest import Manifest, read_manifest
from skinscore_training.data.targets import engine_votes
from tests.training.manifests import Row, long, write

PEOPLE = 40
ZONES = ("chin", "nose")
RESAMPLES = 200


def truth(person: int, zone: int) -> int:
    return (person + 2 * zone) % 5


def clipped(grade: int) -> int:
    return min(4, max(0, grade))


def rows(shifts: dict[str, int], people: int = PEOPLE, **cells: str) -> list[Row]:
    """Every rater sees the truth, shifted on every third person."""
    return [
        long(
            photo=f"{person}.jpg",
            subject=f"p{person}",
            zone=zone,
            rater=rater,
            grade=str(clipped(truth(person, place) + (shift if person % 3 == 0 else 0))),
            **cells,
        )
        for person in range(people)
        for place, zone in enumerate(ZONES)
        for rater, shift in shifts.items()
    ]


def manifest(folder: Path, *more: Row) -> Manifest:
    return read_manifest(write(folder, *more))


def test_raters_who_always_agree(tmp_path: Path) -> None:
    (panel,) = raters.panels(manifest(tmp_path, *rows({"a": 0, "b": 0, "c": 0})), RESAMPLES, 1)
    assert (panel.subjects, panel.things, panel.shared, panel.complete) == (40, 80, 80, 80)
    for figure in (panel.kappa, panel.alpha, panel.icc, panel.exact, panel.within_one):
        assert (figure.value, figure.low, figure.high) == pytest.approx((1.0, 1.0, 1.0))
    assert len(panel.pairs) == 3


def test_figures_are_those_of_the_plain_formulas(tmp_path: Path) -> None:
    table = manifest(tmp_path, *rows({"a": 0, "b": 1}))
    (panel,) = raters.panels(table, RESAMPLES, 1)
    wide = table.grades.pivot(index=["photo", "zone"], columns="rater", values="low").astype(int)
    one, other = wide["a"].to_numpy(), wide["b"].to_numpy()
    assert panel.kappa.value == pytest.approx(metrics.quadratic_weighted_kappa(one, other))
    assert panel.icc.value == pytest.approx(metrics.icc_2_1(np.stack([one, other], 1)))
    assert panel.exact.value == pytest.approx(np.mean(one == other))
    assert panel.within_one.value == 1.0
    assert panel.kappa.low < panel.kappa.value < panel.kappa.high
    (pair,) = panel.pairs
    assert (pair.raters, pair.photos, pair.things) == (("a", "b"), PEOPLE, 2 * PEOPLE)


def test_half_grades_do_not_stretch_within_one(tmp_path: Path) -> None:
    table = manifest(tmp_path, long(grade="1.5"), long(grade="3", rater="r2"))
    (panel,) = raters.panels(table, RESAMPLES, 1)
    assert panel.within_one.value == 0.0
    table = manifest(tmp_path, long(grade="2"), long(grade="3", rater="r2"))
    assert raters.panels(table, RESAMPLES, 1)[0].within_one.value == 1.0


def test_blanks_are_left_out_and_the_icc_takes_whole_rows_only(tmp_path: Path) -> None:
    full = rows({"a": 0, "b": 1, "c": 1})
    part = [row for row in full if not (row["rater"] == "c" and row["subject"] >= "p2")]
    (panel,) = raters.panels(manifest(tmp_path, *part), RESAMPLES, 1)
    seen_by_all = {row["subject"] for row in part if row["rater"] == "c"}
    assert panel.complete == 2 * len(seen_by_all)
    assert panel.shared == 2 * PEOPLE


def test_scales_are_never_compared_with_each_other(tmp_path: Path) -> None:
    nia = rows({"c": 0, "d": 1}, scale="nia_wrinkle_0_6")
    table = manifest(tmp_path, *rows({"a": 0, "b": 0}), *nia)
    found = raters.panels(table, RESAMPLES, 1)
    assert [(panel.scale, panel.raters) for panel in found] == [
        ("engine_0_4", ("a", "b")),
        ("nia_wrinkle_0_6", ("c", "d")),
    ]


def test_one_rater_alone_makes_no_panel(tmp_path: Path) -> None:
    assert raters.panels(manifest(tmp_path, *rows({"a": 0})), RESAMPLES, 1) == []


def test_the_interval_is_over_subjects_and_not_over_zones(tmp_path: Path) -> None:
    """Twice the zones of the same people, graded alike, leave the interval as wide as it was."""
    once = rows({"a": 0, "b": 1}, people=20)
    twice = once + [
        row | {"zone": {"chin": "forehead", "nose": "glabella"}[row["zone"]]} for row in once
    ]
    narrow = raters.panels(manifest(tmp_path, *once), 2000, 1)[0].exact
    wide = raters.panels(manifest(tmp_path, *twice), 2000, 1)[0].exact
    assert (wide.low, wide.high) == pytest.approx((narrow.low, narrow.high))


# -- the model as one more rater -------------------------------------------------------------------


def predictions(shift: int) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (f"{person}.jpg", zone, "wrinkles", clipped(truth(person, place) + shift))
            for person in range(PEOPLE)
            for place, zone in enumerate(ZONES)
        ],
        columns=["photo", "zone", "concern", "grade"],
    )


def beside(folder: Path, shift: int, shifts: dict[str, int]) -> raters.ModelPanel:
    votes = engine_votes(manifest(folder, *rows(shifts)))
    (found,) = raters.model_panels(votes, predictions(shift), RESAMPLES, 1)
    return found


def test_a_model_that_tells_the_truth_is_no_worse_than_the_raters(tmp_path: Path) -> None:
    found = beside(tmp_path, 0, {"a": 1, "b": -1})
    assert found.non_inferior is True
    assert found.difference.value == pytest.approx(
        found.model_rater.value - found.rater_rater.value
    )
    assert found.panel.raters == ("a", "b", "model")


def test_a_model_that_is_off_is_called_so(tmp_path: Path) -> None:
    found = beside(tmp_path, 2, {"a": 0, "b": 0})
    assert found.non_inferior is False
    assert found.difference.high < 0


def test_beside_one_rater_nothing_can_be_said_of_inferiority(tmp_path: Path) -> None:
    found = beside(tmp_path, 0, {"a": 0})
    assert found.non_inferior is None
    assert found.model_rater.value == pytest.approx(1.0)
    text = json.dumps(raters.to_json(found), allow_nan=False)
    assert json.loads(text)["rater_rater"] == {"value": None, "low": None, "high": None}


def test_the_model_is_compared_only_where_somebody_graded(tmp_path: Path) -> None:
    votes = engine_votes(manifest(tmp_path, *rows({"a": 0, "b": 0}, people=10)))
    (found,) = raters.model_panels(votes, predictions(0), RESAMPLES, 1)
    assert found.panel.things == 20


def test_raters_are_compared_only_where_the_model_graded(tmp_path: Path) -> None:
    """They agree on chins and hardly on noses; a model that grades chins badly is no better."""
    graders = rows({"a": 0, "b": 0})
    for row in graders:
        if row["zone"] == "nose" and row["rater"] == "b":
            row["grade"] = str((int(row["grade"]) + 2) % 5)
    votes = engine_votes(manifest(tmp_path, *graders))
    chins = predictions(1).query("zone == 'chin'")
    (found,) = raters.model_panels(votes, chins, RESAMPLES, 1)
    assert found.rater_rater.value == pytest.approx(1.0)
    assert found.non_inferior is False
    assert (found.panel.things, found.ungraded) == (PEOPLE, PEOPLE)


def test_zones_that_one_rater_graded_do_not_help_the_model(tmp_path: Path) -> None:
    easy = [row for row in rows({"a": 0, "b": 0}) if row["zone"] == "chin" or row["rater"] == "a"]
    votes = engine_votes(manifest(tmp_path, *easy))
    said = predictions(0)
    said.loc[said["zone"] == "chin", "grade"] = 2
    (found,) = raters.model_panels(votes, said, RESAMPLES, 1)
    assert found.panel.things == 2 * PEOPLE
    assert found.model_rater.value == pytest.approx(0.0)


def test_grades_given_after_seeing_a_suggestion_say_nothing_of_the_model(tmp_path: Path) -> None:
    anchored = rows({"a": 0, "b": 0}, prelabelled="skinscore 0.7.0")
    votes = engine_votes(manifest(tmp_path, *anchored))
    assert raters.model_panels(votes, predictions(0), RESAMPLES, 1) == []
    assert raters.rater_weights(votes) == {}
    more = rows({"c": 0, "d": 1})
    (found,) = raters.model_panels(
        engine_votes(manifest(tmp_path, *anchored, *more)), predictions(0), RESAMPLES, 1
    )
    assert found.anchored == 4 * PEOPLE
    assert found.panel.raters == ("c", "d", "model")


# -- weights ---------------------------------------------------------------------------------------


def test_who_agrees_with_the_others_weighs_more(tmp_path: Path) -> None:
    votes = engine_votes(manifest(tmp_path, *rows({"a": 0, "b": 0, "c": 4})))
    weights = raters.rater_weights(votes)
    assert weights["wrinkles", "a"] == weights["wrinkles", "b"] > weights["wrinkles", "c"] > 0
    assert np.mean(list(weights.values())) == pytest.approx(1.0)


def test_with_few_shared_photos_nobody_is_weighed(tmp_path: Path) -> None:
    few = rows({"a": 0, "b": 4}, people=raters.WEIGHT_PHOTOS - 1)
    assert raters.rater_weights(engine_votes(manifest(tmp_path, *few))) == {}
    enough = rows({"a": 0, "b": 4}, people=raters.WEIGHT_PHOTOS)
    assert len(raters.rater_weights(engine_votes(manifest(tmp_path, *enough)))) == 2
