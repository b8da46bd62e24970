"""A person is in one part only, and always in the same."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinscore.errors import RequestRefused
from skinscore_training.data.splits import Part, named_subjects, rows_of, split_subjects


@given(people=st.integers(4, 200), seed=st.integers(0, 5))
def test_every_person_is_in_exactly_one_part_and_no_part_is_empty(people: int, seed: int) -> None:
    subjects = np.arange(people).repeat(3)
    table = split_subjects(subjects, calibration=0.2, test=0.2, seed=seed)
    assert sorted(table["subject"]) == list(range(people))
    assert set(table["part"]) == {part.value for part in Part}


def test_the_order_and_number_of_rows_do_not_matter() -> None:
    subjects = np.arange(30)
    one = split_subjects(subjects, 0.2, 0.2, seed=1)
    other = split_subjects(np.concatenate([subjects[::-1], subjects]), 0.2, 0.2, seed=1)
    pd.testing.assert_frame_equal(one, other)
    assert not one.equals(split_subjects(subjects, 0.2, 0.2, seed=2))


def test_rows_follow_their_person() -> None:
    manifest = pd.DataFrame({"subject": np.arange(20).repeat(13), "row": np.arange(260)})
    table = split_subjects(manifest["subject"].to_numpy(), 0.25, 0.25, seed=3)
    parts = [rows_of(manifest, table, part) for part in Part]
    assert sum(map(len, parts)) == len(manifest)
    people = [set(part["subject"]) for part in parts]
    assert not people[0] & people[1]
    assert not people[0] & people[2]
    assert not people[1] & people[2]


def test_too_few_people_are_refused() -> None:
    with pytest.raises(RequestRefused, match=r"preset_invalid: 2 subjects cannot fill"):
        split_subjects(np.arange(2), 0.4, 0.4, seed=1)


def crop_rows(parts: dict[int, str | None]) -> pd.DataFrame:
    """Two crops of each subject."""
    subjects = np.repeat(list(parts), 2)
    return pd.DataFrame({"subject": subjects, "part": [parts[subject] for subject in subjects]})


def test_a_named_split_is_kept_whatever_the_order_of_rows() -> None:
    named: dict[int, str | None] = {8: "test", 3: "train", 5: "calibration", 4: "train"}
    table = named_subjects(crop_rows(named))
    assert table is not None
    assert dict(zip(table["subject"], table["part"], strict=True)) == named
    assert list(table["subject"]) == sorted(named)
    again = named_subjects(crop_rows(named)[::-1])
    assert again is not None
    pd.testing.assert_frame_equal(table, again)


def test_without_a_name_the_shares_divide() -> None:
    assert named_subjects(crop_rows({1: None, 2: None})) is None
    assert named_subjects(crop_rows({1: None}).drop(columns="part")) is None


def test_a_named_part_without_anybody_is_refused() -> None:
    with pytest.raises(RequestRefused, match="nobody for calibration, test") as refusal:
        named_subjects(crop_rows({1: "train", 2: "train"}))
    assert refusal.value.code == "manifest_invalid"
