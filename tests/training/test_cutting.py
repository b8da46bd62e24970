"""Photos become shards: the product's own crops, its gate, and every photo accounted for."""

import ast
import json
import shutil
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image

from skinscore.assets.shipped import sample_photos
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.document import sha256_hex
from skinscore.domain.zones import ZONES, Zone
from skinscore.errors import RequestRefused
from skinscore_training import cutting, rules, runs
from skinscore_training.cutting import Fate, cut
from skinscore_training.data import shards
from skinscore_training.data.rendered import Batch, RenderedDataset
from skinscore_training.data.splits import Part
from skinscore_training.model.losses import soft_target, target_of
from skinscore_training.presets import PhotoSettings, RenderSettings, SplitSettings
from skinscore_training.render import render
from skinscore_training.split import split
from tests.conftest import REPOSITORY
from tests.training import fake_skin
from tests.training.manifests import Row, another, long, write

FRONTAL = sample_photos()[0].read_bytes()
LEFT = sample_photos()[2].read_bytes()


def jpeg(pixels: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def manifest(folder: Path, photos: dict[str, bytes]) -> PhotoSettings:
    """Everything of every photo is graded 1.5."""
    for name, data in photos.items():
        (folder / name).write_bytes(data)
    rows = [
        long(photo=name, subject=f"of {name}", zone=zone, concern=concern, grade="1.5")
        for name in photos
        for zone in ZONES
        for concern in CONCERNS
    ]
    table = write(folder, *rows)
    return settings_of(table)


def settings_of(
    table: Path, *mappings: str, raters: Literal["equal", "agreement"] = "equal"
) -> PhotoSettings:
    return PhotoSettings(
        manifest=str(table), mappings=mappings, raters=raters, share=0.5, photos_per_shard=1
    )


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> PhotoSettings:
    wall = np.full((600, 600, 3), 200, np.uint8)
    photos = {"front.jpg": FRONTAL, "wall.jpg": jpeg(wall), "left.jpg": LEFT}
    return manifest(tmp_path_factory.mktemp("graded"), photos)


@pytest.fixture(scope="module")
def rendered(graded: PhotoSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    done = cut(graded, folder, first_shard=0, first_subject=100)
    assert (done.shards, done.photos, done.people) == (2, 2, 2)
    assert done.refused == {"no_face": 1}
    shards.write_manifest(folder, done.shards)
    return folder


def test_every_grade_has_one_fate_and_evidence_is_what_the_manifest_holds(
    graded: PhotoSettings, rendered: Path
) -> None:
    fates = cut(graded, rendered, 0, 100).grades
    assert {sum(counts.values()) for counts in fates.values()} == {2 * len(ZONES)}
    rows = shards.read_manifest(rendered)
    for concern in CONCERNS:
        evidence = {
            (row["subject"], row[f"zone_{slot}"])
            for _, row in rows.iterrows()
            for slot in range(rules.GEOMETRY.slots)
            if row[f"grade_{concern}_{slot}"] >= 0
        }
        assert fates[concern][Fate.EVIDENCE] == len(evidence)
        assert fates[concern][Fate.HIDDEN] > 0  # the far side of the photo from the left


def test_the_rows_say_whose_they_are_and_that_they_are_graded(rendered: Path) -> None:
    rows = shards.read_manifest(rendered)
    assert set(rows["source"]) == {"graded"}
    assert rows["subject"].tolist() == [100] * 13 + [101] * 13  # 102 is of the wall
    assert rows["crop"].tolist() == 2 * [plan.name for plan in rules.GEOMETRY.crops]
    assert rows["ita_deg"].notna().all()


def test_a_zone_turned_away_has_neither_score_nor_grade(rendered: Path) -> None:
    rows = shards.read_manifest(rendered)
    left_view = rows[rows["subject"] == 101].set_index("crop")
    hidden, shown = left_view.loc["cheek_right"], left_view.loc["cheek_left"]
    assert hidden["zone_0"] == Zone.CHEEK_RIGHT
    column = Concern.ACNE_SCARRING.value
    assert np.isnan(hidden[f"score_{column}_0"])
    assert hidden[f"grade_{column}_0"] == -1
    assert shown[f"score_{column}_0"] == 1.5
    assert shown[f"grade_{column}_0"] == 2  # a half goes to the worse grade


def test_a_batch_of_photos_has_one_view_and_no_maps(rendered: Path) -> None:
    batch = RenderedDataset(rendered, shards.read_manifest(rendered)).__getitems__([0, 20])
    assert batch.views == 1
    assert not batch.dense.any()
    assert not batch.maps.any()


def test_what_is_there_is_kept_and_a_changed_photo_is_cut_again(
    graded: PhotoSettings, rendered: Path
) -> None:
    place = shards.shard_folder(rendered, 0) / "pixels.npy"
    before = place.stat().st_mtime_ns
    assert cut(graded, rendered, 0, 100).photos == 2
    assert place.stat().st_mtime_ns == before
    folder = Path(graded.manifest).parent
    kept = (folder / "wall.jpg").read_bytes()
    (folder / "wall.jpg").write_bytes(another(FRONTAL, 1))
    assert cut(graded, rendered, 0, 100).photos == 3
    (folder / "wall.jpg").write_bytes(kept)
    assert cut(graded, rendered, 0, 100).photos == 2


def test_photos_that_were_left_out_for_a_while_come_back(
    graded: PhotoSettings, tmp_path: Path
) -> None:
    settings = RenderSettings(people=1, views=2, people_per_shard=1, workers=1, seed=1)

    def crops(photos: PhotoSettings | None) -> int:
        return render(settings, photos, tmp_path, fake_skin.render).crops

    whole, without = crops(graded), crops(None)
    assert without < whole
    assert crops(graded) == whole
    shutil.rmtree(shards.shard_folder(tmp_path, 2))  # by hand
    assert crops(graded) == whole


PACKAGE = REPOSITORY / "training" / "skinscore_training"
MAKERS = {Path(str(maker.__file__)) for maker in cutting._MAKERS}
# What makers import and what shapes neither a crop nor a target: rules stand in the claim by
# value, some only refuse, some carry, and two are filled or called elsewhere.
WEIGHTLESS = {
    *("rules", "attributes", "problems", "row_rules", "splits"),
    *("code_digest", "presets", "progress", "runs", "crops", "network"),
}


@pytest.mark.parametrize("maker", sorted(MAKERS), ids=lambda maker: maker.stem)
def test_all_code_that_makes_crops_and_targets_is_in_the_claim(maker: Path) -> None:
    imported: set[Path] = set()
    for statement in ast.walk(ast.parse(maker.read_text())):
        if isinstance(statement, ast.ImportFrom) and statement.module is not None:
            module = REPOSITORY / "training" / statement.module.replace(".", "/")
            places = (module, *(module / alias.name for alias in statement.names))
            imported |= {place.with_suffix(".py") for place in places}
    own = {place for place in imported if place.is_relative_to(PACKAGE) and place.exists()}
    assert {place for place in own - MAKERS if place.stem not in WEIGHTLESS} == set()


def test_dvc_cuts_again_for_the_same_code() -> None:
    stage = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]["render"]["do"]
    places = {REPOSITORY / place for place in stage["deps"]}
    assert {maker for maker in MAKERS if not places & {maker, *maker.parents}} == set()


def test_a_manifest_without_one_usable_photo_is_refused(tmp_path: Path) -> None:
    settings = manifest(tmp_path, {"x.jpg": jpeg(np.full((600, 600, 3), 90, np.uint8))})
    with pytest.raises(RequestRefused, match=r"none of 1 photos can be graded \(no_face 1\)"):
        cut(settings, tmp_path / "out", 0, 0)
    assert not (tmp_path / "out" / shards.CUT).exists()


@pytest.mark.parametrize("fault", ["missing", "of two people"])
def test_what_is_wrong_with_the_photos_is_told_before_anybody_is_rendered(
    tmp_path: Path, fault: str
) -> None:
    photos = manifest(tmp_path, {"a.jpg": FRONTAL, "b.jpg": LEFT})
    if fault == "missing":
        (tmp_path / "b.jpg").unlink()
    else:
        (tmp_path / "b.jpg").write_bytes(FRONTAL)
    settings = RenderSettings(people=1, views=2, people_per_shard=1, workers=1, seed=1)
    with pytest.raises(RequestRefused, match="photo 2"):
        render(settings, photos, tmp_path / "rendered", fake_skin.render)
    assert not (tmp_path / "rendered").exists()


def test_a_photo_that_is_not_there_is_refused_before_any_is_cut(tmp_path: Path) -> None:
    settings = manifest(tmp_path, {"a.jpg": FRONTAL, "b.jpg": FRONTAL})
    (tmp_path / "b.jpg").unlink()
    with pytest.raises(RequestRefused, match="photo 2 of the manifest"):
        cut(settings, tmp_path / "out", 0, 0)
    assert not (tmp_path / "out").exists()


def test_one_photo_of_two_people_is_refused_before_any_is_cut(tmp_path: Path) -> None:
    settings = manifest(tmp_path, {"a.jpg": FRONTAL, "b.jpg": FRONTAL})
    with pytest.raises(RequestRefused, match="photo 2 has the bytes of another subject") as refusal:
        cut(settings, tmp_path / "out", 0, 0)
    assert refusal.value.code == "manifest_invalid"
    assert not (tmp_path / "out").exists()


# ---- what raters said ----------------------------------------------------------------------------

NIA_MAPPING = """\
schema: skinscore.scale-mapping/1
scale: nia_wrinkle_0_6
basis: made up for this test, by nobody, from nothing
grades: {0: [0, 0], 1: [0, 1], 2: [1, 1], 3: [2, 2], 4: [2, 3], 5: [3, 4], 6: [4, 4]}
"""
WRINKLES = CONCERNS.index(Concern.WRINKLES)
MOUTH = [plan.name for plan in rules.GEOMETRY.crops].index("mouth")
CHIN_SLOT = 1


def taught(
    folder: Path, *rows: Row, raters: Literal["equal", "agreement"] = "equal", mapped: bool = False
) -> Batch:
    """The batch of one frontal photo of which the chin's wrinkles are graded as in ``rows``."""
    folder.mkdir(exist_ok=True)
    (folder / "a.jpg").write_bytes(FRONTAL)
    (folder / "nia.yaml").write_text(NIA_MAPPING)
    settings = settings_of(write(folder, *rows), *(["nia.yaml"] if mapped else []), raters=raters)
    cut(settings, folder / "out", 0, 0)
    shards.write_manifest(folder / "out", 1)
    data = RenderedDataset(folder / "out", shards.read_manifest(folder / "out"))
    return data.__getitems__(range(len(data)))


def chin(batch: Batch) -> tuple[float, torch.Tensor, list[bool]]:
    """Score, target and set of the one place that is graded."""
    place = MOUTH, CHIN_SLOT, WRINKLES
    others = batch.allowed.any(dim=-1) | ~batch.score.isnan()
    others[place] = False
    assert not others.any()
    return (
        float(batch.score[place]),
        target_of(batch.score, batch.spread)[place],
        batch.allowed[place].tolist(),
    )


def test_one_rater_and_raters_who_agree_teach_the_score_s_own_target(tmp_path: Path) -> None:
    one = chin(taught(tmp_path / "one", long(grade="3")))
    two = chin(taught(tmp_path / "two", long(grade="3"), long(grade="3", rater="r2")))
    for score, target, allowed in (one, two):
        assert score == 3.0
        torch.testing.assert_close(target, soft_target(torch.tensor(3.0)))
        assert not any(allowed)
    assert torch.equal(one[1], two[1])


def test_raters_who_differ_teach_their_doubt_in_whatever_order(tmp_path: Path) -> None:
    rows = long(grade="1"), long(grade="3", rater="r2")
    score, target, allowed = chin(taught(tmp_path / "one", *rows))
    assert score == 2.0
    both = (soft_target(torch.tensor(1.0)) + soft_target(torch.tensor(3.0))) / 2
    torch.testing.assert_close(target, both)
    assert not any(allowed)
    turned = chin(taught(tmp_path / "other", *reversed(rows)))
    assert torch.equal(turned[1], target)


def test_an_interval_teaches_a_set_and_one_of_one_grade_that_grade(tmp_path: Path) -> None:
    score, target, allowed = chin(taught(tmp_path / "several", long(grade="3..4")))
    assert np.isnan(score)
    assert target.isnan().all()
    assert allowed == [False, False, False, True, True]
    plain = chin(taught(tmp_path / "plain", long(grade="3")))
    single = chin(taught(tmp_path / "single", long(grade="3..3")))
    assert single[0] == plain[0]
    assert torch.equal(single[1], plain[1])
    assert single[2] == plain[2]


def test_a_set_gives_no_grade_to_calibrate_or_measure_by(tmp_path: Path) -> None:
    taught(tmp_path, long(grade="3..4"), long(zone="nose", grade="2"))
    rows = shards.read_manifest(tmp_path / "out").set_index("crop")
    assert rows.loc["mouth", "grade_wrinkles_1"] == -1
    assert rows.loc["nose", "grade_wrinkles_0"] == 2


def test_a_grade_given_after_a_suggestion_teaches_and_is_no_evidence(tmp_path: Path) -> None:
    """One rater who saw a suggestion moves what all of them say together."""
    seen = {"prelabelled": "skinscore 0.7.1"}
    batch = taught(
        tmp_path,
        long(grade="3", **seen),
        long(zone="nose", grade="2"),
        long(zone="nose", grade="2", rater="r2", **seen),
        long(zone="forehead", grade="1"),
    )
    rows = shards.read_manifest(tmp_path / "out").set_index("crop")
    assert float(batch.score[MOUTH, CHIN_SLOT, WRINKLES]) == 3.0
    assert rows.loc["mouth", "grade_wrinkles_1"] == -1
    assert rows.loc["nose", "grade_wrinkles_0"] == -1
    assert rows.loc["nose", "score_wrinkles_0"] == 2.0
    graded = rows.filter(like="grade_wrinkles").to_numpy()
    assert set(graded[graded >= 0]) == {1}  # the forehead is in two crops
    fates = runs.read_json(tmp_path / "out" / shards.CUT, "render")["cut"]["grades"]["wrinkles"]
    assert fates == {Fate.EVIDENCE: 1, Fate.TAUGHT: 2, Fate.HIDDEN: 0}


def test_weights_change_nothing_until_raters_share_enough_photos(tmp_path: Path) -> None:
    rows = long(grade="1"), long(grade="3", rater="r2")
    equal = chin(taught(tmp_path / "equal", *rows))
    weighed = chin(taught(tmp_path / "weighed", *rows, raters="agreement"))
    assert equal[0] == weighed[0]
    assert torch.equal(equal[1], weighed[1])


def test_who_agrees_with_the_others_counts_more_when_the_preset_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = {("wrinkles", "r1"): 0.5, ("wrinkles", "r2"): 1.5}
    monkeypatch.setattr(cutting, "rater_weights", lambda votes: weights)
    rows = long(grade="1"), long(grade="3", rater="r2")
    assert chin(taught(tmp_path / "weighed", *rows, raters="agreement"))[0] == 2.5
    assert chin(taught(tmp_path / "equal", *rows))[0] == 2.0


# ---- foreign scales ------------------------------------------------------------------------------


def test_a_mapping_opens_a_scale_grade_by_grade_or_as_a_set(tmp_path: Path) -> None:
    def nia(grade: str) -> Row:
        return long(grade=grade, scale="nia_wrinkle_0_6")

    score, target, allowed = chin(taught(tmp_path / "grade", nia("3"), mapped=True))
    assert (score, any(allowed)) == (2.0, False)
    torch.testing.assert_close(target, soft_target(torch.tensor(2.0)))
    score, _, allowed = chin(taught(tmp_path / "set", nia("5"), mapped=True))
    assert np.isnan(score)
    assert allowed == [False, False, False, True, True]


def test_another_mapping_cuts_again_and_the_crops_say_by_which(tmp_path: Path) -> None:
    taught(tmp_path, long(grade="5", scale="nia_wrinkle_0_6"), mapped=True)
    folder, rendered = tmp_path, tmp_path / "out"
    settings = settings_of(folder / "manifest.csv", "nia.yaml")
    (first,) = set(shards.read_manifest(rendered)["cut_sha256"])
    (folder / "nia.yaml").write_text(NIA_MAPPING.replace("5: [3, 4]", "5: [4, 4]"))
    cut(settings, rendered, 0, 0)
    (second,) = set(shards.write_manifest(rendered, 1)["cut_sha256"])
    assert first != second
    record = json.loads((rendered / shards.CUT).read_text())
    now = sha256_hex((folder / "nia.yaml").read_bytes())
    assert record["claim"]["mappings"] == {"nia_wrinkle_0_6": now}


@pytest.mark.parametrize(
    ("rows", "code", "message"),
    [
        ([long(scale="nia_wrinkle_0_6")], "scale_not_mapped", "photos.mappings of the preset"),
        ([long(split="train")], "manifest_invalid", "names nobody for calibration, test"),
        ([long(use="evaluation_only")], "not_for_training", "for evaluation only"),
    ],
)
def test_photos_that_cannot_be_trained_on_are_refused_before_anybody_is_rendered(
    tmp_path: Path, rows: list[Row], code: str, message: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(FRONTAL)
    people = RenderSettings(people=2, views=2, people_per_shard=1, workers=1, seed=1)
    with pytest.raises(RequestRefused, match=message) as refusal:
        render(people, settings_of(write(tmp_path, *rows)), tmp_path / "out", fake_skin.render)
    assert refusal.value.code == code
    assert not (tmp_path / "out").exists()


# ---- close-ups -----------------------------------------------------------------------------------


def test_a_close_up_gives_the_product_s_tiles_of_its_zone_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(FRONTAL)
    close_up = long(view="close_up", px_per_mm="4", zone="nasolabial_left", grade="2")
    done = cut(settings_of(write(tmp_path, close_up)), tmp_path / "out", 0, 7)
    assert (done.photos, done.refused) == (1, {})
    rows = shards.write_manifest(tmp_path / "out", done.shards)
    tiles = cutting._preparer().prepare_close_up(FRONTAL, Zone.NASOLABIAL_LEFT, 4.0).crops
    assert rows["crop"].tolist() == ["cheek_left"] * len(tiles)
    assert len(tiles) > 1
    assert (rows["score_wrinkles_1"] == 2.0).all()
    assert rows["score_wrinkles_0"].isna().all()
    assert (rows["grade_wrinkles_0"] == -1).all()
    assert rows["ita_deg"].isna().all()  # no face, no tone
    np.testing.assert_array_equal(
        shards.open_field(tmp_path / "out", 0, "pixels")[:, 0], [tile.pixels for tile in tiles]
    )


def test_close_ups_stand_beside_faces(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(FRONTAL)
    (tmp_path / "b.jpg").write_bytes(LEFT)
    rows = long(), long(photo="b.jpg", view="close_up", px_per_mm="4", zone="nose")
    settings = settings_of(write(tmp_path, *rows)).model_copy(update={"photos_per_shard": 2})
    done = cut(settings, tmp_path / "out", 0, 0)
    table = shards.write_manifest(tmp_path / "out", done.shards)
    assert (table["crop"] == "nose").sum() == len(table) - 12  # the face's own nose is one


# ---- a split that the manifest names -------------------------------------------------------------


def test_a_named_split_travels_with_the_crops(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(FRONTAL)
    parts = ("train", "test", "calibration")
    rows = [
        long(
            photo=f"{part}.jpg",
            subject=part,
            split=part,
            view="close_up",
            px_per_mm="6",
            zone="nose",
        )
        for part in parts
    ]
    for part in parts:
        (tmp_path / f"{part}.jpg").write_bytes(another(FRONTAL, len(part)))
    done = cut(settings_of(write(tmp_path, *rows)), tmp_path / "out", 0, 5)
    table = shards.write_manifest(tmp_path / "out", done.shards)
    found = table.groupby("subject")["part"].unique().map(list)
    assert found.to_dict() == {5: ["calibration"], 6: ["test"], 7: ["train"]}


def test_the_order_of_rows_moves_nobody_to_another_part(tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(9)]
    shares = SplitSettings(calibration=0.3, test=0.3, seed=1)
    found = []
    for place, order in enumerate((names, names[::-1], names[4:] + names[:4])):
        folder = tmp_path / str(place)
        folder.mkdir()
        for name in order:
            (folder / f"{name}.jpg").write_bytes(another(FRONTAL, int(name[1:])))
        close_up = long(view="close_up", px_per_mm="6", zone="nose")
        rows = [close_up | {"photo": f"{name}.jpg", "subject": name} for name in order]
        done = cut(settings_of(write(folder, *rows)), folder / "out", 0, 5)
        shards.write_manifest(folder / "out", done.shards)
        split(shares, folder / "out", folder / "splits.parquet")
        parts = pd.read_parquet(folder / "splits.parquet").set_index("subject")["part"]
        numbers = shards.read_manifest(folder / "out")["subject"].unique()  # in the order of rows
        found.append({name: parts[n] for name, n in zip(order, numbers, strict=True)})
    assert found[0] == found[1] == found[2]
    assert set(found[0].values()) == {part.value for part in Part}


def test_shards_of_a_release_before_say_all_with_their_scores(
    graded: PhotoSettings, rendered: Path, tmp_path: Path
) -> None:
    rows = shards.read_manifest(rendered)
    assert "part" not in rows
    shutil.copytree(rendered, tmp_path / "before")
    for field in shards.VOTES:
        for path in (tmp_path / "before").rglob(f"{field}.npy"):
            path.unlink()
    old = RenderedDataset(tmp_path / "before", rows).__getitems__(range(len(rows)))
    new = RenderedDataset(rendered, rows).__getitems__(range(len(rows)))
    assert old.spread.isnan().all()
    assert not old.allowed.any()
    torch.testing.assert_close(
        target_of(old.score, old.spread), target_of(new.score, new.spread), equal_nan=True
    )
