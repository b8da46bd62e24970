from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from skinscore.domain.zones import View
from skinscore.errors import NotReady, PhotoRefused
from skinscore.imaging.face import FRONTAL_YAW_DEG, FaceFinder, view_of
from skinscore.imaging.face_models import require
from skinscore.imaging.types import Face, Photo
from skinscore.imaging.zones import MIRROR
from skinscore_training.rules import FACE
from tests.skinscore.imaging.faces import photo_of, texture

Portrait = Callable[[str], Photo]
SOME = ("02", "10", "15", "24", "25", "40")


def canthal(face: Face) -> float:
    return face.px_per_mm * FACE.outer_canthal_mm


def apart(points: NDArray[np.float64], face: Face) -> float:
    """Mean distance between two sets of points, in outer eye corner distances."""
    distance = np.linalg.norm(points[:, :2] - face.points[:, :2], axis=1)
    return float(distance.mean()) / canthal(face)


def unflipped(face: Face, width: int) -> NDArray[np.float64]:
    points = face.points[list(MIRROR)].copy()
    points[:, 0] = width - 1 - points[:, 0]
    return points


@pytest.mark.slow
def test_every_portrait_has_one_face_and_its_mirror_image_has_the_mirrored_one(
    finder: FaceFinder, portraits: list[Path]
) -> None:
    assert len(portraits) == 53
    for path in portraits:
        with Image.open(path) as image:
            photo = photo_of(np.asarray(image.convert("RGB")))
        face = finder.find(photo)
        flipped = finder.find(photo_of(photo.pixels[:, ::-1]))
        assert face.presence > 0.9, path.name
        assert apart(unflipped(flipped, photo.width), face) < 0.03, path.name
        assert flipped.yaw_deg == pytest.approx(-face.yaw_deg, abs=5), path.name
        assert flipped.roll_deg == pytest.approx(-face.roll_deg, abs=3), path.name


@pytest.mark.parametrize("number", SOME)
def test_the_same_pixels_give_the_same_points_from_any_finder(
    finder: FaceFinder, portrait: Portrait, number: str
) -> None:
    photo = portrait(number)
    again = FaceFinder(require(), FACE).find(photo)
    assert np.array_equal(finder.find(photo).points, again.points)
    assert np.array_equal(finder.find(photo).points, again.points)


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("number", SOME)
def test_a_turned_photo_has_the_turned_face(
    finder: FaceFinder, portrait: Portrait, number: str, turns: int
) -> None:
    photo = portrait(number)
    face, turned = finder.find(photo), finder.find(photo_of(np.rot90(photo.pixels, turns)))
    points = turned.points[:, :2]
    for turn in range(turns):  # back, clockwise
        width = photo.width if (turns - turn) % 2 else photo.height
        points = np.column_stack((width - 1 - points[:, 1], points[:, 0]))
    assert apart(points, face) < 0.02
    lean = (turned.roll_deg + 90 * turns - face.roll_deg + 180) % 360 - 180
    assert abs(lean) < 3


@pytest.mark.parametrize("degrees", [-40.0, -15.0, 15.0, 40.0])
def test_roll_is_how_far_the_head_leans_clockwise(
    finder: FaceFinder, portrait: Portrait, degrees: float
) -> None:
    photo = portrait("02")
    middle = ((photo.width - 1) / 2, (photo.height - 1) / 2)
    turn = cv2.getRotationMatrix2D(middle, -degrees, 0.8)  # OpenCV counts counterclockwise
    leaning = cv2.warpAffine(photo.pixels, turn, (photo.width, photo.height))
    found = finder.find(photo_of(np.asarray(leaning)))
    face = finder.find(photo)
    assert found.roll_deg - face.roll_deg == pytest.approx(degrees, abs=2)
    assert found.px_per_mm == pytest.approx(0.8 * face.px_per_mm, rel=0.05)
    assert apart(face.points[:, :2] @ turn[:, :2].T + turn[:, 2], found) < 0.03


