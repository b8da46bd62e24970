"""What a training is watched by measures what its name says."""

import math

import torch

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore_training.held_out import (
    Answers,
    cross_talks,
    disagreements,
    mean_absolute_errors,
)

NAMES = [concern.value for concern in CONCERNS]
SCARS, WRINKLES = CONCERNS.index(Concern.ACNE_SCARRING), CONCERNS.index(Concern.WRINKLES)


def perfect(crops: int = 200) -> Answers:
    """Both views of every crop graded as they are; every third slot is unused."""
    score = 4 * torch.rand((crops, 3, 3), generator=torch.Generator().manual_seed(3))
    score[:, 2] = torch.nan
    return Answers(score[:, None].expand(-1, 2, -1, -1).clone(), score, score)


def test_whoever_tells_the_truth_errs_nowhere_and_agrees_with_itself() -> None:
    answers = perfect()
    assert set(mean_absolute_errors(answers).values()) == {0.0}
    assert set(disagreements(answers).values()) == {0.0}


def test_an_error_is_of_the_first_view_and_a_gap_of_both() -> None:
    answers = perfect()
    answers.found[:, 0, :, SCARS] += 0.5
    answers.found[:, 1, :, WRINKLES] -= 0.25
    errors, gaps = mean_absolute_errors(answers), disagreements(answers)
    assert [round(errors[f"mae_{name}"], 5) for name in NAMES] == [0.5, 0.0, 0.0]
    assert [round(gaps[f"gap_{name}"], 5) for name in NAMES] == [0.5, 0.25, 0.0]


def test_cross_talk_is_what_another_concern_moves_where_there_is_nothing() -> None:
    answers = perfect(4000)
    quiet = cross_talks(answers)
    assert all(quiet[f"talk_{name}"] < 0.06 for name in NAMES)  # by chance: scores are 0 to 0.5
    # Scars are read off wrinkles, everywhere; nothing else is touched.
    answers.found[..., SCARS] += answers.score[:, None, :, WRINKLES]
    found = cross_talks(answers)
    severe, absent = 3.25, 0.25  # mean scores of severe and of absent wrinkles
    assert abs(found["talk_acne_scarring"] - (severe - absent)) < 0.06
    assert all(found[f"talk_{name}"] == quiet[f"talk_{name}"] for name in NAMES[1:])


def test_cross_talk_that_nobody_could_show_is_not_told() -> None:
    answers = perfect()
    nobody = Answers(answers.found, answers.target, answers.score.clamp(min=1.0))
    assert all(math.isnan(value) for value in cross_talks(nobody).values())
