"""The only changes between a crop and the network while training.

Light, colour, blur, noise and compression belong to the renderer's camera, where they are
physical; a second, unrelated colour jitter would forge pigmentation. Crops are not mirrored:
``skinscore.imaging.crops`` already turns left sides into right sides, so the network never meets
a left one. What remains is that the landmarks of a real photo lie a little off, which shifts the
zone's mask against the skin.
"""

from typing import Final

import torch
from torch import Tensor

MASK_SHIFT_PX: Final = 3  # about 1 mm, the scatter of mesh points between shots of one face


def draw_shifts(count: int, generator: torch.Generator) -> Tensor:
    """Return (count, 2) int64: how far down and right the masks of each crop move, px."""
    return torch.randint(-MASK_SHIFT_PX, MASK_SHIFT_PX + 1, (count, 2), generator=generator)


def shift_masks(masks: Tensor, shifts: Tensor) -> Tensor:
    """Return (N, K, S, S) with all masks of each crop moved by its row of :func:`draw_shifts`."""
    limit, side = MASK_SHIFT_PX, masks.shape[-1]
    padded = torch.nn.functional.pad(masks, (limit, limit, limit, limit))
    starts = (limit - shifts).tolist()
    return torch.stack(
        [padded[i, :, y : y + side, x : x + side] for i, (y, x) in enumerate(starts)]
    )
