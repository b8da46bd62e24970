"""Laws of the rendered crops: they repeat, and their labels depend on the skin alone."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.imaging.rules import Geometry
from skinscore_training.rules import GEOMETRY
from skinscore_training.skin.conditions import Wanted, draw_wanted
from skinscore_training.skin.crops import RenderedCrops, draw_view, render_crops, shoot
from skinscore_training.skin.streams import stream
from skinscore_training.skin.subject import make_subject

ARRAYS = ("pixels", "masks", "maps", "relief", "score", "grade", "ita_deg")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def geometry() -> Geometry:
    """The release's plans at a quarter of their pixels."""
    plans = tuple(plan.model_copy(update={"mm_per_px": 0.8}) for plan in GEOMETRY.crops)
    return GEOMETRY.model_copy(update={"side_px": 80, "crops": plans})


@pytest.fixture(scope="module")
def many(geometry: Geometry) -> RenderedCrops:
    return render_crops(range(160), geometry, seed=5, views=1)


def same(one: RenderedCrops, other: RenderedCrops) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=name == "score")
        for name in ARRAYS
    )


def part(crops: RenderedCrops, index: int) -> RenderedCrops:
    rows = slice(index, index + 1)
    return replace(crops, **{name: getattr(crops, name)[rows] for name in ARRAYS})


def wanted(concern: Concern, score: float, tone: float = 30.0) -> Wanted:
    scores = np.zeros((3, 3))
    scores[:, CONCERNS.index(concern)] = score
    return Wanted(ita_deg=tone, scores=scores, distracted=False)


def test_a_batch_equals_its_subjects_one_by_one(geometry: Geometry) -> None:
    batch = render_crops([7, 3, 11, 3], geometry, seed=9)
    for index, subject in enumerate([7, 3, 11, 3]):
        assert same(part(batch, index), render_crops([subject], geometry, seed=9))


def test_another_seed_shows_another_skin(geometry: Geometry) -> None:
    assert not same(render_crops([1], geometry, seed=1), render_crops([1], geometry, seed=2))


def test_shapes_are_those_of_the_geometry(geometry: Geometry) -> None:
    crops = render_crops([0, 1], geometry, seed=0, views=3)
    assert crops.pixels.shape == (2, 3, 80, 80, 3)
    assert crops.masks.shape == (2, 3, geometry.slots, 80, 80)
    assert crops.maps.shape == (2, 3, 3, 20, 20)
    assert crops.relief.shape == (2, 3, 20, 20)
    assert set(np.unique(crops.masks)) <= {0, 255}


def test_the_views_of_a_subject_show_other_pixels_of_the_same_skin(geometry: Geometry) -> None:
    crops = render_crops([4], geometry, seed=2)
    assert not np.array_equal(crops.pixels[0, 0], crops.pixels[0, 1])
    both = (crops.masks[0, 0] > 0) & (crops.masks[0, 1] > 0)
    assert both.sum() > 0.5 * (crops.masks[0, 0] > 0).sum()


def test_unused_slots_have_no_label_and_used_ones_have_all_three(many: RenderedCrops) -> None:
    assert np.array_equal(np.isnan(many.score), many.grade < 0)
    assert ((many.grade < 0).all(-1) | (many.grade >= 0).all(-1)).all()
    empty = ~(many.masks[:, 0] > 0).any((-1, -2))
    assert (many.grade[empty] < 0).all()


def test_every_grade_of_every_concern_occurs(many: RenderedCrops) -> None:
    for concern in range(3):
        counts = np.bincount(many.grade[:, :, concern][many.grade[:, :, concern] >= 0], minlength=5)
        assert (counts > 0.06 * counts.sum()).all(), counts


