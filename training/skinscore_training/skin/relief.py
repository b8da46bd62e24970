"""Height in mm to light: normals, cavities, subsurface blur and gloss.

Sources: sum-of-Gaussians skin profile of d'Eon and Luebke (GPU Gems 3, table in methods c.3);
Schlick's Fresnel and the GGX distribution for the surface reflection.
"""

from typing import Final

import torch
from torch import Tensor

# variance mm^2 and weight per channel
_PROFILE: Final = (
    (0.0064, (0.233, 0.455, 0.649)),
    (0.0484, (0.100, 0.336, 0.344)),
    (0.187, (0.118, 0.198, 0.0)),
    (0.567, (0.113, 0.007, 0.007)),
    (1.99, (0.358, 0.004, 0.0)),
    (7.41, (0.078, 0.0, 0.0)),
)
_F0: Final = 0.029  # reflectance at normal incidence, refractive index 1.41


def normals(height: Tensor, mm_per_px: float) -> Tensor:
    """Return unit normals (B,3,H,W) = (x right, y down, z to the camera) of (B,H,W) height in mm.

    Central differences; the border repeats.
    """
    padded = torch.nn.functional.pad(height[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    dx = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / (2 * mm_per_px)
    dy = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / (2 * mm_per_px)
    length = (1 + dx * dx + dy * dy).rsqrt()
    return torch.stack((-dx * length, -dy * length, length), 1)


def gaussian(image: Tensor, sigma_mm: float, mm_per_px: float) -> Tensor:
    """Gaussian blur of (...,H,W). Periodic: keep a margin of three sigma around what counts."""
    transfer = _gaussian_transfer(image, sigma_mm**2, mm_per_px)
    out: Tensor = torch.fft.irfft2(torch.fft.rfft2(image) * transfer, s=image.shape[-2:])
    return out


def subsurface(irradiance: Tensor, mm_per_px: float, strength: float) -> Tensor:
    """Blur the irradiance (B,3,H,W) as light does inside skin; red travels farthest.

    Args:
        strength: scales every width of the profile; 1 is the table.
    """
    spectrum = torch.fft.rfft2(irradiance)
    transfer = irradiance.new_zeros((3, *spectrum.shape[-2:]))
    for variance, weights in _PROFILE:
        part = _gaussian_transfer(irradiance, variance * strength**2, mm_per_px)
        for channel, weight in enumerate(weights):
            if weight:
                transfer[channel].add_(part, alpha=weight)
    transfer /= transfer[:, :1, :1].clone()  # the table's rounding must not change the mean
    out: Tensor = torch.fft.irfft2(spectrum.mul_(transfer), s=irradiance.shape[-2:])
    return out


def _gaussian_transfer(like: Tensor, variance_mm2: float, mm_per_px: float) -> Tensor:
    """What a Gaussian leaves of each frequency, (H, W // 2 + 1), as ``rfft2`` orders them."""

    def along(frequencies: Tensor) -> Tensor:
        return torch.exp(-2 * torch.pi**2 * variance_mm2 * frequencies**2)

    height, width = like.shape[-2:]
    kind = {"device": like.device, "dtype": like.dtype}
    down = along(torch.fft.fftfreq(height, mm_per_px, **kind))
    across = along(torch.fft.rfftfreq(width, mm_per_px, **kind))
    return torch.outer(down, across)


def cavity(height: Tensor, mm_per_px: float, reach_mm: float = 1.5) -> Tensor:
    """Return how much of the sky (B,H,W; 1 all) the floor of pits and grooves still sees.

    The depth below the surroundings against their reach, in the manner of a round pit: it is 0.5
    where the pit is a third as deep as that reach; tuned by eye on lines under frontal light.
    """
    deep = (gaussian(height, reach_mm, mm_per_px) - height).clamp(min=0)
    out: Tensor = 1 / (1 + deep / (0.33 * reach_mm))
    return out


def gloss(normal: Tensor, light: Tensor, roughness: Tensor) -> Tensor:
    """Return the surface reflection (B,H,W) of one light, GGX with Schlick's Fresnel.

    Args:
        normal: (B,3,H,W) unit normals, unblurred; the camera looks along -z.
        light: (B,3) unit vector to the light.
        roughness: (B,) or (B,H,W); 0.2 oily, 0.5 matte.
    """
    half = light + light.new_tensor((0.0, 0.0, 1.0))
    half = half / half.norm(dim=1, keepdim=True)
    n_h = (normal * half[:, :, None, None]).sum(1).clamp(0, 1)
    n_l = (normal * light[:, :, None, None]).sum(1).clamp(0, 1)
    alpha = roughness.reshape(roughness.shape[0], *(roughness.shape[1:] or (1, 1))) ** 2
    spread = n_h * n_h * (alpha**2 - 1) + 1
    distribution = alpha**2 / (torch.pi * spread * spread)
    fresnel = _F0 + (1 - _F0) * (1 - half[:, 2].clamp(0, 1)) ** 5
    visible = 0.25 / (normal[:, 2].clamp(min=0.15) * (n_l * (1 - alpha / 2) + alpha / 2 + 1e-3))
    out: Tensor = distribution * fresnel[:, None, None] * n_l * visible
    return out
