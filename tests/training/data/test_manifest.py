"""A manifest tells every mistake at once, by column and spreadsheet row, in both of its forms."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skinscore.errors import RequestRefused
from skinscore_training.data.columns import Form
from skinscore_training.data.manifest import (
    examine,
    read_manifest,
    require_trainable,
    write_manifest,
)
from tests.training.manifests import LONG, long, wide, write

GOOD = (
    long(grade="2.5"),
    long(grade="", rater="r2"),
    long(photo="b.jpg", subject="p2", zone="nose", concern="pigmentation", grade="0"),
)


def refusal(path: Path) -> str:
    with pytest.raises(RequestRefused) as refused:
        read_manifest(path)
    assert refused.value.code == "manifest_invalid"
    return str(refused.value)


def test_a_blank_cell_is_no_grade_and_never_grade_zero(tmp_path: Path) -> None:
    rows = read_manifest(write(tmp_path, *GOOD)).rows
    assert rows["low"].tolist()[::2] == [2.5, 0.0]
    assert np.isnan(rows["low"][1])
    assert rows["assessable"].all()


def test_an_interval_and_an_unseen_zone_are_kept_as_what_they_are(tmp_path: Path) -> None:
    rows = read_manifest(
        write(tmp_path, long(grade="3..4"), long(zone="nose", grade="not_assessable"))
    ).rows
    assert (rows["low"][0], rows["high"][0]) == (3.0, 4.0)
    assert np.isnan(rows["low"][1])
    assert rows["assessable"].tolist() == [True, False]


def test_the_wide_form_reads_like_the_long_one(tmp_path: Path) -> None:
    table = {"cheek_left.wrinkles": "1", "nose.pigmentation": "3..4", "chin.wrinkles": ""}
    one = read_manifest(write(tmp_path, wide(**table), name="wide.csv"))
    other = read_manifest(
        write(
            tmp_path,
            long(zone="cheek_left", grade="1"),
            long(zone="nose", concern="pigmentation", grade="3..4"),
        )
    )
    assert (one.form, other.form) == (Form.WIDE, Form.LONG)
    columns = ["photo", "subject", "zone", "concern", "scale", "rater", "low", "high"]
    key = ["zone", "concern"]
    pd.testing.assert_frame_equal(
        one.grades[columns].sort_values(key, ignore_index=True),
        other.grades[columns].sort_values(key, ignore_index=True),
    )


def test_a_photo_that_nobody_graded_stays_in_the_wide_form(tmp_path: Path) -> None:
    path = write(tmp_path, wide(photo="a.jpg", rater="", scale=""))
    manifest = read_manifest(path)
    assert manifest.photos["photo"].tolist() == ["a.jpg"]
    assert manifest.grades.empty


def test_parquet_reads_like_csv_also_with_numbers_for_grades(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, *GOOD))
    table = pd.DataFrame(GOOD).assign(grade=[2.5, np.nan, 0.0])
    table.to_parquet(tmp_path / "manifest.parquet")
    pd.testing.assert_frame_equal(
        read_manifest(tmp_path / "manifest.parquet").rows.drop(columns="grade"),
        manifest.rows.drop(columns="grade"),
    )


def with_lists(folder: Path, column: str) -> Path:
    path = folder / "manifest.parquet"
    table = pd.DataFrame(GOOD)
    table[column] = pd.Series([["one", "two"], [], None], dtype=object)
    table.to_parquet(path)
    return path


def test_a_column_of_ones_own_may_hold_lists(tmp_path: Path) -> None:
    manifest = read_manifest(with_lists(tmp_path, "x_tags"))
    pd.testing.assert_frame_equal(manifest.rows, read_manifest(write(tmp_path, *GOOD)).rows)


@pytest.mark.parametrize("column", ["visit", "tags"])
def test_lists_in_any_other_column_are_refused(tmp_path: Path, column: str) -> None:
    said = refusal(with_lists(tmp_path, column))
    assert f"columns with lists in their cells: {column}" in said
    assert "x_..." in said
    assert "two" not in said


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"schema": "skinscore.manifest/9"}, r"schema: it is none of skinscore.manifest/1"),
        ({"grade": "5"}, r"grade: it is not 0..4 in halves of engine_0_4"),
        ({"grade": "2.3"}, r"grade: it is not 0..4 in halves of engine_0_4"),
        ({"grade": "2.5", "scale": "merz_0_4"}, r"grade: it is not 0..4 of merz_0_4"),
        ({"grade": "0", "scale": "rao_goldman_1_5"}, r"grade: it is not 1..5 of rao_goldman"),
        ({"grade": "bad"}, r"grade: it is no grade, interval or not_assessable"),
        ({"grade": "3-4"}, r"grade: it is no grade, interval or not_assessable"),
        ({"grade": "-1"}, r"grade: it is no grade"),
        ({"grade": "4..3"}, r"grade: the interval runs backwards"),
        ({"grade": "2.5..3"}, r"grade: an interval begins or ends at a half"),
        ({"zone": "cheek"}, r"zone: it is none of forehead"),
        ({"zone": "face"}, r"zone: a grade of the whole face teaches no zone \(grade the zones"),
        ({"zone": ""}, r"zone: a grade has none"),
        ({"concern": "acne"}, r"concern: it is none of acne_scarring"),
        ({"rater": ""}, r"rater: a grade has none"),
        ({"rater": "model"}, r"rater: `model` is no rater's name"),
        ({"scale": ""}, r"scale: a grade has none"),
        ({"scale": "0-4"}, r"scale: it is none of engine_0_4"),
        ({"scale": "mss_0_3"}, r"scale: it does not grade this concern"),
        ({"subject": ""}, r"subject: it is blank"),
        ({"licence": ""}, r"licence: it is blank"),
        ({"use": "yes"}, r"use: it is none of training, evaluation_only"),
        ({"subject_kind": "patient"}, r"subject_kind: it is none of person, case, photo"),
        ({"photo": "/photos/a.jpg"}, r"photo: it is no relative path"),
        ({"photo": "C:/a.jpg"}, r"photo: it is no relative path"),
        ({"photo": "photos\\a.jpg"}, r"photo: it is no relative path"),
        ({"photo": "a\x00.jpg"}, r"photo: it is no relative path"),
        ({"photo": "a\n.jpg"}, r"photo: it is no relative path"),
        ({"view": "side"}, r"view: it is none of frontal"),
        ({"view": "close_up"}, r"px_per_mm: a close-up has no scale"),
        ({"px_per_mm": "12"}, r"px_per_mm: only a close-up has a scale"),
        ({"view": "close_up", "px_per_mm": "0"}, r"px_per_mm: it is no number from 0.1 to 200"),
        ({"attribute": "age_years", "value": "30"}, r"attribute: a row holds a grade or an attr"),
        ({"value": "30"}, r"value: a value has no attribute"),
    ],
)
def test_a_mistake_is_named_with_its_row(
    tmp_path: Path, cells: dict[str, str], message: str
) -> None:
    said = refusal(write(tmp_path, long(photo="z.jpg", subject="p0"), long(**cells)))
    assert re.search(rf"{message}[^;]* in 1 row \(3\)", said), said


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"attribute": "scar_score", "value": "3"}, "attribute: it is none of age_years"),
        ({"attribute": "age_years", "value": "old"}, "value: it is not what the attribute allows"),
        ({"attribute": "age_years", "value": "3.5"}, "value: it is not what the attribute allows"),
        ({"attribute": "wrinkle_mask", "value": "/m.png"}, "value: it is not what the attribute"),
    ],
)
def test_attributes_are_checked_too(tmp_path: Path, cells: dict[str, str], message: str) -> None:
    nothing = dict.fromkeys(("zone", "concern", "grade", "scale"), "")
    assert message in refusal(write(tmp_path, long(**nothing, **cells)))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({}, "photo: photo, zone, concern, rater and scale repeat"),
        ({"subject": "p9", "zone": "nose"}, "subject: rows of one photo differ"),
        ({"visit": "2", "zone": "nose"}, "visit: rows of one photo differ"),
        ({"photo": "b.jpg", "split": "test"}, "split: one subject is in two splits"),
    ],
)
def test_rows_that_contradict_each_other_are_both_named(
    tmp_path: Path, cells: dict[str, str], message: str
) -> None:
    first = long(visit="1", split="train")
    said = refusal(write(tmp_path, first, first | cells))
    assert f"{message} in 2 rows (2, 3)" in said


def test_a_close_up_shows_one_zone(tmp_path: Path) -> None:
    close_up = long(view="close_up", px_per_mm="20")
    assert "zone: a close-up shows several zones" in refusal(
        write(tmp_path, close_up, close_up | {"zone": "nose"})
    )


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    said = refusal(
        write(tmp_path, long(zone="cheek", concern="acne", grade="9"), long(subject="", rater=""))
    )
    for part in ("zone: it is none", "concern: it is none", "grade: it is", "subject: it is blank"):
        assert part in said


def test_row_numbers_are_a_spreadsheets_also_behind_an_empty_line(tmp_path: Path) -> None:
    path = write(tmp_path, long(), long(photo="b.jpg", grade="9"))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1], "", lines[2]]) + "\n")
    _, found = examine(path)
    assert {(problem.code, problem.rows) for problem in found} == {
        ("blank_line", (3,)),
        ("out_of_scale", (4,)),
    }


def test_a_name_in_a_cell_never_reaches_the_message(tmp_path: Path) -> None:
    said = refusal(write(tmp_path, long(photo="/mrs-smith.jpg", subject="smith", grade="9")))
    assert "smith" not in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("photo;subject\na.jpg;p1\n", "separated by semicolons"),
        ("photo,photo\na.jpg,b.jpg\n", "names photo twice"),
        ("photo,subject\na.jpg\n", "another number of cells than the header, the first is row 2"),
        ("photo,zone\na.jpg,chin\n", "columns missing: schema, subject"),
        (",".join([*LONG, "notes"]) + "\n", "columns not known: notes"),
        (",".join([*LONG, "chin.wrinkles"]) + "\n", "columns of both forms"),
        (",".join(LONG) + "\n", "the manifest has no rows"),
    ],
)
def test_a_table_that_is_no_manifest_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(text)
    assert message in refusal(path)


def test_ones_own_columns_are_left_alone_and_a_byte_order_mark_is_no_column(tmp_path: Path) -> None:
    path = write(tmp_path, long(x_note="morning light"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert "x_note" not in read_manifest(path).rows


def test_what_is_written_reads_the_same_in_both_kinds_of_file(tmp_path: Path) -> None:
    rows = read_manifest(write(tmp_path, *GOOD)).rows
    one = write_manifest(tmp_path / "one.csv", rows.assign(px_per_mm=""))
    other = write_manifest(tmp_path / "other.parquet", rows.assign(px_per_mm=""))
    pd.testing.assert_frame_equal(one.rows, rows[one.rows.columns])
    pd.testing.assert_frame_equal(one.rows, other.rows)


@pytest.mark.parametrize("name", ["MANIFEST.CSV", "Manifest.Parquet"])
def test_the_case_of_a_name_does_not_change_the_kind_of_file(tmp_path: Path, name: str) -> None:
    rows = read_manifest(write(tmp_path, *GOOD)).rows
    written = write_manifest(tmp_path / name, rows.assign(px_per_mm=""))
    pd.testing.assert_frame_equal(written.rows, rows[written.rows.columns])
    plain = tmp_path / f"plain{written.path.suffix.lower()}"
    assert read_manifest(written.path.rename(plain)).sha256 == written.sha256


def test_broken_rows_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(RequestRefused, match="manifest_invalid"):
        write_manifest(tmp_path / "out.csv", pd.DataFrame([long(grade="9")]))
    assert list(tmp_path.iterdir()) == []


def test_rows_for_evaluation_only_are_refused_as_training_input(tmp_path: Path) -> None:
    manifest = read_manifest(
        write(tmp_path, long(), long(photo="b.jpg", subject="p2", use="evaluation_only"))
    )
    with pytest.raises(RequestRefused, match="1 rows are for evaluation only") as refused:
        require_trainable(manifest)
    assert refused.value.code == "not_for_training"
    require_trainable(manifest.of_subjects(["p1"]))


def test_a_manifest_without_a_grade_is_no_training_input(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, long(grade="")))
    with pytest.raises(RequestRefused, match="no row holds a grade"):
        require_trainable(manifest)


def test_a_column_of_the_whole_face_is_refused_with_what_to_do_instead(tmp_path: Path) -> None:
    said = refusal(write(tmp_path, wide(**{"chin.wrinkles": "2", "face.wrinkles": "3"})))
    assert "columns of the whole face: face.wrinkles" in said
    assert "x_face" in said
