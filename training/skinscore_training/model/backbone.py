"""The encoder: MobileNetV2 without its classifier, read out at five strides.

ReLU6 and no squeeze-and-excite, because that is the net that gains most from int8 on ordinary
CPUs; trained from scratch, so that no licence of foreign pixels hangs on the weights.
"""

from typing import Final

from torch import Tensor, nn
from torchvision.models.mobilenetv2 import InvertedResidual, MobileNetV2

STRIDES: Final = (2, 4, 8, 16, 32)
_STAGES: Final = ((0, 2), (2, 4), (4, 7), (7, 14), (14, 18))  # blocks of MobileNetV2 per stride


class Encoder(nn.Module):
    """Feature pyramid of a picture.

    Args:
        width: multiplier of all channel counts; 1.0 is the published net.

    ``channels[i]`` is the channel count at ``STRIDES[i]``.
    """

    def __init__(self, width: float) -> None:
        super().__init__()
        blocks = list(MobileNetV2(width_mult=width).features)
        self.stages = nn.ModuleList(nn.Sequential(*blocks[start:end]) for start, end in _STAGES)
        self.channels = tuple(int(blocks[end - 1].out_channels) for _, end in _STAGES)
        for block in self.modules():
            # A residual branch that starts at zero lets a deep net train from scratch.
            if isinstance(block, InvertedResidual) and block.use_res_connect:
                nn.init.zeros_(block.conv[-1].weight)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Map (N, 3, S, S) float32 to five maps, S / 2 first; S must be a multiple of 32."""
        pyramid = []
        features = picture
        for stage in self.stages:
            features = stage(features)
            pyramid.append(features)
        return pyramid


def conv_block(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    """Depthwise 3 x 3 then pointwise convolution, each normalised; ReLU6 at the end."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_in, 3, stride, 1, groups=channels_in, bias=False),
        nn.BatchNorm2d(channels_in),
        nn.Conv2d(channels_in, channels_out, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU6(),
    )
