"""Every term is 0 at the answer it asks for, and larger anywhere else."""

import pytest
import torch
from torch.nn import functional

from skinscore_training.model import losses as terms
from skinscore_training.model.network import Predictions
from skinscore_training.presets import LossWeights

SCORES = torch.tensor([0.0, 0.4, 1.0, 2.5, 3.9, 4.0])
SETS = [(0, 1), (3, 4), (1, 3), (0, 4), (2, 2), (0, 1, 3, 4)]
WEIGHTS = LossWeights(mean=0.5, maps=0.5, relief=0.5, consistency=0.5)


def targets(
    score: torch.Tensor, maps: torch.Tensor, relief: torch.Tensor, dense: torch.Tensor
) -> terms.Targets:
    """Targets of which the scores say all there is."""
    shape = (*score.shape, 5)
    spread, allowed = torch.full(shape, torch.nan), torch.zeros(shape, dtype=torch.bool)
    return terms.Targets(score, spread, allowed, maps, relief, dense)


def allowing(grades: tuple[int, ...]) -> torch.Tensor:
    """(1, 5), the set of ``grades``; of two, the interval between them."""
    wanted = range(grades[0], grades[1] + 1) if len(grades) == 2 else grades
    return torch.tensor([[grade in wanted for grade in range(5)]])


def costs(probabilities: torch.Tensor, allowed: torch.Tensor) -> list[float]:
    """The two terms of a set for one answer (5,)."""
    return [float(term) for term in terms.set_losses(probabilities.log()[None], allowed)]


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
        torch.stack(terms.grade_losses(perfect, perfect.exp())), torch.zeros(2), atol=1e-6, rtol=0
    )
    kl, mean = terms.grade_losses(perfect.flip(0), perfect.exp())
    assert kl > 0.1
    assert mean > 0.1


def test_scores_alone_cost_what_they_always_did_to_the_last_bit() -> None:
    torch.manual_seed(8)
    logits, score = torch.randn(6, 2, 3, 5), torch.rand(6, 2, 3) * 4
    score[1, 1], score[4, 0, 2] = torch.nan, torch.nan
    empty = torch.zeros(6, 3, 8, 8).byte(), torch.zeros(6, 8, 8).byte()
    found = Predictions(logits, torch.randn(6, 3, 8, 8), torch.randn(6, 8, 8))
    paid = terms.losses(found, targets(score, *empty, torch.zeros(6, dtype=torch.bool)), views=2)
    known = ~score.isnan()
    log_found = functional.log_softmax(logits[known], dim=-1)
    target = terms.soft_target(score[known])
    assert torch.equal(paid.grade, functional.kl_div(log_found, target, reduction="batchmean"))
    means = terms.expectation(log_found.exp()), terms.expectation(target)
    assert torch.equal(paid.mean, functional.huber_loss(*means, delta=1.0))


@pytest.mark.parametrize("grades", SETS)
def test_whatever_a_grade_of_the_set_would_answer_is_free(grades: tuple[int, ...]) -> None:
    torch.manual_seed(2)
    allowed = allowing(grades)
    inside = allowed[0].nonzero().flatten()
    sure = functional.one_hot(inside, 5).float()
    spread = terms.soft_target(inside.float())
    both = torch.cat([sure, spread])
    mixed = torch.distributions.Dirichlet(torch.ones(len(both))).sample((20,)) @ both
    for answer in torch.cat([both, mixed]):
        assert costs(answer, allowed) == pytest.approx([0.0, 0.0], abs=2e-7)


def test_outside_a_set_the_further_the_dearer() -> None:
    allowed = allowing((3, 4))
    paid = [costs(terms.soft_target(torch.tensor(float(y))), allowed) for y in (0, 1, 2, 3)]
    assert paid == sorted(paid, reverse=True)
    assert paid[-1] == pytest.approx([0.0, 0.0], abs=1e-6)
    assert paid[-2][0] > 0.5
    assert paid[-2][1] > 0.1


def test_a_set_says_nothing_of_where_inside_and_pulls_from_outside() -> None:
    allowed = allowing((3, 4))
    for grade, pulls in ((4, False), (3, False), (1, True)):
        logits = terms.soft_target(torch.tensor([float(grade)])).log().requires_grad_()
        sum(terms.set_losses(logits, allowed)).backward()  # type: ignore[union-attr]
        assert logits.grad is not None
        assert bool((logits.grad.abs() > 1e-6).any()) == pulls
        if pulls:
            assert (logits.grad[0, 3:] < 0).all()


def test_grades_and_sets_of_one_batch_count_by_their_number() -> None:
    torch.manual_seed(4)
    logits = torch.randn(2, 1, 3, 5)
    found = Predictions(logits, torch.randn(2, 3, 8, 8), torch.randn(2, 8, 8))
    score = torch.rand(2, 1, 3) * 4
    plain = targets(
        score,
        torch.zeros(2, 3, 8, 8).byte(),
        torch.zeros(2, 8, 8).byte(),
        torch.zeros(2, dtype=torch.bool),
    )
    score[1, 0, :2] = torch.nan
    plain.allowed[1, 0, :2] = allowing((0, 1))
    paid = terms.losses(found, plain, views=1)
    known = ~score.isnan()
    of_grades = terms.grade_losses(logits[known], terms.soft_target(score[known]))
    of_sets = terms.set_losses(logits[1, 0, :2], plain.allowed[1, 0, :2])
    for term, one, other in zip((paid.grade, paid.mean), of_grades, of_sets, strict=True):
        torch.testing.assert_close(term, (4 * one + 2 * other) / 6)


def test_a_spread_of_several_raters_is_the_target_in_place_of_the_score() -> None:
    score = torch.tensor([2.0, 2.0])
    two = (terms.soft_target(torch.tensor(1.0)) + terms.soft_target(torch.tensor(3.0))) / 2
    spread = torch.stack([two, torch.full((5,), torch.nan)])
    torch.testing.assert_close(terms.target_of(score, spread)[0], two)
    assert torch.equal(terms.target_of(score, spread)[1], terms.soft_target(score)[1])
    perfect = torch.stack(terms.grade_losses(two.log()[None], two[None]))
    torch.testing.assert_close(perfect, torch.zeros(2), atol=1e-6, rtol=0)


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
    partly = terms.losses(found, targets(score, maps, relief, dense), views=2)
    half = terms.losses(
        Predictions(*(part[:2] for part in found)),
        targets(score[:2], maps[:2], relief[:2], dense[:2]),
        views=2,
    )
    torch.testing.assert_close(partly.total(WEIGHTS), half.total(WEIGHTS))


@pytest.mark.parametrize("views", [1, 2])
def test_a_batch_without_any_label_costs_nothing_and_still_has_a_gradient(views: int) -> None:
    logits = torch.randn(2, 2, 3, 5, requires_grad=True)
    found = Predictions(logits, torch.randn(2, 3, 8, 8), torch.randn(2, 8, 8))
    nothing = targets(
        torch.full((2, 2, 3), float("nan")),
        torch.zeros(2, 3, 8, 8).byte(),
        torch.zeros(2, 8, 8).byte(),
        torch.zeros(2, dtype=torch.bool),
    )
    total = terms.losses(found, nothing, views).total(
        LossWeights(mean=1.0, maps=1.0, relief=1.0, consistency=1.0)
    )
    total.backward()  # type: ignore[no-untyped-call]
    assert total == 0
    assert logits.grad is not None
    assert (logits.grad == 0).all()
