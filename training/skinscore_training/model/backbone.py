"""The encoder: a RegNetX without its classifier, read out at five strides.

A pit of 1 mm is two px of a crop and one px at stride 2, where a RegNet has one convolution before
it halves again; so blocks may follow that convolution (docs/decisions/0035).

ReLU, no squeeze-and-excite and no depthwise convolution: that is the kind of net that int8 keeps
exact on ordinary CPUs, and that two cores train fastest (docs/decisions/0009). Trained from
scratch, so that no licence of foreign pixels hangs on the weights.
"""

import math
from typing import Final

from torch import Tensor, nn
from torchvision.models.regnet import BlockParams, RegNet, ResBottleneckBlock

from skinscore_training.presets import ModelSettings

STRIDES: Final = (2, 4, 8, 16, 32)


class Encoder(nn.Module):
    """Feature pyramid of a picture.

    ``channels[i]`` is the channel count at ``STRIDES[i]``.
    """

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        stages = len(settings.widths)
        net = RegNet(
            BlockParams(
                depths=list(settings.depths),
                widths=list(settings.widths),
                group_widths=[settings.group_width] * stages,
                bottleneck_multipliers=[1.0] * stages,
                strides=[2] * stages,
                se_ratio=None,
            ),
            num_classes=1,
            stem_width=settings.stem,
        )
        stem = net.stem
        if settings.stem_blocks:
            blocks = [_block(settings) for _ in range(settings.stem_blocks)]
            stem = nn.Sequential(net.stem, *blocks)
        self.stages = nn.ModuleList([stem, *net.trunk_output.children()])
        self.channels = (settings.stem, *settings.widths)
        for block in self.modules():
            # A residual branch that starts at zero lets a deep net train from scratch.
            if isinstance(block, ResBottleneckBlock) and block.proj is None:
                nn.init.zeros_(block.f.c[1].weight)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Map (N, 3, S, S) float32 to five maps, S / 2 first; S must be a multiple of 32."""
        pyramid = []
        features = picture
        for stage in self.stages:
            features = stage(features)
            pyramid.append(features)
        return pyramid


def _block(settings: ModelSettings) -> ResBottleneckBlock:
    """A block at the stem's width, initialised as torchvision's RegNet does its own."""
    block = ResBottleneckBlock(
        width_in=settings.stem,
        width_out=settings.stem,
        stride=1,
        norm_layer=nn.BatchNorm2d,
        activation_layer=nn.ReLU,
        group_width=settings.group_width,
    )
    for part in block.modules():
        if isinstance(part, nn.Conv2d):
            height, width = part.kernel_size
            nn.init.normal_(part.weight, std=math.sqrt(2.0 / (height * width * part.out_channels)))
    return block


def conv_block(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    """Depthwise 3 x 3 then pointwise convolution, each normalised; ReLU6 at the end."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_in, 3, stride, 1, groups=channels_in, bias=False),
        nn.BatchNorm2d(channels_in),
        nn.Conv2d(channels_in, channels_out, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU6(),
    )
