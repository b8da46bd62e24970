from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from skinscore.domain.concerns import Concern
from skinscore.domain.zones import ZONES, Zone
from skinscore.errors import PhotoRefused
from skinscore.imaging.encode import to_png
from skinscore.imaging.face import FaceFinder
from skinscore.imaging.gate import GEOMETRY_CODES, photo_blocks, zone_blocks
from skinscore.imaging.prepare import Preparer
from skinscore_training.rules import DECODE, FACE, GATE, GEOMETRY
from tests.skinscore.imaging.faces import texture


@pytest.fixture(scope="module")
def preparer(finder: FaceFinder) -> Preparer:
    return Preparer(finder, DECODE, FACE, GEOMETRY, GATE)


def file_of(shared: Path, number: str) -> bytes:
    return (shared / "photos" / "sfhq" / f"sfhq_{number}.jpg").read_bytes()


def test_a_photo_comes_with_everything_that_is_known_of_it(
    preparer: Preparer, shared: Path
) -> None:
    prepared = preparer.prepare(file_of(shared, "02"))
    assert prepared.face is not None
    assert set(prepared.regions) == set(prepared.quality.zones) == set(ZONES)
    assert [crop.name for crop in prepared.crops] == [plan.name for plan in GEOMETRY.crops]
    assert photo_blocks(prepared.passed) == ()
    assert prepared.quality.skin_tone is not None


def test_the_same_bytes_give_the_same_crops_in_every_thread(
    preparer: Preparer, shared: Path
) -> None:
    files = [file_of(shared, number) for number in ("02", "10", "25")] * 4
    alone = [preparer.prepare(data) for data in files[:3]] * 4
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(preparer.prepare, files))
    for one, other in zip(alone, together, strict=True):
        assert one.quality == other.quality
        assert one.passed == other.passed
        for crop, again in zip(one.crops, other.crops, strict=True):
            assert np.array_equal(crop.pixels, again.pixels)
            assert np.array_equal(crop.masks, again.masks)


def test_a_fringe_makes_the_forehead_unassessable_and_nothing_else_in_the_middle(
    preparer: Preparer, shared: Path
) -> None:
    passed = preparer.prepare(file_of(shared, "24")).passed  # fringe over the forehead
    assert zone_blocks(passed, Zone.FOREHEAD, Concern.WRINKLES).geometry == ("zone_occluded",)
    for zone in (Zone.NOSE, Zone.CHEEK_LEFT, Zone.CHIN):
        assert zone_blocks(passed, zone, Concern.WRINKLES).geometry == ()


@pytest.mark.slow
def test_foreheads_under_hair_are_less_visible_than_bare_ones(
    preparer: Preparer, shared: Path
) -> None:
    rows = (shared / "photos" / "sfhq" / "labels.csv").read_text("utf-8").splitlines()
    visible: dict[str, list[float]] = {"0": [], "1": []}
    for row in rows[1:]:
        file, pair_of, _, _, _, hair, *_ = row.split(",")
        if not pair_of:
            data = (shared / "photos" / "sfhq" / file).read_bytes()
            forehead = preparer.prepare(data).quality.zones[Zone.FOREHEAD]
            visible[hair].append(forehead.visible_fraction)
    assert (len(visible["0"]), len(visible["1"])) == (33, 10)
    assert min(visible["0"]) > GATE.min_visible_fraction  # no bare forehead is refused
    assert np.median(visible["1"]) < np.percentile(visible["0"], 5)


def test_a_zone_that_geometry_blocks_has_only_geometry_codes(
    preparer: Preparer, shared: Path
) -> None:
    prepared = preparer.prepare(file_of(shared, "24"))  # head turned
    for zone in ZONES:
        codes = {row.code for row in prepared.passed if row.zone == zone}
        assert codes <= GEOMETRY_CODES or codes.isdisjoint(GEOMETRY_CODES)


def test_a_photo_without_a_face_is_refused_and_serves_as_a_close_up(preparer: Preparer) -> None:
    data = to_png(texture(3, sigma=0.7, shape=(500, 600)))
    with pytest.raises(PhotoRefused) as refused:
        preparer.prepare(data)
    assert refused.value.code == "no_face"
    prepared = preparer.prepare_close_up(data, Zone.CHEEK_LEFT, 5.0)
    assert prepared.face is None
    assert prepared.passed == ()
    assert len(prepared.crops) > 1
    assert prepared.regions[Zone.CHEEK_LEFT].polygon.min() == -0.5


def test_bytes_that_are_no_photo_are_refused(preparer: Preparer) -> None:
    for prepare in (
        preparer.prepare,
        lambda data: preparer.prepare_close_up(data, Zone.CHIN, 5.0),
    ):
        with pytest.raises(PhotoRefused):
            prepare(b"not a photo")


def test_a_close_up_with_too_few_pixels_is_told(preparer: Preparer) -> None:
    data = to_png(texture(4, shape=(400, 400)))
    prepared = preparer.prepare_close_up(data, Zone.CHIN, 1.0)
    assert "face_too_small" in photo_blocks(prepared.passed)
