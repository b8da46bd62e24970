"""The whole network, as it trains and as it ships.

``SkinNet`` gives logits and the training-only relief; ``Servable`` is the graph of the model file:
the same weights, ending in calibrated probabilities and severity maps.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from skinscore.domain.concerns import CONCERNS
from skinscore.imaging.rules import Geometry
from skinscore_training.model.backbone import STRIDES, Encoder
from skinscore_training.model.heads import Decoder, GradeHead, ZonePooling
from skinscore_training.presets import ModelSettings

_CENTRE: Final = 127.5  # uint8 sRGB to about -2..2
_SPREAD: Final = 63.75


class Predictions(NamedTuple):
    """One batch of answers, before softmax and sigmoid.

    A tuple, because Fabric rebuilds what a network returns and cannot rebuild a frozen class.
    """

    logits: Tensor  # (N, K, 3, 5)
    map_logits: Tensor  # (N, 3, S / 4, S / 4)
    relief: Tensor  # (N, S / 4, S / 4), see skinscore_training.model.losses.relief_loss


class SkinNet(nn.Module):
    """Crops and zone masks to grade logits, severity maps and relief."""

    def __init__(self, settings: ModelSettings, side_px: int) -> None:
        super().__init__()
        if side_px % STRIDES[-1]:
            raise ValueError(f"side_px is {side_px}; it must be a multiple of {STRIDES[-1]}")
        self.encoder = Encoder(settings)
        self.decoder = Decoder(self.encoder.channels, settings.decoder_channels)
        self.maps = nn.Conv2d(settings.decoder_channels, len(CONCERNS), 1)
        self.relief = nn.Conv2d(settings.decoder_channels, 1, 1)
        self.pooling = ZonePooling(side_px, settings.decoder_channels, self.encoder.channels[3])
        self.head = GradeHead(self.pooling.width, settings.hidden, settings.dropout)

    def forward(self, crops: Tensor, masks: Tensor) -> Predictions:
        """Grade.

        Args:
            crops: (N, S, S, 3) uint8 sRGB.
            masks: (N, K, S, S) uint8, 0 or 255; a slot that is all 0 is unused.
        """
        picture = (crops.permute(0, 3, 1, 2).to(torch.float32) - _CENTRE) / _SPREAD
        pyramid = self.encoder(picture)
        decoded = self.decoder(pyramid)
        map_logits, relief = self.maps(decoded).float(), self.relief(decoded).float()
        with _full_precision(picture.device.type):
            slots = self.pooling(
                decoded.float(),
                torch.sigmoid(map_logits),
                pyramid[3].float(),
                masks.to(torch.float32) / 255.0,
            )
            logits = self.head(slots)
        return Predictions(logits=logits, map_logits=map_logits, relief=relief.squeeze(1))


def _full_precision(device: str) -> AbstractContextManager[object]:
    """What is summed over a zone and graded stays float32 where convolutions run in bfloat16."""
    if torch.is_autocast_enabled(device):
        return torch.autocast(device, enabled=False)
    return nullcontext()


class Servable(nn.Module):
    """What is exported: (crops, masks) to (probabilities, severity_map).

    Args:
        network: trained weights.
        temperatures: one per concern, from the calibration; 1 leaves the logits as they are.
    """

    def __init__(self, network: SkinNet, temperatures: tuple[float, ...]) -> None:
        super().__init__()
        if len(temperatures) != len(CONCERNS) or min(temperatures) <= 0:
            raise ValueError(f"{temperatures} must be {len(CONCERNS)} numbers above 0")
        self.network = network
        self.register_buffer("temperatures", torch.tensor(temperatures)[:, None])

    def forward(self, crops: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities (N, K, 3, 5), rows sum to 1, and maps (N, 3, S / 4, S / 4) 0..1."""
        found = self.network(crops, masks)
        probabilities = torch.softmax(found.logits / self.get_buffer("temperatures"), dim=-1)
        return probabilities, torch.sigmoid(found.map_logits)


def build(settings: ModelSettings, geometry: Geometry, seed: int) -> SkinNet:
    """Return a freshly initialised network; the same seed gives the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SkinNet(settings, geometry.side_px)
