"""Sets with none of our grades: what they do say is kept, and nothing becomes a grade."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from skinscore.errors import RequestRefused
from skinscore_training.data import importing
from skinscore_training.data.columns import Use
from skinscore_training.data.importers import IMPORTERS
from skinscore_training.data.manifest import Manifest, require_trainable
from tests.training.data.importers import published

TREES = {
    "acne04": published.acne04,
    "acne04-v2": published.acne04_v2,
    "ffhq-wrinkle": published.ffhq_wrinkle,
    "scin": published.scin,
    "fitzpatrick17k": published.fitzpatrick17k,
    "ddi": published.ddi,
    "pad-ufes-20": published.pad_ufes_20,
    "acne-scu": published.acne_scu,
    "utkface": published.utkface,
}
SHAREABLE = ("scin", "pad-ufes-20")


def run(name: str, tmp_path: Path) -> tuple[Manifest, list[str]]:
    source = tmp_path / "src"
    TREES[name](source)
    imported = IMPORTERS[name](source, iter)
    return importing.write(imported, tmp_path / "out.csv"), imported.notes


def said(manifest: Manifest, attribute: str) -> "pd.Series[str]":
    """Values of an attribute in the order of photo and rater."""
    rows = manifest.attributes[manifest.attributes["attribute"] == attribute]
    return rows.sort_values(["photo", "rater"])["value"]


def refused(name: str, source: Path) -> str:
    with pytest.raises(RequestRefused) as refusal:
        IMPORTERS[name](source, iter)
    assert refusal.value.code == "dataset_layout"
    return str(refusal.value)


def test_every_importer_has_a_tree_here() -> None:
    assert {*TREES, "nia"} == set(IMPORTERS)


@pytest.mark.parametrize("name", TREES)
def test_no_row_holds_a_grade_and_none_may_be_trained_on(name: str, tmp_path: Path) -> None:
    manifest, _ = run(name, tmp_path)
    assert manifest.grades.empty
    assert len(manifest.attributes) == len(manifest.rows) > 0
    with pytest.raises(RequestRefused, match="not_for_training"):
        require_trainable(manifest)


@pytest.mark.parametrize("name", TREES)
def test_every_row_carries_licence_and_source(name: str, tmp_path: Path) -> None:
    rows = run(name, tmp_path)[0].rows
    assert rows["licence"].str.len().min() > 10
    assert rows["label_source"].nunique() == 1
    expected = Use.TRAINING if name in SHAREABLE else Use.EVALUATION_ONLY
    assert set(rows["use"]) == {expected.value}


@pytest.mark.parametrize("name", TREES)
def test_every_photo_of_the_manifest_is_there(name: str, tmp_path: Path) -> None:
    manifest, _ = run(name, tmp_path)
    assert all((manifest.folder / photo).is_file() for photo in manifest.photos["photo"])


@pytest.mark.parametrize("name", TREES)
def test_an_empty_folder_is_refused(name: str, tmp_path: Path) -> None:
    refused(name, tmp_path)


def test_acne04_says_active_acne_and_never_scarring(tmp_path: Path) -> None:
    manifest, _ = run("acne04", tmp_path)
    assert set(manifest.attributes["attribute"]) == {"active_acne_hayashi", "active_acne_lesions"}
    assert said(manifest, "active_acne_lesions").tolist() == ["3", "9", "14", "70"]
    grades = manifest.attributes[manifest.attributes["attribute"] == "active_acne_hayashi"]
    assert grades.groupby("rater")["value"].apply(list).to_dict() == {
        "acne04-expert_a": ["0", "2"],
        "acne04-label": ["0", "1", "1", "3"],
    }


def test_acne04_folds_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    published.acne04(tmp_path)
    path = tmp_path / "Classification" / "NNEW_test_4.txt"
    path.write_text("levle0_0.jpg 0 4\n")
    assert "NNEW_test_4.txt line 1 contradicts another fold" in refused("acne04", tmp_path)
    path.write_text("levle0_0.jpg 1 3\n")
    assert "another line than published" in refused("acne04", tmp_path)


def test_acne04_copies_of_roboflow_share_the_subject_of_their_source(tmp_path: Path) -> None:
    for number in "ab":
        published.touch(tmp_path / f"levle0_213_jpg.rf.{number * 32}.jpg")
    published.touch(tmp_path / "acne1_1024" / "levle1_7.jpg")
    photos = importing.write(IMPORTERS["acne04"](tmp_path, iter), tmp_path / "o.csv").photos
    assert (len(photos), photos["subject"].nunique()) == (3, 2)


@pytest.mark.parametrize("name", ["acne04", "acne04-v2"])
@pytest.mark.parametrize("spelt", [str.upper, str.title, lambda name: name[:-3] + "JPG"])
def test_acne04_finds_photos_however_their_names_are_spelt(
    name: str, spelt: Callable[[str], str], tmp_path: Path
) -> None:
    manifest, notes = run(name, tmp_path)
    for path in (tmp_path / "src").rglob("*.jpg"):
        path.rename(path.with_name(spelt(path.name)))
    again = IMPORTERS[name](tmp_path / "src", iter)
    assert again.notes == notes
    columns = ["subject", "attribute", "value", "rater"]
    rows = importing.write(again, tmp_path / "again.csv").rows[columns]
    assert sorted(map(tuple, rows.to_numpy())) == sorted(
        map(tuple, manifest.rows[columns].to_numpy())
    )


def test_acne04_counts_answers_about_photos_that_are_not_there(tmp_path: Path) -> None:
    published.acne04(tmp_path)
    (tmp_path / "Classification" / "JPEGImages" / "levle1_1.jpg").unlink()
    assert IMPORTERS["acne04"](tmp_path, iter).notes == [
        "1 listed photos have no file",
        "1 doctors' answers are about photos that have no file",
    ]


def test_acne04_photos_whose_names_differ_by_case_alone_are_one_or_refused(tmp_path: Path) -> None:
    published.touch(tmp_path / "a" / "levle1_7.jpg", b"one")
    published.touch(tmp_path / "b" / "levle1_7.JPG", b"one")
    assert len(IMPORTERS["acne04"](tmp_path, iter).entries) == 1
    published.touch(tmp_path / "b" / "levle1_7.JPG", b"another")
    assert "have one name" in refused("acne04", tmp_path)


def test_acne04_v2_counts_circles_also_none(tmp_path: Path) -> None:
    manifest, notes = run("acne04-v2", tmp_path)
    assert said(manifest, "active_acne_lesions").tolist() == ["0", "3"]
    assert notes == ["1 annotated photos have no file below SRC"]


def test_both_versions_of_acne04_name_a_photo_alike(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "two"
    published.acne04(one)
    published.acne04_v2(other)
    subjects = [
        {
            entry.photo.path.name: entry.photo.subject
            for entry in IMPORTERS[name](tree, iter).entries
        }
        for name, tree in (("acne04", one), ("acne04-v2", other))
    ]
    assert subjects[0]["levle0_0.jpg"] == subjects[1]["levle0_0.jpg"]


@pytest.mark.parametrize("masks", ["manual_wrinkle_masks", "manual-wrinkle-masks"])
def test_ffhq_wrinkle_takes_drawn_masks_and_not_the_texture_maps(
    tmp_path: Path, masks: str
) -> None:
    published.ffhq_wrinkle(tmp_path / "src", masks)
    imported = IMPORTERS["ffhq-wrinkle"](tmp_path / "src", iter)
    manifest = importing.write(imported, tmp_path / "out.csv")
    values = said(manifest, "wrinkle_mask")
    assert [(manifest.folder / value).read_bytes() for value in values] == [b"mask"] * 3
    assert dict(
        zip(manifest.photos["photo"].str[-9:-4], manifest.photos["split"], strict=True)
    ) == {
        "00001": "train",
        "01234": "test",
        "21035": "train",
    }
    assert imported.notes == ["1 masks have no photo"]


def test_scin_keeps_long_case_ids_apart_and_reads_each_annotator(tmp_path: Path) -> None:
    manifest, notes = run("scin", tmp_path)
    assert set(manifest.rows["subject_kind"]) == {"case"}
    rows = manifest.attributes
    assert rows["subject"].nunique() == 2  # ..993 is not read as ..992, ..994 is not ours
    conditions = rows[rows["attribute"] == "condition"]["value"]
    assert set(conditions) == {"Melasma", "Lentigo", "Acne"}
    types = rows[rows["attribute"] == "fitzpatrick_type"].groupby("rater")["value"].unique()
    assert types.map(list).to_dict() == {"scin-dermatologist-1": ["5"], "scin-self": ["4"]}
    tones = rows[rows["attribute"] == "monk_skin_tone"]
    assert set(zip(tones["rater"], tones["value"], strict=True)) == {("scin-lay-us", "7")}
    assert any("2 cases are not about acne or pigment" in note for note in notes)
    assert "1 photos are named but have no file" in notes
    assert "1 photos are in an earlier case too: left out" in notes


CELLS = {  # file, a cell with what stands around it, its place
    "pad-ufes-20": ("metadata.csv", ",{},NECK", "3.0", "metadata.csv row 2: fitspatrick"),
    "fitzpatrick17k": ("fitzpatrick17k.csv", ",{},-1,", "3", "row 2: fitzpatrick_scale"),
    "scin": ("dataset/scin_labels.csv", ",{},", "7.0", "row 2: monk_skin_tone_label_us"),
}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("cell", ["Wang", "nan", "1e999"])
def test_what_is_no_number_is_refused_with_its_place_and_not_repeated(
    name: str, cell: str, tmp_path: Path
) -> None:
    file, around, number, place = CELLS[name]
    TREES[name](tmp_path)
    path = tmp_path / file
    text = path.read_text()
    assert around.format(number) in text
    path.write_text(text.replace(around.format(number), around.format(cell), 1))
    said = refused(name, tmp_path)
    assert f"{place} is no number" in said
    assert cell not in said


@pytest.mark.parametrize(
    ("name", "file", "old", "new"),
    [
        ("pad-ufes-20", "metadata.csv", "3.0", "UNK"),
        ("fitzpatrick17k", "fitzpatrick17k.csv", ",3,-1,", ",-1,,"),
    ],
)
def test_what_a_publisher_does_not_know_says_nothing(
    name: str, file: str, old: str, new: str, tmp_path: Path
) -> None:
    TREES[name](tmp_path / "src")
    path = tmp_path / "src" / file
    before = importing.write(IMPORTERS[name](tmp_path / "src", iter), tmp_path / "before.csv")
    path.write_text(path.read_text().replace(old, new, 1))
    after = importing.write(IMPORTERS[name](tmp_path / "src", iter), tmp_path / "after.csv")
    types = [len(said(manifest, "fitzpatrick_type")) for manifest in (before, after)]
    assert types[1] == types[0] - 1
    assert set(after.photos["photo"]) == set(before.photos["photo"])


@pytest.mark.parametrize("label", ["__import__('os').getcwd()", "{[1]: 0.5}", "[1]", "{'Acne'"])
def test_a_scin_label_that_is_no_mapping_is_refused_with_its_row(
    label: str, tmp_path: Path
) -> None:  # and never evaluated
    published.scin(tmp_path)
    path = tmp_path / "dataset" / "scin_labels.csv"
    path.write_text(path.read_text().replace("{'Acne': 1.0}", label))
    assert ": weighted_skin_condition_label is no mapping" in refused("scin", tmp_path)


def test_fitzpatrick17k_keeps_both_services_and_drops_the_wrongly_labelled(tmp_path: Path) -> None:
    manifest, notes = run("fitzpatrick17k", tmp_path)
    assert said(manifest, "fitzpatrick_type").tolist() == ["3", "5", "3"]
    assert len(manifest.photos) == 2
    assert notes == [
        "1 rows are marked as wrongly labelled: left out",
        "1 rows have no photo below SRC",
    ]


@pytest.mark.parametrize("folder", ["", "images"])
def test_ddi_is_read_with_photos_in_either_place(tmp_path: Path, folder: str) -> None:
    published.ddi(tmp_path / "src", folder)
    manifest = importing.write(IMPORTERS["ddi"](tmp_path / "src", iter), tmp_path / "o.csv")
    assert said(manifest, "fitzpatrick_pair").tolist() == ["12", "56"]


def test_pad_knows_its_patients(tmp_path: Path) -> None:
    manifest, _ = run("pad-ufes-20", tmp_path)
    assert set(manifest.rows["subject_kind"]) == {"person"}
    assert manifest.photos["subject"].nunique() == 2
    assert said(manifest, "fitzpatrick_type").tolist() == ["3", "3"]


def test_acne_scu_tells_where_scars_are_and_shows_no_surname(tmp_path: Path) -> None:
    manifest, notes = run("acne-scu", tmp_path)
    assert said(manifest, "atrophic_scar_instances").tolist() == ["2"] * 3
    assert said(manifest, "atrophic_scar_area").astype(float).tolist() == [0.02] * 3
    assert said(manifest, "melasma_instances").tolist() == ["0"] * 3
    assert published.SURNAME not in manifest.path.read_text() + " ".join(notes)
    copies = list((tmp_path / "out-photos").iterdir())
    assert len(copies) == 3
    assert not any(published.SURNAME in copy.name for copy in copies)


def test_acne_scu_with_other_category_numbers_is_refused_without_a_name(tmp_path: Path) -> None:
    published.acne_scu(tmp_path)
    path = tmp_path / "ACNE_seg" / "annotations" / "acne_valid.json"
    path.write_text(path.read_text().replace("melasma", "other scar"))
    said = refused("acne-scu", tmp_path)
    assert "acne_valid.json numbers its categories otherwise" in said
    assert published.SURNAME not in said


def test_utkface_takes_adults_and_trusts_only_the_age_of_odd_names(tmp_path: Path) -> None:
    manifest, notes = run("utkface", tmp_path)
    assert sorted(said(manifest, "age_years").astype(int)) == [24, 34, 39, 55, 100]
    assert said(manifest, "race_code").tolist() == ["1", "2"]
    assert said(manifest, "sex").tolist() == ["male", "female"]
    assert notes == ["2 photos of people under 18: left out"]


def test_two_different_photos_of_one_name_are_refused(tmp_path: Path) -> None:
    published.utkface(tmp_path)
    published.touch(tmp_path / "copy" / published.UTK_NAMES[0], b"another")
    assert "two different photos below SRC have one name" in refused("utkface", tmp_path)
