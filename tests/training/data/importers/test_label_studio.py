"""Label Studio's raw JSON export, and the way there and back."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from skinscore.domain.document import sha256_hex
from skinscore.errors import RequestRefused
from skinscore_training.data import importing, labelling
from skinscore_training.data.columns import SubjectKind, Use
from skinscore_training.data.importers import label_studio
from skinscore_training.data.importers.base import Dataset
from skinscore_training.data.importers.label_studio import Labelling
from skinscore_training.data.manifest import Manifest, read_manifest
from skinscore_training.data.predictions import Predictions, photo_hashes
from skinscore_training.data.scales import SCALES
from skinscore_training.data.splits import Part
from tests.training.manifests import long, wide, write

KEY = bytes(range(32))
FACE = b"the bytes of a face"


@pytest.fixture
def options(tmp_path: Path) -> Labelling:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "mrs-smith.jpg").write_bytes(FACE)
    return Labelling(
        dataset=Dataset(
            name="label-studio",
            label_source="clinic, round 1",
            licence="consent form 3",
            use=Use.TRAINING,
            subject_kind=SubjectKind.PERSON,
            personal_names=True,
        ),
        scale=SCALES["engine_0_4"],
        photos=tmp_path / "photos",
        key=KEY,
    )


def choice(name: str, text: str, region: str = "c1") -> dict[str, Any]:
    return {
        "id": region,
        "from_name": name,
        "to_name": "img",
        "type": "choices",
        "value": {"choices": [text]},
    }


def region(zone: str, name: str = "r1") -> dict[str, Any]:
    return {
        "id": name,
        "from_name": "zone",
        "to_name": "img",
        "type": "polygonlabels",
        "original_width": 3024,
        "original_height": 4032,
        "image_rotation": 0,
        "value": {"points": [[31.2, 18.0], [68.4, 18.3]], "polygonlabels": [zone]},
    }


def answered(*result: dict[str, Any], **changes: Any) -> dict[str, Any]:
    annotation = {
        "id": 1001,
        "completed_by": 10,
        "was_cancelled": False,
        "ground_truth": False,
        "lead_time": 42.3,
        "created_at": "2026-03-09T22:16:08Z",
        "result": list(result),
    }
    return annotation | changes


def task(*annotations: dict[str, Any], **changes: Any) -> dict[str, Any]:
    data = {
        "image": "/data/upload/83/1a2b3c4d-mrs-smith.jpg",
        "sha256": sha256_hex(FACE),
        "subject": "Smith, Anna",
    }
    whole = {"id": 1, "data": data, "project": 83, "predictions": []}
    return whole | {"annotations": list(annotations)} | changes


def run(tmp_path: Path, options: Labelling, *tasks: dict[str, Any]) -> tuple[Manifest, list[str]]:
    export = tmp_path / "export.json"
    export.write_text(json.dumps(tasks), encoding="utf-8-sig")
    imported = label_studio.read(export, iter, options)
    return importing.write(imported, tmp_path / "clinic.csv"), imported.notes


def refused(tmp_path: Path, options: Labelling, *tasks: dict[str, Any]) -> str:
    with pytest.raises(RequestRefused) as refusal:
        run(tmp_path, options, *tasks)
    assert refusal.value.code == "dataset_layout"
    assert not (tmp_path / "clinic.csv").exists()
    return str(refusal.value)


def test_controls_and_regions_both_find_their_zone(tmp_path: Path, options: Labelling) -> None:
    manifest, _ = run(
        tmp_path,
        options,
        task(
            answered(
                choice("forehead_wrinkles", "2"),
                region("cheek_left"),
                choice("pigmentation", "3", "r1"),
                choice("nose_wrinkles", "not_assessable"),
            )
        ),
    )
    graded = manifest.grades
    assert set(zip(graded["zone"], graded["concern"], graded["low"], strict=True)) == {
        ("forehead", "wrinkles", 2.0),
        ("cheek_left", "pigmentation", 3.0),
    }
    assert manifest.rows.loc[~manifest.rows["assessable"], "zone"].tolist() == ["nose"]


def test_cancelled_annotations_and_predictions_are_no_answers(
    tmp_path: Path, options: Labelling
) -> None:
    result = [choice("forehead_wrinkles", "4")]
    manifest, notes = run(
        tmp_path,
        options,
        task(
            answered(choice("forehead_wrinkles", "1")),
            answered(*result, completed_by=11, was_cancelled=True),
            predictions=[{"model_version": "m 1", "result": result}],
        ),
    )
    assert manifest.grades["low"].tolist() == [1.0]
    assert "1 annotations were cancelled: left out" in notes


def test_several_graders_are_all_kept_and_the_later_answer_of_one_counts(
    tmp_path: Path, options: Labelling
) -> None:
    manifest, notes = run(
        tmp_path,
        options,
        task(
            answered(choice("chin_wrinkles", "3"), created_at="2026-03-11T08:00:00Z"),
            answered(choice("chin_wrinkles", "1")),
            answered(choice("chin_wrinkles", "2"), completed_by={"id": 11, "email": "b@c.example"}),
        ),
    )
    assert sorted(manifest.grades["low"]) == [2.0, 3.0]
    assert manifest.grades["rater"].nunique() == 2
    assert "1 annotations were redone by their grader" in notes


def test_no_name_reaches_the_manifest_or_its_photos(tmp_path: Path, options: Labelling) -> None:
    manifest, _ = run(tmp_path, options, task(answered(choice("chin_wrinkles", "1"))))
    text = manifest.path.read_text().lower()
    assert "smith" not in text
    (copy,) = (tmp_path / "clinic-photos").iterdir()
    assert copy.read_bytes() == FACE
    assert "smith" not in copy.name
    assert manifest.photos["photo"].tolist() == [f"clinic-photos/{copy.name}"]


@pytest.mark.parametrize(
    ("predicted", "seen"),
    [
        ({"created_at": "2026-03-01T00:00:00Z"}, "m 1"),
        ({"created_at": "2026-04-01T00:00:00Z"}, ""),
        ({}, "m 1"),
    ],
)
def test_whether_a_grader_saw_a_suggestion_is_kept(
    tmp_path: Path, options: Labelling, predicted: dict[str, str], seen: str
) -> None:
    prediction = {"model_version": "m 1", "result": [], **predicted}
    manifest, _ = run(
        tmp_path,
        options,
        task(answered(choice("chin_wrinkles", "1")), predictions=[prediction]),
    )
    assert manifest.grades["prelabelled"].tolist() == [seen]


def test_an_answer_made_from_a_suggestion_that_the_export_leaves_out_is_known_as_such(
    tmp_path: Path, options: Labelling
) -> None:
    grade = choice("chin_wrinkles", "1")
    manifest, _ = run(tmp_path, options, task(answered(grade, parent_prediction=7)))
    assert manifest.grades["prelabelled"].tolist() == ["unnamed model"]


def test_a_task_that_nobody_answered_keeps_its_photo(tmp_path: Path, options: Labelling) -> None:
    manifest, _ = run(tmp_path, options, task())
    assert (len(manifest.photos), len(manifest.grades)) == (1, 0)


def test_a_photo_that_is_not_given_is_counted(tmp_path: Path, options: Labelling) -> None:
    stranger = task(answered(choice("chin_wrinkles", "1")), id=2)
    stranger["data"] = stranger["data"] | {"sha256": "0" * 64}
    _, notes = run(tmp_path, options, task(answered(choice("chin_wrinkles", "1"))), stranger)
    assert "1 tasks have no photo with their sha256 in --photos" in notes


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ([choice("chin_wrinkles", "5")], "a grade that is not 0..4 in halves of engine_0_4"),
        ([choice("chin_wrinkles", "severe")], "an answer that is no grade"),
        (
            [choice("chin_wrinkles", "") | {"type": "rating", "value": {"rating": 1}}],
            "an answer in stars, which cannot say 0",
        ),
        (
            [choice("chin_wrinkles", "1"), choice("chin_wrinkles", "2")],
            "two answers for one zone and concern",
        ),
        ([region("ear"), choice("wrinkles", "2", "r1")], "a region is labelled with no zone"),
    ],
)
def test_an_answer_that_cannot_be_meant_is_refused_with_its_task(
    tmp_path: Path, options: Labelling, result: list[dict[str, Any]], message: str
) -> None:
    assert f"{message} in 1 tasks (7)" in refused(tmp_path, options, task(answered(*result), id=7))


def test_a_number_is_an_answer_too(tmp_path: Path, options: Labelling) -> None:
    number = choice("chin_wrinkles", "") | {"type": "number", "value": {"number": 2.5}}
    manifest, _ = run(tmp_path, options, task(answered(number)))
    assert manifest.grades["low"].tolist() == [2.5]


def test_a_relation_between_regions_is_no_answer(tmp_path: Path, options: Labelling) -> None:
    relation = {"from_id": "r1", "to_id": "c1", "type": "relation", "direction": "right"}
    grade = choice("chin_wrinkles", "1")
    manifest, notes = run(tmp_path, options, task(answered(grade, relation)))
    assert manifest.grades["low"].tolist() == [1.0]
    assert "1 answers speak of no zone and concern: left out" in notes


def test_an_answer_without_its_value_is_no_relation(tmp_path: Path, options: Labelling) -> None:
    torn = {"id": "c1", "from_name": "chin_wrinkles", "type": "choices"}
    assert "value: Field required" in refused(tmp_path, options, task(answered(torn)))


def test_a_scale_that_does_not_grade_the_concern_is_refused(
    tmp_path: Path, options: Labelling
) -> None:
    merz = replace(options, scale=SCALES["merz_0_4"])
    said = refused(tmp_path, merz, task(answered(choice("chin_pigmentation", "1"))))
    assert "merz_0_4 does not grade pigmentation" in said


def test_another_export_is_refused_without_a_value(tmp_path: Path, options: Labelling) -> None:
    minimal = {"image": "/data/upload/mrs-smith.jpg", "chin_wrinkles": "2", "id": 1}
    said = refused(tmp_path, options, minimal)
    assert "the raw JSON export" in said
    assert "smith" not in said


def test_a_task_without_sha256_or_subject_is_refused(tmp_path: Path, options: Labelling) -> None:
    bare = task(answered(choice("chin_wrinkles", "1")), data={"image": "a.jpg"})
    assert "sha256: Field required" in refused(tmp_path, options, bare)


# -- there and back --------------------------------------------------------------------------------


def ungraded(tmp_path: Path) -> Manifest:
    (tmp_path / "a b.jpg").write_bytes(FACE)
    row = wide(photo="a b.jpg", rater="", scale="", visit="v2", view="frontal")
    return read_manifest(write(tmp_path, row))


def test_suggestions_come_back_as_the_same_grades_marked_as_seen(
    tmp_path: Path, options: Labelling
) -> None:
    manifest = ungraded(tmp_path)
    rows = [("a b.jpg", "chin", "wrinkles", 3), ("a b.jpg", "nose", "pigmentation", 0)]
    model = Predictions(
        "sketch 0.1.0", pd.DataFrame(rows, columns=["photo", "zone", "concern", "grade"])
    )
    (sent,) = labelling.tasks(manifest, photo_hashes(manifest), "/data/local-files/?d=p/", model)
    assert sent["data"]["image"] == "/data/local-files/?d=p/a%20b.jpg"
    # What Label Studio exports when the grader accepts the suggestion as it stands.
    accepted = {"id": 9, **sent, "annotations": [answered(*sent["predictions"][0]["result"])]}
    back, _ = run(tmp_path, options, accepted)
    found = zip(back.grades["zone"], back.grades["concern"], back.grades["low"], strict=True)
    assert set(found) == {(zone, concern, grade) for _, zone, concern, grade in rows}
    assert set(back.grades["prelabelled"]) == {"sketch 0.1.0"}
    for column in ("subject", "visit", "view"):
        assert set(back.rows[column]) == set(manifest.rows[column])


def there_and_back(
    tmp_path: Path, options: Labelling, manifest: Manifest, *annotations: dict[str, Any]
) -> Manifest:
    """The manifest after its tasks were answered, by someone who adds nothing of their own."""
    sent = labelling.tasks(manifest, photo_hashes(manifest), "/data", None)
    tasks = [{"id": n, **each, "annotations": list(annotations)} for n, each in enumerate(sent)]
    return run(tmp_path, saying_nothing(options), *tasks)[0]


def saying_nothing(options: Labelling) -> Labelling:
    return replace(options, dataset=replace(options.dataset, subject_kind=None))


CLOSE_UP = {"view": "close_up", "px_per_mm": "12.5", "zone": "cheek_left", "concern": ""}


@pytest.mark.parametrize("answers", [[], [choice("cheek_left_wrinkles", "2")]])
@pytest.mark.parametrize("about", [{"view": "frontal", "zone": "", "concern": ""}, CLOSE_UP])
@pytest.mark.parametrize("split", ["", *Part])
@pytest.mark.parametrize("kind", SubjectKind)
def test_what_a_manifest_says_of_a_photo_comes_back(
    tmp_path: Path,
    options: Labelling,
    kind: SubjectKind,
    split: str,
    about: dict[str, str],
    answers: list[dict[str, Any]],
) -> None:
    (tmp_path / "a.jpg").write_bytes(FACE)
    row = long(rater="", scale="", grade="", subject_kind=kind, split=split, visit="v2", **about)
    manifest = read_manifest(write(tmp_path, row))
    back = there_and_back(tmp_path, options, manifest, answered(*answers)).rows
    for column in ("subject", "subject_kind", "visit", "view", "px_per_mm_text", "split"):
        assert list(back[column]) == list(manifest.rows[column]), column
    assert list(back["zone"]) == (["cheek_left"] if answers else [about["zone"]])
    assert list(back["low"].dropna()) == [2.0 for _ in answers]


def test_a_close_up_is_not_graded_for_another_zone(tmp_path: Path, options: Labelling) -> None:
    (tmp_path / "a.jpg").write_bytes(FACE)
    manifest = read_manifest(write(tmp_path, long(rater="", scale="", grade="", **CLOSE_UP)))
    with pytest.raises(RequestRefused, match="another zone than the close-up shows in 1 tasks"):
        there_and_back(tmp_path, options, manifest, answered(choice("nose_wrinkles", "2")))


def test_a_task_from_before_tasks_said_so_asks_what_its_subject_stands_for(
    tmp_path: Path, options: Labelling
) -> None:
    manifest = ungraded(tmp_path)
    (sent,) = labelling.tasks(manifest, photo_hashes(manifest), "/data", None)
    for name in ("subject_kind", "split", "zone"):
        del sent["data"][name]
    older = {"id": 9, **sent, "annotations": []}
    said = refused(tmp_path, saying_nothing(options), older)
    assert "nothing says what its subject stands for in 1 tasks (9)" in said
    assert "--subject-kind" in said
    back, notes = run(tmp_path, options, older)
    assert set(back.rows["subject"]) == set(manifest.rows["subject"])
    assert set(back.rows["subject_kind"]) == {"person"}
    (note,) = notes
    assert note.startswith("1 tasks are older than their field split")


def test_a_clinics_own_task_asks_too_and_its_other_fields_are_the_clinics(
    tmp_path: Path, options: Labelling
) -> None:
    clinics = task(answered(choice("chin_wrinkles", "1")))
    clinics["data"] |= {"zone": "Zone 4", "split": "left", "subject_kind": "outpatient"}
    assert "nothing says what its subject" in refused(tmp_path, saying_nothing(options), clinics)
    manifest, _ = run(tmp_path, options, clinics)
    assert manifest.grades["zone"].tolist() == ["chin"]


def test_a_close_up_that_nobody_graded_spoils_no_export(tmp_path: Path, options: Labelling) -> None:
    (options.photos / "skin.jpg").write_bytes(b"the bytes of skin")
    bare = task(id=2)
    bare["data"] |= {"sha256": sha256_hex(b"the bytes of skin"), "view": "close_up"}
    bare["data"] |= {"px_per_mm": 20}
    manifest, notes = run(tmp_path, options, task(answered(choice("chin_wrinkles", "1"))), bare)
    assert len(manifest.photos) == 1
    assert "1 close-ups have no grade and no zone in their task: left out" in notes


# -- one photo in several tasks --------------------------------------------------------------------


def test_tasks_imported_twice_count_as_one(tmp_path: Path, options: Labelling) -> None:
    first, second = "2026-03-09T08:00:00Z", "2026-03-10T08:00:00Z"
    manifest, notes = run(
        tmp_path,
        options,
        task(answered(choice("chin_wrinkles", "3"), created_at=second)),
        task(
            answered(choice("chin_wrinkles", "1"), choice("nose_wrinkles", "0"), created_at=first),
            answered(choice("chin_wrinkles", "2"), completed_by=11, created_at=first),
            id=2,
        ),
        task(id=3),
    )
    found = zip(manifest.rows["zone"], manifest.rows["low"], strict=True)
    assert sorted(found) == [("chin", 2.0), ("chin", 3.0), ("nose", 0.0)]
    assert manifest.rows["rater"].nunique() == 2
    assert "1 answers were given again in another task of their photo" in notes


def test_a_suggestion_stays_seen_in_another_task_by_its_grader_only(
    tmp_path: Path, options: Labelling
) -> None:
    later = {"created_at": "2026-03-10T08:00:00Z"}
    manifest, _ = run(
        tmp_path,
        options,
        task(
            answered(choice("chin_wrinkles", "3"), **later),
            answered(choice("nose_wrinkles", "3"), **later, completed_by=11),
        ),
        task(answered(), predictions=[{"model_version": "m 1"}], id=2),
    )
    seen = zip(manifest.grades["zone"], manifest.grades["prelabelled"], strict=True)
    assert dict(seen) == {"chin": "m 1", "nose": ""}


def test_two_tasks_that_contradict_each_other_about_a_photo_are_refused(
    tmp_path: Path, options: Labelling
) -> None:
    other = task(id=2)
    other["data"] |= {"subject": "Jones, Mary"}
    said = refused(tmp_path, options, task(), other)
    assert "another task says other things of the same photo in 1 tasks (2)" in said
    assert "Jones" not in said


def test_the_interface_has_one_control_per_zone_and_concern_with_every_grade() -> None:
    view = ElementTree.fromstring(labelling.interface(SCALES["engine_0_4"]))
    controls = {control.get("name"): control for control in view.iter("Choices")}
    assert set(controls) == set(labelling.CONTROLS)
    for control in controls.values():
        values = [choice.get("value") for choice in control]
        assert values == ["0", "1", "2", "3", "4", "not_assessable"]
        assert control.get("toName") == "image"


def test_the_interface_leaves_out_what_the_scale_does_not_grade() -> None:
    text = labelling.interface(SCALES["merz_0_4"])
    assert "chin_wrinkles" in text
    assert "chin_pigmentation" not in text
