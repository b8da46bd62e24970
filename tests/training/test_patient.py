"""The synthetic patient: photos change, grades do not, and the finder finds the face."""

import numpy as np
import pytest

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import ZONES, View
from skinscore.imaging import face_models
from skinscore.imaging.encode import to_jpeg
from skinscore.imaging.face import FaceFinder
from skinscore.imaging.types import Face, Photo
from skinscore.imaging.zones import MIRROR
from skinscore_training import samples
from skinscore_training.rules import FACE
from skinscore_training.skin.face_mesh import (
    GRID_STEP_MM,
    chart_axis,
    from_chart,
    head_surface,
    mean_face,
    to_chart,
)
from skinscore_training.skin.frontal import to_chart_from_frontal
from skinscore_training.skin.patient import (
    Photograph,
    Sitting,
    clinic_lighting,
    draw_lighting,
    draw_patient,
    photograph,
    sit,
)
from skinscore_training.skin.photo import rotation
from skinscore_training.skin.raster import Sheet, rasterise
from skinscore_training.skin.studio import Framing, Pose

SMALL = Framing(height=560, width=448, px_per_mm=2.0)


@pytest.fixture(scope="module")
def sitting() -> Sitting:
    return sit(samples.PATIENT)


def shot(sitting: Sitting, pose: Pose, seed: int = 1) -> Photograph:
    return photograph(sitting, pose, clinic_lighting(), samples.CAMERA, seed, SMALL)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder(face_models.require(), FACE)


def found(finder: FaceFinder, picture: Photograph) -> Face:
    return finder.find(Photo(picture.pixels, "0" * 64, "JPEG", "srgb", 1))


def test_the_mean_face_is_its_own_mirror_image() -> None:
    points = mean_face()
    np.testing.assert_array_equal(points[list(MIRROR)] * (-1, 1, 1), points)


def test_the_mean_face_has_the_assumed_distance_between_the_outer_eye_corners() -> None:
    points = mean_face()
    distance = np.linalg.norm(points[263] - points[33])
    assert distance == pytest.approx(FACE.outer_canthal_mm, abs=0.1)


def test_a_chart_place_points_back_to_where_it_came_from() -> None:
    points = np.array([(10.0, -40.0, -20.0), (-60.0, 20.0, 40.0), (0.0, 90.0, 10.0)])
    rays = from_chart(to_chart(points))
    np.testing.assert_allclose(to_chart(rays * 50 + (0, -10, 66)), to_chart(points), atol=1e-9)


def test_the_head_passes_close_by_its_landmarks() -> None:
    head = head_surface(mean_face())
    places = np.round((head.chart - chart_axis()[0]) / GRID_STEP_MM).astype(int)
    near = head.grid[places[:, 1], places[:, 0]]
    distance = np.linalg.norm(near - head.landmarks, axis=1)
    assert np.median(distance) < GRID_STEP_MM


def test_frontal_places_mirror_on_the_chart() -> None:
    places = np.array([(-30.0, 40.0), (-50.0, 10.0), (-10.0, -40.0)])
    mirrored = to_chart_from_frontal(places * (-1, 1)) * (-1, 1)
    np.testing.assert_allclose(mirrored, to_chart_from_frontal(places), atol=0.1)


def flat_sheet(depth: float, size: float) -> Sheet:
    x, y = np.meshgrid(np.linspace(10, 10 + size, 5), np.linspace(10, 10 + size, 5))
    return Sheet(np.stack([x, y], -1), np.full(x.shape, depth), np.ones(x.shape, np.bool_))


def test_the_nearer_surface_hides_the_farther_whatever_their_order() -> None:
    near, far = flat_sheet(100, 20), flat_sheet(200, 40)
    one, other = rasterise([near, far], 64, 64), rasterise([far, near], 64, 64)
    np.testing.assert_array_equal(one.depth, other.depth)
    assert one.surface[20, 20] == 0
    assert other.surface[20, 20] == 1
    assert one.surface[45, 45] == 1
    assert one.surface[5, 5] == -1


