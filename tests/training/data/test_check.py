"""A check finds everything at once, before any long work."""

from pathlib import Path

import pytest

from skinscore.imaging.decode import decode
from skinscore_training import rules
from skinscore_training.data.check import FEW_SUBJECTS, Report, check
from skinscore_training.data.problems import Severity
from tests.pictures import encoded, noise
from tests.training.manifests import Row, long, write

SIDE = 300  # px; enough for the decoder's smallest photo


def look(data: bytes, _close_up: bool) -> object:
    return decode(data, rules.DECODE)


def run(folder: Path, *rows: Row) -> Report:
    """Check rows whose photos are all there and all different, unless the test put others there."""
    for place, name in enumerate(dict.fromkeys(row["photo"] for row in rows)):
        if not (folder / name).exists():
            (folder / name).write_bytes(encoded(noise(SIDE, SIDE, seed=place), "PNG"))
    return check(write(folder, *rows), look)


def told(
    report: Report, severity: Severity = Severity.ERROR
) -> dict[tuple[str, str], tuple[int, ...]]:
    return {
        (problem.column, problem.code): problem.rows
        for problem in report.problems
        if problem.severity is severity
    }


def test_a_sound_manifest_is_fit_with_its_counts(tmp_path: Path) -> None:
    report = run(tmp_path, long(), long(zone="nose", grade="3..4", rater="r2"))
    assert report.fit
    assert told(report) == {}
    assert report.counts.to_dict(orient="list") == {
        "concern": ["wrinkles", "wrinkles"],
        "scale": ["engine_0_4", "engine_0_4"],
        "grade": ["2", "3..4"],
        "rows": [1, 1],
        "photos": [1, 1],
        "subjects": [1, 1],
    }


def test_missing_and_unreadable_photos_are_named_with_all_their_rows(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_bytes(b"no photo at all")
    (tmp_path / "cut.png").write_bytes(encoded(noise(SIDE, SIDE), "PNG")[:4000])
    rows = (
        long(photo="text.jpg"),
        long(photo="cut.png", subject="p2"),
        long(photo="gone.jpg", subject="p3"),
        long(photo="gone.jpg", subject="p3", zone="nose"),
    )
    for name in ("text.jpg", "cut.png"):
        assert (tmp_path / name).exists()
    report = check(write(tmp_path, *rows), look)
    assert told(report) == {
        ("photo", "missing_file"): (4, 5),
        ("photo", "truncated"): (3,),
        ("photo", "unsupported_type"): (2,),
    }
    assert not report.fit


@pytest.mark.parametrize("sign", ["\0", "\n", "\x7f"])
def test_a_control_character_in_a_name_is_told_and_the_file_not_looked_for(
    tmp_path: Path, sign: str
) -> None:
    (tmp_path / "a.png").write_bytes(encoded(noise(SIDE, SIDE), "PNG"))
    rows = long(photo="a.png"), long(photo=f"b{sign}.png", subject="p2")
    assert told(check(write(tmp_path, *rows), look)) == {("photo", "not_relative"): (3,)}


def test_the_same_bytes_of_two_subjects_or_splits_are_an_error(tmp_path: Path) -> None:
    twin = encoded(noise(SIDE, SIDE), "PNG")
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(twin)
    report = run(
        tmp_path,
        long(photo="a.png", split="train"),
        long(photo="b.png", subject="p2", split="test"),
    )
    assert told(report) == {
        ("subject", "duplicate_bytes"): (2, 3),
        ("split", "duplicate_bytes"): (2, 3),
    }


def test_the_same_bytes_twice_of_one_subject_are_a_warning(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(encoded(noise(SIDE, SIDE), "PNG"))
    report = run(tmp_path, long(photo="a.png"), long(photo="b.png"))
    assert report.fit
    assert told(report, Severity.WARNING)["photo", "duplicate_bytes"] == (2, 3)


@pytest.mark.parametrize(("other", "far"), [("3", False), ("3.5", True), ("4", True)])
def test_raters_far_apart_are_named(tmp_path: Path, other: str, far: bool) -> None:
    report = run(tmp_path, long(grade="1"), long(grade=other, rater="r2"), long(zone="nose"))
    rows = told(report, Severity.WARNING).get(("grade", "raters_far_apart"))
    assert rows == ((2, 3) if far else None)


@pytest.mark.parametrize(("other", "alike"), [("p017", True), ("Zoe\u0301", True), ("P018", False)])
def test_one_name_spelt_two_ways_is_named(tmp_path: Path, other: str, alike: bool) -> None:
    one = "Zo\u00e9" if "Z" in other else "P017"
    report = run(
        tmp_path,
        long(subject=one, rater="Dr A"),
        long(photo="b.png", subject=other, rater="dr a"),
    )
    warned = told(report, Severity.WARNING)
    assert warned.get(("subject", "spelt_alike")) == ((2, 3) if alike else None)
    assert warned["rater", "spelt_alike"] == (2, 3)


def test_grades_of_too_few_people_are_named(tmp_path: Path) -> None:
    rows = [long(photo=f"{i}.png", subject=f"p{i}", grade="1.5") for i in range(FEW_SUBJECTS)]
    report = run(tmp_path, *rows)
    (problem,) = [problem for problem in report.problems if problem.code == "rare_grade"]
    assert "(grade 0: 0, grade 3: 0, grade 4: 0)" in problem.message  # a half serves both sides


def test_what_cannot_be_training_material_is_a_warning(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        long(use="evaluation_only", subject_kind="photo"),
        long(zone="nose", grade="6", scale="nia_wrinkle_0_6", prelabelled="sketch 0.1.0"),
    )
    assert report.fit
    warned = told(report, Severity.WARNING)
    assert warned["use", "evaluation_only"] == (2,)
    assert warned["subject_kind", "not_persons"] == (2,)
    assert warned["scale", "not_mapped"] == (3,)
    assert warned["prelabelled", "anchored"] == (3,)


def test_a_split_that_leaves_a_part_empty_is_told(tmp_path: Path) -> None:
    warned = told(run(tmp_path, long(split="train")), Severity.WARNING)
    assert ("split", "empty_part") in warned
    assert ("split", "empty_part") not in told(run(tmp_path, long()), Severity.WARNING)


def test_broken_rows_and_missing_photos_are_told_together(tmp_path: Path) -> None:
    report = check(write(tmp_path, long(grade="9"), long(photo="b.jpg", subject="")), look)
    assert set(told(report)) == {
        ("grade", "out_of_scale"),
        ("subject", "blank"),
        ("photo", "missing_file"),
    }


def test_each_photo_is_looked_at_once_and_a_close_up_as_one(tmp_path: Path) -> None:
    seen: list[bool] = []
    (tmp_path / "a.jpg").write_bytes(b"one")
    (tmp_path / "b.jpg").write_bytes(b"two")
    close_up = long(photo="b.jpg", subject="p2", view="close_up", px_per_mm="20")
    path = write(tmp_path, long(), long(zone="nose"), close_up)
    check(path, lambda _data, close: seen.append(close))
    assert seen == [False, True]
