"""A scale is what its authors published; only a written mapping leads to the engine scale."""

from pathlib import Path

import pytest

from skinscore.domain.concerns import GRADES
from skinscore.errors import RequestRefused
from skinscore_training.data.scales import ENGINE, SCALES, crosswalks, load_mapping

NIA = """\
schema: skinscore.scale-mapping/1
scale: nia_wrinkle_0_6
basis: two dermatologists compared forty anchor photos, 2026-11-20
grades: {0: [0, 0], 1: [1, 1], 2: [1, 2], 3: [2, 2], 4: [3, 3], 5: [3, 4], 6: [4, 4]}
"""


def mapping(folder: Path, text: str) -> Path:
    path = folder / "mapping.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", SCALES)
def test_a_scale_has_a_whole_rising_crosswalk_or_says_why_not(name: str) -> None:
    scale = SCALES[name]
    if scale.crosswalk is None:
        assert scale.unmapped
        return
    assert not scale.unmapped
    assert sorted(scale.crosswalk) == list(range(scale.lowest, scale.highest + 1))
    ends = [scale.crosswalk[grade] for grade in sorted(scale.crosswalk)]
    assert ends == sorted(ends)
    assert all(low <= high and low in GRADES and high in GRADES for low, high in ends)


def test_only_the_engine_scale_has_halves() -> None:
    assert [name for name, scale in SCALES.items() if scale.halves] == [ENGINE]


def test_no_crosswalk_is_a_linear_rescaling_of_a_longer_scale() -> None:
    for scale in SCALES.values():
        if scale.crosswalk is None or scale.highest - scale.lowest == 4:
            continue
        span = scale.highest - scale.lowest
        linear = {
            grade: (grade - scale.lowest) * 4 / span for grade in range(scale.lowest, scale.highest)
        }
        assert any(scale.crosswalk[grade][0] != value for grade, value in linear.items())


def test_what_stretching_alone_can_tell_apart_stays_an_interval() -> None:
    crosswalk = SCALES["goodman_baron_0_4"].crosswalk
    assert crosswalk is not None
    assert crosswalk[3] == crosswalk[4] == (3, 4)


def test_a_users_own_mapping_opens_a_scale(tmp_path: Path) -> None:
    assert "nia_wrinkle_0_6" not in crosswalks([])
    ways = crosswalks([load_mapping(mapping(tmp_path, NIA))])
    assert ways["nia_wrinkle_0_6"][5] == (3, 4)
    assert "nia_pigmentation_0_5" not in ways


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("nia_wrinkle_0_6", "nia_wrinkle", "is no scale to be mapped"),
        ("nia_wrinkle_0_6", "engine_0_4", "is no scale to be mapped"),
        (", 6: [4, 4]", "", r"grades \[0, 1, 2, 3, 4, 5\] are mapped"),
        ("6: [4, 4]", "6: [4, 5]", "less than or equal to 4"),
        ("2: [1, 2]", "2: [2, 1]", "an interval runs backwards"),
        ("5: [3, 4]", "5: [2, 4]", "a worse grade becomes a milder one"),
        ("basis: two dermatologists compared forty anchor photos, 2026-11-20\n", "", "basis"),
        ("schema: skinscore.scale-mapping/1", "schema: other", "schema"),
        ("grades: {", "grades: [", "mapping.yaml is no YAML"),
    ],
)
def test_a_mapping_that_leaves_something_open_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in NIA
    with pytest.raises(RequestRefused, match=message) as refused:
        load_mapping(mapping(tmp_path, NIA.replace(old, new)))
    assert refused.value.code == "mapping_invalid"


def test_two_mappings_of_one_scale_are_refused(tmp_path: Path) -> None:
    one = load_mapping(mapping(tmp_path, NIA))
    with pytest.raises(RequestRefused, match="mapped twice"):
        crosswalks([one, one])
