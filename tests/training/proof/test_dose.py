"""Curves that tell the truth meet every line; curves that leak or fall do not."""

import numpy as np
import pytest

from skinscore.domain.concerns import CONCERNS
from skinscore.errors import RequestRefused
from skinscore.imaging.rules import Geometry
from skinscore_training.proof.dose import Sweep, largest_reversal, measure, rising_share, sweep
from skinscore_training.proof.findings import Part
from skinscore_training.proof.skins import gradable_view, plan_of
from skinscore_training.rules import GATE
from skinscore_training.skin.crops import draw_view
from skinscore_training.skin.subject import make_subject
from tests.training.proof.readers import HabitReader, by_darkness, unmoved

DOSES = tuple(float(dose) for dose in np.arange(0, 4.01, 0.5))


def truthful(skins: int = 6) -> Sweep:
    truth = np.zeros((skins, 3, len(DOSES), 3))
    for place in range(3):
        truth[:, place, :, place] = DOSES
    return Sweep(DOSES, truth.copy(), truth)


def judged(part: Part) -> dict[tuple[str, str | None, str], bool]:
    return {
        (row.name, row.concern, row.group): row.met for row in part.findings if row.met is not None
    }


def test_the_truth_meets_every_line() -> None:
    met = judged(measure(truthful(), 0))
    assert len(met) == 2 * 3 + 6
    assert all(met.values())


def test_a_score_that_answers_another_concern_fails_there_and_only_there() -> None:
    curves = truthful()
    curves.scores[:, 0, :, 1] += 0.1 * np.array(DOSES)  # scars raise wrinkles by 0.4
    failed = [key for key, met in judged(measure(curves, 0)).items() if not met]
    assert failed == [("cross_talk", CONCERNS[1], f"{CONCERNS[0]} swept")]


def test_a_constant_offset_is_no_cross_talk() -> None:
    curves = truthful()
    curves.scores[...] += 0.5
    assert all(judged(measure(curves, 0)).values())


def test_a_curve_that_falls_fails() -> None:
    curves = truthful()
    curves.scores[:, 2, 4, 2] -= 0.8
    failed = {key[0] for key, met in judged(measure(curves, 0)).items() if not met}
    assert "largest_reversal" in failed


def test_steps_and_reversals_are_counted_on_the_curve() -> None:
    curve = np.array([0.0, 1.0, 0.7, 2.0, 2.0])
    assert rising_share(curve) == 0.75
    assert largest_reversal(curve) == pytest.approx(0.3)


def test_rendered_doses_reach_what_was_asked_and_leave_the_others(geometry: Geometry) -> None:
    curves = sweep(HabitReader(unmoved), geometry, GATE, 2, seed=1, doses=(0.0, 2.0, 4.0))
    assert curves.scores.shape == curves.truth.shape == (2, 3, 3, 3)
    for place in range(3):
        own = curves.truth[:, place, :, place]
        assert (np.diff(own, axis=1) > 0.5).all()
        assert np.ptp(np.delete(curves.truth[:, place], place, axis=2), axis=1).max() == 0


def test_a_reader_of_darkness_hears_pigment_in_every_concern(geometry: Geometry) -> None:
    curves = sweep(HabitReader(by_darkness), geometry, GATE, 2, seed=1, doses=(0.0, 4.0))
    shift = (curves.scores[:, 2, -1] - curves.scores[:, 2, 0]).mean(axis=0)
    assert shift[0] == shift[1] == shift[2] > 0


def test_a_skin_is_photographed_until_every_concern_is_graded(geometry: Geometry) -> None:
    for number in range(8):
        made = make_subject(1, number, plan_of(number, geometry), geometry)
        view = gradable_view(1, number, made, GATE)
        drawn = [draw_view(1, number, place, made) for place in range(20)]
        fine = [shot for shot in drawn if shot.camera.native_px_per_mm >= GATE.min_px_per_mm_relief]
        assert view.camera == fine[0].camera


def test_a_model_of_a_resolution_that_nobody_photographs_is_refused(geometry: Geometry) -> None:
    made = make_subject(1, 0, plan_of(0, geometry), geometry)
    finest = GATE.model_copy(update={"min_px_per_mm_relief": 99.0})
    with pytest.raises(RequestRefused, match="99 px per mm") as refusal:
        gradable_view(1, 0, made, finest)
    assert refusal.value.code == "models_not_comparable"
