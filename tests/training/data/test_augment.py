"""The one augmentation: masks move a little, and nothing else happens to them."""

import torch

from skinscore_training.data.augment import MASK_SHIFT_PX, draw_shifts, shift_masks


def test_masks_move_together_and_not_far() -> None:
    masks = torch.zeros(6, 2, 32, 32, dtype=torch.uint8)
    masks[:, 0, 10:20, 10:20] = 255
    masks[:, 1, 12:14, 12:14] = 255
    moved = shift_masks(masks, draw_shifts(6, torch.Generator().manual_seed(1)))
    assert torch.equal(moved.sum((2, 3)), masks.sum((2, 3)))
    for before, after in zip(masks, moved, strict=True):
        starts = [after[slot].nonzero()[0] - before[slot].nonzero()[0] for slot in range(2)]
        assert torch.equal(starts[0], starts[1])
        assert starts[0].abs().max() <= MASK_SHIFT_PX
    assert not torch.equal(moved, masks)


def test_the_same_generator_moves_the_same_way() -> None:
    masks = torch.randint(0, 2, (4, 2, 16, 16), dtype=torch.uint8)
    one, same = (
        shift_masks(masks, draw_shifts(4, torch.Generator().manual_seed(2))) for _ in range(2)
    )
    assert torch.equal(one, same)


def test_a_shift_is_down_and_right() -> None:
    masks = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
    masks[0, 0, 8, 8] = 255
    assert shift_masks(masks, torch.tensor([[2, -3]]))[0, 0].nonzero().tolist() == [[10, 5]]
