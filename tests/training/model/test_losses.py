"""Every term is 0 at the answer it asks for, and larger anywhere else."""

import pytest
import torch

from skinscore_training.model import losses as terms
from skinscore_training.model.network import Predictions
from skinscore_training.presets import LossWeights

SCORES = torch.tensor([0.0, 0.4, 1.0, 2.5, 3.9, 4.0])


def test_the_soft_target_has_the_means_of_the_published_table() -> None:
    means = terms.expectation(terms.soft_target(torch.arange(5.0)))
    torch.testing.assert_close(
        means, torch.tensor([0.197, 1.050, 2.000, 2.950, 3.803]), atol=5e-4, rtol=0
    )


def test_the_soft_target_mirrors_with_the_scale() -> None:
    torch.testing.assert_close(terms.soft_target(4 - SCORES), terms.soft_target(SCORES).flip(-1))


def test_the_mean_of_the_soft_target_rises_with_the_score() -> None:
    means = terms.expectation(terms.soft_target(torch.linspace(0, 4, 81)))
    assert (means.diff() > 0).all()


def test_grade_terms_are_zero_at_the_target_and_positive_beside_it() -> None:
    perfect = terms.soft_target(SCORES).log()
    torch.testing.assert_close(
        torch.stack(terms.grade_losses(perfect, SCORES)), torch.zeros(2), atol=1e-6, rtol=0
    )
    kl, mean = terms.grade_losses(perfect.flip(0), SCORES)
    assert kl > 0.1
    assert mean > 0.1


def test_map_term_is_zero_at_the_target_and_falls_towards_it() -> None:
    maps = torch.randint(1, 255, (3, 3, 8, 8), dtype=torch.uint8)
    perfect = torch.logit(maps / 255.0)
    steps = [terms.map_loss(perfect * share, maps) for share in (-1.0, 0.0, 0.5, 1.0)]
    assert steps[0] > steps[1] > steps[2] > steps[3]
    torch.testing.assert_close(steps[3], torch.tensor(0.0), atol=1e-5, rtol=0)


def test_map_term_is_finite_where_nothing_is_to_be_found() -> None:
    nothing = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    assert terms.map_loss(torch.full((2, 3, 8, 8), -20.0), nothing).isfinite()


def test_relief_term_is_zero_at_the_target() -> None:
    relief = torch.randint(0, 256, (2, 8, 8), dtype=torch.uint8)
    found = (relief.float() - terms.RELIEF_CENTRE) / terms.RELIEF_SPREAD
    assert terms.relief_loss(found, relief) == 0
    assert terms.relief_loss(found + 1, relief) > 0


def test_consistency_is_zero_for_equal_views_and_does_not_care_which_is_first() -> None:
    logits = torch.randn(4, 2, 2, 3, 5)
    used = torch.ones(4, 2, 3, dtype=torch.bool)
    same = logits[:, :1].expand(-1, 2, -1, -1, -1)
    torch.testing.assert_close(terms.consistency_loss(same, used), torch.tensor(0.0))
    apart = terms.consistency_loss(logits, used)
    assert apart > 0
    torch.testing.assert_close(apart, terms.consistency_loss(logits.flip(1), used))


def test_zones_without_a_label_and_crops_without_maps_change_nothing() -> None:
    torch.manual_seed(5)
    found = Predictions(torch.randn(4, 2, 3, 5), torch.randn(4, 3, 8, 8), torch.randn(4, 8, 8))
    score = torch.rand(4, 2, 3) * 4
    score[2:], dense = float("nan"), torch.tensor([True, True, False, False])
    maps, relief = torch.zeros(4, 3, 8, 8).byte(), torch.zeros(4, 8, 8).byte()
    partly = terms.losses(found, terms.Targets(score, maps, relief, dense), views=2)
    half = terms.losses(
        Predictions(*(part[:2] for part in found)),
        terms.Targets(score[:2], maps[:2], relief[:2], dense[:2]),
        views=2,
    )
    weights = LossWeights(mean=0.5, maps=0.5, relief=0.5, consistency=0.5)
    torch.testing.assert_close(partly.total(weights), half.total(weights))


@pytest.mark.parametrize("views", [1, 2])
def test_a_batch_without_any_label_costs_nothing_and_still_has_a_gradient(views: int) -> None:
    logits = torch.randn(2, 2, 3, 5, requires_grad=True)
    found = Predictions(logits, torch.randn(2, 3, 8, 8), torch.randn(2, 8, 8))
    targets = terms.Targets(
        torch.full((2, 2, 3), float("nan")),
        torch.zeros(2, 3, 8, 8).byte(),
        torch.zeros(2, 8, 8).byte(),
        torch.zeros(2, dtype=torch.bool),
    )
    total = terms.losses(found, targets, views).total(
        LossWeights(mean=1.0, maps=1.0, relief=1.0, consistency=1.0)
    )
    total.backward()  # type: ignore[no-untyped-call]
    assert total == 0
    assert logits.grad is not None
    assert (logits.grad == 0).all()