@pytest.mark.parametrize("concern", list(Concern))
@pytest.mark.parametrize("name", ["cheek_right", "forehead_left", "mouth"])
def test_a_higher_dose_never_scores_lower(geometry: Geometry, concern: Concern, name: str) -> None:
    plan = next(plan for plan in geometry.crops if plan.name == name)
    column = CONCERNS.index(concern)
    scores = np.array(
        [
            make_subject(3, 1, plan, geometry, wanted(concern, dose)).score[0]
            for dose in (0.0, 1.0, 2.0, 3.0, 4.0)
        ]
    )
    assert (np.diff(scores[:, column]) > 0).all()
    assert np.abs(scores[:, column] - np.arange(5)).max() < 1.0
    assert (np.ptp(np.delete(scores, column, 1), axis=0) == 0).all()


def test_labels_do_not_depend_on_tone(geometry: Geometry) -> None:
    plan = geometry.crops[8]
    for concern in Concern:
        dark, light = (
            make_subject(1, 2, plan, geometry, wanted(concern, 2.2, tone)) for tone in (-50.0, 60.0)
        )
        assert np.array_equal(dark.score, light.score, equal_nan=True)
        assert np.array_equal(dark.truth, light.truth)


def test_labels_and_maps_do_not_depend_on_light_and_camera(geometry: Geometry) -> None:
    subject = make_subject(1, 2, geometry.crops[8], geometry)
    view = draw_view(1, 2, 0, subject)
    other = draw_view(1, 2, 1, subject)
    shots = [replace(view, light=other.light, camera=other.camera), view]
    one, two = (shoot(subject, 2, [shot], geometry, seed=1) for shot in shots)
    assert not np.array_equal(one.pixels, two.pixels)
    for name in ("masks", "maps", "relief", "score", "grade"):
        assert np.array_equal(getattr(one, name), getattr(two, name), equal_nan=name == "score")


def test_skin_without_conditions_has_empty_maps_but_for_its_neighbours_lines(
    geometry: Geometry,
) -> None:
    bare = Wanted(ita_deg=20.0, scores=np.zeros((3, 3)), distracted=True)
    lines = CONCERNS.index(Concern.WRINKLES)
    for number, plan in enumerate(geometry.crops):
        subject = make_subject(6, number, plan, geometry, bare)
        assert np.delete(subject.truth, lines, 0).max() == 0
        assert (np.delete(subject.grade, lines, -1) <= 0).all()
        # A zone has the lines that reach into it, whosever they are, and no others.
        seen = [(subject.truth[lines] * mask).max() for mask in subject.masks]
        graded = subject.grade[:, lines]
        assert all(most > 0 for most, grade in zip(seen, graded, strict=True) if grade > 0)


def test_a_grade_tells_nothing_of_another_concern_s(geometry: Geometry) -> None:
    """Least of all its absence: a network that cannot see one sign would read it off the others
    (docs/decisions/0022)."""
    drawn = [draw_wanted(stream(8, number), geometry.slots) for number in range(3000)]
    scores = np.array([each.scores[0] for each in drawn])
    distracted = np.array([each.distracted for each in drawn])
    for one in range(3):
        for group in (scores[:, one] < 0.5, scores[:, one] > 3.5, distracted):
            for other in {0, 1, 2} - {one}:
                values = scores[:, other]
                noise = values.std() * np.sqrt(1 / group.sum() + 1 / (~group).sum())
                assert abs(values[group].mean() - values[~group].mean()) < 4 * noise


def test_no_nuisance_tells_the_grade(many: RenderedCrops) -> None:
    """Largest correlation of any nuisance with any grade stays within chance at this number."""
    used = many.grade[:, 0, 0] >= 0
    limit = 4.2 / np.sqrt(used.sum())  # four sigma and a little, for about 150 comparisons
    grades = many.score[used, 0]
    table = {name: values.reshape(len(used), -1)[used, 0] for name, values in many.nuisance.items()}
    table["ita"] = many.ita_deg[used].astype(float)
    for name in table:
        if table[name].std() > 0:
            for concern in range(3):
                r = np.corrcoef(table[name], grades[:, concern])[0, 1]
                assert abs(r) < limit, (name, CONCERNS[concern], r)