def test_a_surface_seen_from_behind_is_not_drawn() -> None:
    sheet = flat_sheet(100, 20)
    turned = Sheet(sheet.picture[:, ::-1], sheet.depth, sheet.inside)
    assert (rasterise([turned], 64, 64).surface == -1).all()


@pytest.mark.parametrize(
    ("pose", "axis", "sign"),
    [
        pytest.param(Pose(yaw_deg=30), 0, 1, id="looks to the subject's left: nose to the right"),
        pytest.param(Pose(pitch_deg=30), 1, -1, id="looks up: nose rises"),
    ],
)
def test_the_nose_moves_the_way_the_head_turns(pose: Pose, axis: int, sign: int) -> None:
    ahead = np.array([0.0, 0.0, -1.0])
    assert np.sign((rotation(pose) @ ahead)[axis]) == sign


def test_a_head_that_leans_clockwise_carries_its_top_to_the_right() -> None:
    assert (rotation(Pose(roll_deg=20)) @ np.array([0.0, -1.0, 0.0]))[0] > 0


@pytest.mark.slow
def test_the_same_photo_taken_twice_has_the_same_bytes(sitting: Sitting) -> None:
    again = sit(samples.PATIENT)
    one, other = shot(sitting, Pose()), shot(again, Pose())
    assert to_jpeg(one.pixels) == to_jpeg(other.pixels)


@pytest.mark.slow
def test_pose_light_and_camera_leave_the_ground_truth_alone(sitting: Sitting) -> None:
    room = draw_lighting(np.random.default_rng(5))
    turned = photograph(sitting, Pose(yaw_deg=38), room, samples.CAMERA, 2, SMALL)
    frontal = shot(sitting, Pose())
    assert turned.scores == frontal.scores
    assert not np.array_equal(turned.pixels, frontal.pixels)


@pytest.mark.slow
def test_the_sample_patient_shows_what_the_demo_talks_about(sitting: Sitting) -> None:
    scores = sitting.scores
    assert set(scores) == set(ZONES)
    assert all(set(scores[zone]) == set(CONCERNS) for zone in ZONES)
    by_name = {zone.value: scores[zone] for zone in ZONES}
    for side in ("right", "left"):
        assert by_name[f"cheek_{side}"][Concern.ACNE_SCARRING] >= 2.5
        assert by_name[f"crows_feet_{side}"][Concern.WRINKLES] >= 2.0
        assert by_name[f"cheek_{side}"][Concern.PIGMENTATION] >= 0.5
    assert by_name["forehead"][Concern.WRINKLES] >= 2.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("yaw", "view"), [(0.0, View.FRONTAL), (37.0, View.RIGHT), (-37.0, View.LEFT)]
)
def test_the_finder_finds_the_patient_where_it_is(
    sitting: Sitting, finder: FaceFinder, yaw: float, view: View
) -> None:
    picture = shot(sitting, Pose(yaw_deg=yaw))
    face = found(finder, picture)
    off = np.linalg.norm(face.points[:, :2] - picture.landmarks, axis=1)
    assert face.view is view
    assert face.presence >= 0.5
    assert np.sign(round(face.yaw_deg / 20)) == np.sign(yaw)
    assert np.median(off) < 0.07 * FACE.outer_canthal_mm * SMALL.px_per_mm


@pytest.mark.slow
def test_random_patients_are_found(finder: FaceFinder) -> None:
    for seed in (1, 2):
        picture = photograph(
            sit(draw_patient(seed)),
            Pose(),
            draw_lighting(np.random.default_rng(seed)),
            samples.CAMERA,
            seed,
            SMALL,
        )
        assert found(finder, picture).presence >= 0.5


def test_a_patient_is_drawn_the_same_from_the_same_seed() -> None:
    assert draw_patient(7) == draw_patient(7)
    assert draw_patient(7) != draw_patient(8)