@pytest.mark.parametrize("scale", [0.35, 0.6, 2.0])
@pytest.mark.parametrize("number", SOME)
def test_a_scaled_photo_has_the_scaled_face(
    finder: FaceFinder, portrait: Portrait, number: str, scale: float
) -> None:
    photo = portrait(number)
    size = (round(photo.width * scale), round(photo.height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = finder.find(photo_of(np.asarray(cv2.resize(photo.pixels, size, interpolation=how))))
    face = finder.find(photo)
    back = (scaled.points[:, :2] + 0.5) / scale - 0.5
    assert apart(back, face) < 0.02
    assert scaled.px_per_mm == pytest.approx(scale * face.px_per_mm, rel=0.04)


def test_looking_to_the_subjects_left_is_positive_yaw(
    finder: FaceFinder, portrait: Portrait
) -> None:
    # 24 looks to the left of the picture, that is to the subject's right; 15 the other way
    assert finder.find(portrait("24")).yaw_deg < -8
    assert finder.find(portrait("15")).yaw_deg > 8


def test_a_raised_chin_is_positive_pitch(finder: FaceFinder, portrait: Portrait) -> None:
    assert finder.find(portrait("11")).pitch_deg > 8  # tilted back
    assert finder.find(portrait("40")).pitch_deg < -3  # bowed


def test_the_view_shows_the_side_that_the_head_turns_to_the_camera() -> None:
    assert view_of(0.0) == view_of(FRONTAL_YAW_DEG) == view_of(-FRONTAL_YAW_DEG) == View.FRONTAL
    assert view_of(FRONTAL_YAW_DEG + 1) == View.RIGHT  # looks to the left, shows the right cheek
    assert view_of(-FRONTAL_YAW_DEG - 1) == View.LEFT


def test_a_small_second_face_is_left_alone_and_an_equal_one_is_refused(
    finder: FaceFinder, portrait: Portrait
) -> None:
    pixels = portrait("02").pixels
    side = pixels.shape[0]
    small = cv2.resize(pixels, (side * 2 // 5, side * 2 // 5), interpolation=cv2.INTER_AREA)
    beside = np.zeros((side, side * 2 // 5, 3), np.uint8)
    beside[: small.shape[0]] = small
    alone = finder.find(photo_of(pixels))
    assert apart(finder.find(photo_of(np.hstack((pixels, beside)))).points, alone) < 0.03
    with pytest.raises(PhotoRefused) as refused:
        finder.find(photo_of(np.hstack((pixels, pixels))))
    assert refused.value.code == "multiple_faces"


def test_a_face_cut_off_at_the_border_beside_the_patient_is_no_second_patient(
    finder: FaceFinder, portrait: Portrait
) -> None:
    face = finder.find(portrait("10"))
    assert face.points[1, 0] > portrait("10").width / 3


@pytest.mark.parametrize("number", SOME)
@pytest.mark.parametrize("part", ["right half", "upper half"])
def test_half_a_face_is_refused(
    finder: FaceFinder, portrait: Portrait, number: str, part: str
) -> None:
    pixels = portrait(number).pixels
    side = pixels.shape[0] // 2
    half = pixels[:, side:] if part == "right half" else pixels[:side]
    with pytest.raises(PhotoRefused) as refused:
        finder.find(photo_of(half))
    assert refused.value.code in ("face_out_of_frame", "no_face")


def test_a_tight_crop_still_has_its_face(finder: FaceFinder, portrait: Portrait) -> None:
    photo = portrait("02")
    side = photo.width
    left, top = round(side * 0.25), round(side * 0.27)
    tight = photo_of(photo.pixels[top : round(side * 0.85), left : round(side * 0.75)])
    points = finder.find(tight).points[:, :2] + (left, top)
    assert apart(points, finder.find(photo)) < 0.03


def test_a_tiny_face_is_too_small(finder: FaceFinder, portrait: Portrait) -> None:
    small = cv2.resize(portrait("02").pixels, (68, 68), interpolation=cv2.INTER_AREA)
    with pytest.raises(PhotoRefused) as refused:
        finder.find(photo_of(np.asarray(small)))
    assert refused.value.code in ("face_too_small", "no_face")


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((300, 400, 3), np.uint8),
        np.full((2, 900, 3), 255, np.uint8),
        texture(1, shape=(400, 300)),
        np.random.default_rng(2).integers(0, 256, (500, 500, 3), np.uint8),
    ],
    ids=["black", "a white strip", "skin without a face", "noise"],
)
def test_a_picture_without_a_face_is_refused(finder: FaceFinder, pixels: NDArray[np.uint8]) -> None:
    with pytest.raises(PhotoRefused) as refused:
        finder.find(photo_of(pixels))
    assert refused.value.code == "no_face"


def test_other_models_than_the_contract_names_are_refused() -> None:
    rules = FACE.model_copy(update={"mesh_sha256": "0" * 64})
    with pytest.raises(NotReady) as refused:
        FaceFinder(require(), rules)
    assert refused.value.code == "face_models_changed"


def test_loading_the_models_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    FaceFinder(require(), FACE)
    said = capfd.readouterr()
    assert said.out == said.err == ""
