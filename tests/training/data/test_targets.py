"""Votes become soft targets and sets; blanks and unseen zones become nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch

from skinscore.errors import RequestRefused
from skinscore_training.data.manifest import read_manifest
from skinscore_training.data.scales import ScaleMapping
from skinscore_training.data.targets import Target, engine_targets
from skinscore_training.model.losses import soft_target
from tests.training.manifests import Row, long, write

CHIN = ("a.jpg", "chin", "wrinkles")


def soft(grade: float) -> np.ndarray:
    return np.asarray(soft_target(torch.tensor(grade, dtype=torch.float64)))


def target(folder: Path, *rows: Row, weights: dict[tuple[str, str], float] | None = None) -> Target:
    return engine_targets(read_manifest(write(folder, *rows)), weights=weights)[CHIN]


def test_one_grade_gives_the_loss_functions_own_soft_target(tmp_path: Path) -> None:
    found = target(tmp_path, long(grade="2.5"))
    assert found.score == 2.5
    np.testing.assert_allclose(found.probabilities, soft(2.5), rtol=1e-6)
    assert not found.allowed.any()


def test_two_raters_teach_their_doubt_and_not_the_sure_middle(tmp_path: Path) -> None:
    found = target(tmp_path, long(grade="1"), long(grade="3", rater="r2"))
    assert found.score == 2.0
    np.testing.assert_allclose(found.probabilities, (soft(1) + soft(3)) / 2, rtol=1e-6)
    assert found.probabilities[2] < soft(2)[2]


def test_a_rater_of_more_weight_counts_more(tmp_path: Path) -> None:
    rows = long(grade="1"), long(grade="3", rater="r2")
    found = target(tmp_path, *rows, weights={("wrinkles", "r2"): 3.0})
    assert found.score == pytest.approx(2.5)
    np.testing.assert_allclose(found.probabilities, 0.25 * soft(1) + 0.75 * soft(3), rtol=1e-6)


def test_intervals_alone_give_the_set_of_all_they_allow(tmp_path: Path) -> None:
    found = target(tmp_path, long(grade="3..4"), long(grade="2..3", rater="r2"))
    assert np.isnan(found.score)
    assert found.allowed.tolist() == [False, False, True, True, True]
    assert found.probabilities.sum() == pytest.approx(1.0)


def test_beside_a_single_grade_an_interval_joins_the_mean(tmp_path: Path) -> None:
    found = target(tmp_path, long(grade="3"), long(grade="3..4", rater="r2"))
    assert found.score == 3.0
    assert not found.allowed.any()
    expected = 0.5 * soft(3) + 0.25 * (soft(3) + soft(4))
    np.testing.assert_allclose(found.probabilities, expected, rtol=1e-6)


@pytest.mark.parametrize("cell", ["", "not_assessable"])
def test_who_did_not_grade_gives_no_target(tmp_path: Path, cell: str) -> None:
    manifest = read_manifest(write(tmp_path, long(grade=cell), long(zone="nose", grade="0")))
    assert set(engine_targets(manifest)) == {("a.jpg", "nose", "wrinkles")}


def test_other_scales_come_by_their_crosswalk(tmp_path: Path) -> None:
    assert target(tmp_path, long(grade="5", scale="lemperle_0_5")).score == 4.0
    scar = long(concern="acne_scarring", grade="4", scale="goodman_baron_0_4")
    found = engine_targets(read_manifest(write(tmp_path, scar)))
    assert found["a.jpg", "chin", "acne_scarring"].allowed.tolist() == [False] * 3 + [True] * 2


def test_a_scale_without_a_way_is_refused_with_the_reason_and_opened_by_a_mapping(
    tmp_path: Path,
) -> None:
    manifest = read_manifest(write(tmp_path, long(grade="6", scale="nia_wrinkle_0_6")))
    with pytest.raises(
        RequestRefused, match="1 grades on nia_wrinkle_0_6: no crosswalk"
    ) as refused:
        engine_targets(manifest)
    assert refused.value.code == "scale_not_mapped"
    own = ScaleMapping(
        schema="skinscore.scale-mapping/1",
        scale="nia_wrinkle_0_6",
        basis="made up for this test, by nobody",
        grades={grade: (min(grade, 4), min(grade, 4)) for grade in range(7)},
    )
    assert engine_targets(manifest, [own])[CHIN].score == 4.0
