"""NIA / AI-Hub 71645: the published layouts and every trap that is known of them."""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skinscore.errors import RequestRefused
from skinscore_training.data import importing
from skinscore_training.data.importers import IMPORTERS
from skinscore_training.data.importers.base import Listed
from skinscore_training.data.manifest import Manifest
from tests.training import nia_tree

SUBJECTS = range(2, 7)


def photo(name: str) -> bytes:
    return name.encode()


def run(source: Path, out: Path) -> Manifest:
    return importing.write(IMPORTERS["nia"](source, iter), out)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    nia_tree.build(tmp_path / "dataset", SUBJECTS, photo)
    return tmp_path / "dataset"


def change(tree: Path, name: str, how: Callable[[dict[str, Any]], object]) -> None:
    """Change the one label file called ``name``."""
    (path,) = tree.rglob(name)
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    how(content)
    path.write_text(json.dumps(content))


def refused(tree: Path) -> str:
    with pytest.raises(RequestRefused) as refusal:
        IMPORTERS["nia"](tree, iter)
    assert refusal.value.code == "dataset_layout"
    return str(refusal.value)


def of_photo(manifest: Manifest, name: str) -> dict[tuple[str, str], float]:
    grades = manifest.grades[manifest.grades["photo"].str.endswith(name)]
    return dict(
        zip(zip(grades["zone"], grades["concern"], strict=True), grades["low"], strict=True)
    )


def test_left_in_a_label_is_left_of_the_picture_and_right_of_the_subject(
    tree: Path, tmp_path: Path
) -> None:
    found = of_photo(run(tree, tmp_path / "nia.csv"), "0003_01_F.jpg")
    assert found["crows_feet_right", "wrinkles"] != found["crows_feet_left", "wrinkles"]
    assert found == {
        ("forehead", "wrinkles"): nia_tree.grade(3, "forehead_wrinkle"),
        ("forehead", "pigmentation"): nia_tree.grade(3, "forehead_pigmentation"),
        ("glabella", "wrinkles"): nia_tree.grade(3, "glabellus_wrinkle"),
        ("crows_feet_right", "wrinkles"): nia_tree.grade(3, "l_perocular_wrinkle"),
        ("crows_feet_left", "wrinkles"): nia_tree.grade(3, "r_perocular_wrinkle"),
        ("cheek_right", "pigmentation"): nia_tree.grade(3, "l_cheek_pigmentation"),
        ("cheek_left", "pigmentation"): nia_tree.grade(3, "r_cheek_pigmentation"),
    }


def test_grades_keep_the_source_scale_and_nothing_becomes_a_scar(
    tree: Path, tmp_path: Path
) -> None:
    grades = run(tree, tmp_path / "nia.csv").grades
    scales = grades.groupby("concern")["scale"].unique().map(list).to_dict()
    assert scales == {"wrinkles": ["nia_wrinkle_0_6"], "pigmentation": ["nia_pigmentation_0_5"]}
    assert set(grades["rater"]) == {"nia-consensus"}


def test_a_part_without_a_box_is_not_visible_and_gives_no_row(tree: Path, tmp_path: Path) -> None:
    manifest = run(tree, tmp_path / "nia.csv")
    seen = {zone for zone, _ in of_photo(manifest, "0003_01_L30.jpg")}
    assert seen == {"forehead", "glabella", "crows_feet_left", "cheek_left"}
    views = dict(
        zip(manifest.photos["photo"].str.split("_").str[-1], manifest.photos["view"], strict=True)
    )
    assert (views["F.jpg"], views["Fb.jpg"]) == ("frontal", "frontal")
    assert (views["L30.jpg"], views["R.jpg"]) == ("left", "right")


def test_a_grade_of_null_gives_no_row(tree: Path, tmp_path: Path) -> None:
    change(
        tree, "0003_01_F_02.json", lambda label: label["annotations"].update(glabellus_wrinkle=None)
    )
    change(tree, "0003_01_F_01.json", lambda label: label.update(annotations=None))
    found = of_photo(run(tree, tmp_path / "nia.csv"), "0003_01_F.jpg")
    assert not {zone for zone, _ in found} & {"glabella", "forehead"}


def test_one_person_is_one_subject_over_devices_and_views_under_a_pseudonym(
    tree: Path, tmp_path: Path
) -> None:
    photos = run(tree, tmp_path / "nia.csv").photos
    assert len(photos) == len(SUBJECTS) * 10
    assert photos["subject"].nunique() == len(SUBJECTS)
    assert set(photos["subject_kind"]) == {"person"}
    assert not photos["subject"].isin([f"{subject:04d}" for subject in SUBJECTS]).any()


