"""From the feature pyramid to maps, and from maps and masks to grades.

The mask chooses where features are read, never what the encoder sees: skin beside a zone stays
visible as context, and one pass of the encoder serves every zone of the crop.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from skinscore.domain.concerns import CONCERNS, GRADES
from skinscore_training.model.backbone import conv_block

MAP_STRIDE: Final = 4  # px of the crop per px of severity map, relief and pooling
_EMPTY: Final = 1e-4  # weight (in map px) under which a slot counts as empty; keeps 0 / 0 away
_FEATURE_SHARPNESS: Final = 2.0  # features end in ReLU6: exp(2 * 6) is far from overflow
_MAP_SHARPNESS: Final = 8.0  # maps lie in 0..1
# Grades are cut in steps of ratio (skinscore_training.skin.labels), so a map's mean is told on a
# scale of ratios: log(1 + mean / faint), 0 to 5.5. A scar map's mean is 0.003 at the first cut.
_FAINT: Final = 0.004


class Decoder(nn.Module):
    """Feature pyramid to one map at stride 4 (a light FPN, with the stride-2 detail folded in)."""

    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.detail = conv_block(channels[0], width, stride=2)
        self.laterals = nn.ModuleList(nn.Conv2d(found, width, 1) for found in channels[1:])
        self.smooth = conv_block(width, width)

    def forward(self, pyramid: list[Tensor]) -> Tensor:
        """Return (N, width, S / 4, S / 4), values 0..6."""
        levels = [lateral(level) for lateral, level in zip(self.laterals, pyramid[1:], strict=True)]
        merged = levels[-1]
        for level in reversed(levels[:-1]):
            merged = level + functional.interpolate(merged, scale_factor=2.0, mode="nearest")
        smoothed: Tensor = self.smooth(merged + self.detail(pyramid[0]))
        return smoothed


class ZonePooling(nn.Module):
    """What each slot's mask shows, as one vector per slot.

    Mean and soft maximum (log-mean-exp) of decoder features and severity maps under the mask, the
    mean of a map on a scale of ratios; mean of the deep encoder features under the mask and over
    the whole crop; and where the mask lies: a nasolabial band and the cheek above it are told apart
    by their place.
    """

    def __init__(self, side_px: int, decoder_width: int, deep_channels: int) -> None:
        super().__init__()
        self.deep_factor = 16 // MAP_STRIDE
        cells = side_px // MAP_STRIDE
        line = torch.linspace(-1.0, 1.0, cells)
        y, x = torch.meshgrid(line, line, indexing="ij")
        place = torch.stack([x, y, x * x, y * y]).flatten(1)  # (4, cells * cells)
        self.register_buffer("place", place, persistent=False)
        self.width = 2 * decoder_width + 2 * len(CONCERNS) + 2 * deep_channels + 1 + len(place)

    def forward(self, decoded: Tensor, maps: Tensor, deep: Tensor, masks: Tensor) -> Tensor:
        """Pool.

        Args:
            decoded: (N, D, h, w) at stride 4, values 0..6.
            maps: (N, 3, h, w) at stride 4, values 0..1.
            deep: (N, C, h / 4, w / 4) at stride 16.
            masks: (N, K, S, S) float32, 0..1.

        Returns:
            (N, K, width); an empty slot gives finite numbers.
        """
        cover = functional.avg_pool2d(masks, MAP_STRIDE)  # share of each map px inside the zone
        deep_weights = functional.avg_pool2d(cover, self.deep_factor).flatten(2)
        weights = cover.flatten(2)
        decoded, maps, deep = decoded.flatten(2), maps.flatten(2), deep.flatten(2)
        context = deep.mean(dim=2)[:, None].expand(-1, masks.shape[1], -1)
        place = self.get_buffer("place")[None].expand(masks.shape[0], -1, -1)
        return torch.cat(
            [
                _mean(decoded, weights),
                _soft_maximum(decoded, weights, _FEATURE_SHARPNESS),
                torch.log1p(_mean(maps, weights) / _FAINT),
                _soft_maximum(maps, weights, _MAP_SHARPNESS),
                _mean(deep, deep_weights),
                context,
                weights.mean(dim=2, keepdim=True),
                _mean(place, weights),
            ],
            dim=2,
        )


class GradeHead(nn.Module):
    """Slot vectors (N, K, F) to logits (N, K, 3, 5)."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, hidden),
            nn.ReLU6(),
            nn.Dropout(dropout),
            nn.Linear(hidden, len(CONCERNS) * len(GRADES)),
        )

    def forward(self, slots: Tensor) -> Tensor:
        logits: Tensor = self.layers(slots)
        return logits.reshape(*slots.shape[:2], len(CONCERNS), len(GRADES))


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """(N, C, P) under (N, K, P) to (N, K, C); 0 where the slot is empty."""
    total = torch.bmm(weights, values.transpose(1, 2))
    return total / (weights.sum(dim=2, keepdim=True) + _EMPTY)


def _soft_maximum(values: Tensor, weights: Tensor, sharpness: float) -> Tensor:
    """(1 / r) log mean exp(r v): between mean and maximum, so that one deep line still counts."""
    total = torch.bmm(weights, torch.exp(sharpness * values).transpose(1, 2))
    size = weights.sum(dim=2, keepdim=True)
    return torch.log((total + _EMPTY) / (size + _EMPTY)) / sharpness
