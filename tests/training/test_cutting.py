"""Photos become shards: the product's own crops, its gate, and every photo accounted for."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skinscore.assets.shipped import sample_photos
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import ZONES, Zone
from skinscore.errors import RequestRefused
from skinscore_training import cutting, rules
from skinscore_training.cutting import Cut, cut
from skinscore_training.data import shards
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.presets import PhotoSettings
from tests.training.manifests import long, write

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
    return PhotoSettings(manifest=str(table), share=0.5, photos_per_shard=1)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> PhotoSettings:
    wall = np.full((600, 600, 3), 200, np.uint8)
    photos = {"front.jpg": FRONTAL, "wall.jpg": jpeg(wall), "left.jpg": LEFT}
    return manifest(tmp_path_factory.mktemp("graded"), photos)


@pytest.fixture(scope="module")
def rendered(graded: PhotoSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    done = cut(graded, folder, first_shard=0, first_subject=100)
    assert done == Cut(shards=2, photos=2, people=2, refused={"no_face": 1})
    shards.write_manifest(folder, done.shards)
    return folder


def test_the_rows_say_whose_they_are_and_that_they_are_graded(rendered: Path) -> None:
    rows = shards.read_manifest(rendered)
    assert set(rows["source"]) == {"graded"}
    assert rows["subject"].tolist() == [100] * 13 + [102] * 13
    assert rows["crop"].tolist() == 2 * [plan.name for plan in rules.GEOMETRY.crops]
    assert rows["ita_deg"].notna().all()


def test_a_zone_turned_away_has_neither_score_nor_grade(rendered: Path) -> None:
    rows = shards.read_manifest(rendered)
    left_view = rows[rows["subject"] == 102].set_index("crop")
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
    (folder / "wall.jpg").write_bytes(FRONTAL)
    assert cut(graded, rendered, 0, 100).photos == 3
    (folder / "wall.jpg").write_bytes(kept)
    assert cut(graded, rendered, 0, 100).photos == 2


def test_a_manifest_without_one_usable_photo_is_refused(tmp_path: Path) -> None:
    settings = manifest(tmp_path, {"x.jpg": jpeg(np.full((600, 600, 3), 90, np.uint8))})
    with pytest.raises(RequestRefused, match=r"none of 1 photos can be graded \(no_face 1\)"):
        cut(settings, tmp_path / "out", 0, 0)
    assert not (tmp_path / "out" / cutting.RECORD).exists()


def test_a_photo_that_is_not_there_is_refused_before_any_is_cut(tmp_path: Path) -> None:
    settings = manifest(tmp_path, {"a.jpg": FRONTAL, "b.jpg": FRONTAL})
    (tmp_path / "b.jpg").unlink()
    with pytest.raises(RequestRefused, match="photo 2 of the manifest"):
        cut(settings, tmp_path / "out", 0, 0)
    assert not (tmp_path / "out").exists()