def test_both_layouts_give_the_same_rows_even_with_decomposed_folder_names(
    tree: Path, tmp_path: Path
) -> None:
    delivered = tmp_path / unicodedata.normalize("NFD", "전달")
    nia_tree.build(delivered, SUBJECTS, photo, nia_tree.DELIVERED)
    columns = ["subject", "zone", "concern", "low", "scale", "attribute", "value", "view"]
    one = run(tree, tmp_path / "one.csv").rows[columns].sort_values(columns, ignore_index=True)
    other = (
        run(delivered, tmp_path / "two.csv").rows[columns].sort_values(columns, ignore_index=True)
    )
    assert one.equals(other)


def test_paths_lead_from_the_manifest_to_the_photos(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    manifest = run(tree, tmp_path / "tables" / "nia.parquet")
    for name in manifest.photos["photo"]:
        assert (manifest.folder / name).read_bytes() == photo(Path(name).stem)


def test_age_and_device_are_kept_and_the_survey_code_is_no_skin_type(
    tree: Path, tmp_path: Path
) -> None:
    said = run(tree, tmp_path / "nia.csv").attributes
    assert set(said["attribute"]) == {"age_years", "capture_device"}
    assert set(said["value"]) == {"digital_camera", "tablet", "22", "23", "24", "25", "26"}


def test_a_label_without_its_photo_is_counted(tree: Path) -> None:
    (path,) = tree.rglob("0004_01_Ft.jpg")
    path.unlink()
    imported = IMPORTERS["nia"](tree, iter)
    assert "1 photos have labels but no file: left out" in imported.notes


@pytest.mark.parametrize("parts", range(10))
def test_every_photo_becomes_rows_or_is_counted_whatever_labels_it_has(
    tree: Path, parts: int
) -> None:
    for part in range(parts, 9):
        (path,) = tree.rglob(f"0004_01_Ft_{part:02d}.json")
        path.unlink()
    imported = IMPORTERS["nia"](tree, iter)
    taken = {entry.photo.path for entry in imported.entries if not isinstance(entry, Listed)}
    gone = "1 photos have no label file: left out"
    some = "1 photos have fewer than 9 label files: only those are read"
    assert len(taken) + (gone in imported.notes) == len(list(tree.rglob("*.jpg")))
    assert (gone in imported.notes) == (parts == 0)
    assert (some in imported.notes) == (0 < parts < 9)


@pytest.mark.parametrize(
    ("name", "how", "message"),
    [
        (
            "0003_01_F_01.json",
            lambda label: label["annotations"].update(forehead_wrinkle=7),
            r"0003_01_F_01.json has forehead_wrinkle 7, beyond 0..6",
        ),
        (
            "0003_01_F_05.json",
            lambda label: label["annotations"].update(pigmentation_count=3),
            "has keys that part 5 never had: pigmentation_count",
        ),
        (
            "0003_01_F_05.json",
            lambda label: label["info"].update(id="0004"),
            "speaks of another photo or part than its name",
        ),
        (
            "0003_01_F_05.json",
            lambda label: label["images"].update(facepart=6),
            "speaks of another photo or part than its name",
        ),
        ("0003_01_F_05.json", lambda label: label.pop("images"), "images: Field required"),
    ],
)
def test_a_label_that_is_not_as_published_is_refused(
    tree: Path, name: str, how: Callable[[dict[str, Any]], object], message: str
) -> None:
    change(tree, name, how)
    assert message in refused(tree)


def test_mirrored_boxes_are_refused(tree: Path) -> None:
    for path in tree.rglob("*_F_0[3456].json"):
        other = {"03": 4, "04": 3, "05": 6, "06": 5}[path.stem[-2:]]
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        content["images"]["bbox"] = nia_tree.BOXES[other]
        path.write_text(json.dumps(content))
    assert "the l_ boxes lie on the right" in refused(tree)


def test_a_folder_of_zips_is_told_to_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "TS.zip").write_bytes(b"PK")
    assert "unpack them first" in refused(tmp_path)


def test_a_photo_in_another_persons_folder_is_refused(tree: Path) -> None:
    (path,) = tree.rglob("0004_01_F.jpg")
    (other,) = tree.rglob("img/01/0005")
    path.rename(other / path.name)
    assert "1 files lie in another folder than their name says" in refused(tree)
