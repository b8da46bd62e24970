"""Labels are met by a score that follows them, and twins by one that does not see resolution."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skinscore.domain.assessment import Gate
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import Zone
from skinscore.imaging.encode import to_jpeg
from skinscore.imaging.types import Crop
from skinscore_training.proof import naive, perturbed
from skinscore_training.proof.answers import PhotoAnswer
from skinscore_training.proof.photos import Survey, measure, survey
from skinscore_training.proof.sfhq import NATIVE_PX, photo_of, read_tiles

HEADER = "file,pair_of,wrinkles_seen,glasses,beard,hair_on_forehead,skin_tone,remark\n"


class BrightnessReader:
    """Gives every concern the mean brightness, 0..4: the pictures below carry their label in it."""

    def read_photo(self, photo: bytes, gate: Gate) -> PhotoAnswer:
        from io import BytesIO

        level = 4 * np.asarray(Image.open(BytesIO(photo))).mean() / 255
        scores = dict.fromkeys(CONCERNS, float(level))
        return PhotoAnswer(True, (), scores, {Zone.FOREHEAD: scores})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eight flat pictures, brighter with their label, and one smaller copy."""
    rows = []
    for number in range(8):
        label = number % 3
        flat = np.full((96, 96, 3), 40 + 60 * label + number, np.uint8)
        (tmp_path / f"{number}.jpg").write_bytes(to_jpeg(flat, 95))
        rows.append(f"{number}.jpg,,{label},0,0,0,light,\n")
    (tmp_path / "small.jpg").write_bytes(to_jpeg(np.full((48, 48, 3), 40, np.uint8), 95))
    rows.append("small.jpg,0.jpg,0,0,0,0,light,\n")
    (tmp_path / "labels.csv").write_text(HEADER + "".join(rows), encoding="utf-8")
    return tmp_path


def value(rows: Survey, name: str, concern: Concern, group: str = "gate warn") -> float | None:
    part = measure(rows, rows, np.zeros(len(rows.tiles)), 0)
    return next(
        row.value
        for row in part.findings
        if (row.name, row.concern, row.group) == (name, concern, group)
    )


def test_a_score_that_follows_the_label_separates_it(folder: Path) -> None:
    rows = survey(BrightnessReader(), folder, Gate.WARN)
    assert rows.faces.sum() == 8
    assert value(rows, "auc_wrinkled_against_smooth", Concern.WRINKLES) == 1.0
    assert value(rows, "twin_gap", Concern.WRINKLES) == pytest.approx(0.0, abs=0.02)


def test_a_face_without_a_score_is_left_out(folder: Path) -> None:
    rows = survey(BrightnessReader(), folder, Gate.WARN)
    rows.scores[0] = np.nan
    part = measure(rows, rows, np.zeros(len(rows.tiles)), 0)
    counts = {(row.name, row.concern): row.n for row in part.findings if row.group == "gate warn"}
    labelled = sum(tile.wrinkles_seen != 1 for tile in rows.tiles if tile.pair_of is None)
    assert counts["auc_wrinkled_against_smooth", Concern.WRINKLES] == labelled - 1
    assert counts["twin_gap", Concern.WRINKLES] == 0


def test_a_tile_above_its_native_size_is_shrunk_and_others_are_left_alone(folder: Path) -> None:
    from io import BytesIO

    large = to_jpeg(np.full((1500, 1500, 3), 90, np.uint8), 95)
    (folder / "1.jpg").write_bytes(large)
    tiles = read_tiles(folder)
    with Image.open(BytesIO(photo_of(folder, tiles[1]))) as image:
        assert image.size == (NATIVE_PX, NATIVE_PX)
    assert photo_of(folder, tiles[2]) == (folder / "2.jpg").read_bytes()


def test_a_reader_of_brightness_fails_on_gamma_and_not_on_compression(folder: Path) -> None:
    part = perturbed.measure(perturbed.read_changed(BrightnessReader(), folder), 0)
    met = {row.group: row.met for row in part.findings if row.concern is Concern.WRINKLES}
    assert met["darker"] is False
    assert met["brighter"] is False
    assert met["jpeg_60"] is True
    assert met["blur"] is True


def crop(paint: Callable[[np.random.Generator], float]) -> Crop:
    rng = np.random.default_rng(0)
    pixels = np.full((64, 64, 3), 120, np.uint8)
    pixels[::4] = np.uint8(120 - paint(rng))
    masks = np.zeros((2, 64, 64), np.uint8)
    masks[0, 16:48, 16:48] = 255
    return Crop("forehead", (Zone.FOREHEAD,), pixels, masks, np.eye(2, 3))


def test_the_naive_baseline_grows_with_contrast_and_needs_a_graded_zone() -> None:
    weak, strong = crop(lambda rng: 5), crop(lambda rng: 40)
    zones, scale = {Zone.FOREHEAD}, {"forehead": 0.4}
    assert naive.detail_energy([weak], zones, scale) < naive.detail_energy([strong], zones, scale)
    assert np.isnan(naive.detail_energy([strong], {Zone.CHIN}, scale))
