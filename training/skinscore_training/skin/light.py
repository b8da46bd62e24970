"""Lights on a sheet of skin: from relief, tissue and features to linear colour."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skinscore_training.skin.relief import cavity, gaussian, gloss, normals, subsurface
from skinscore_training.skin.streams import coin, log_uniform


@dataclass(frozen=True, slots=True)
class Lighting:
    """One view's light; directions are unit vectors to the light (x right, y down, z camera)."""

    key: NDArray[np.float32]  # (3,)
    key_colour: NDArray[np.float32]  # (3,) linear, strength included
    fill: NDArray[np.float32]  # (3,) a second lamp
    fill_colour: NDArray[np.float32]
    ambient: NDArray[np.float32]  # (3,) from all sides
    roughness: float
    gloss: float  # strength of the surface reflection
    shadow: float  # share of the key light that a cast shadow takes, 0 none
    shadow_angle: float  # direction it falls to, rad
    shadow_offset_mm: float  # of its edge from the middle of the sheet
    shadow_edge_mm: float  # width of its soft edge


def draw_lighting(rng: np.random.Generator) -> Lighting:
    """Draw a scene: frontal flash or ring, window, ceiling or overcast sky."""
    elevation = np.deg2rad(rng.uniform(-10, 70))
    azimuth = np.deg2rad(rng.uniform(-75, 75))
    frontal = coin(rng, 0.25)
    if frontal:  # flash beside the lens
        elevation, azimuth = np.deg2rad(rng.uniform(0, 12)), np.deg2rad(rng.uniform(-10, 10))
    ambient = rng.uniform(0.08, 0.6)
    key = (1 - ambient) * rng.uniform(0.8, 1.1)
    second = rng.uniform(0, 0.35) * (1 - ambient)
    warm, cool = rng.normal(0, 0.06), rng.normal(0, 0.06)
    return Lighting(
        key=_towards(elevation, azimuth),
        key_colour=(key * _tint(warm)).astype(np.float32),
        fill=_towards(rng.uniform(0, 0.8), rng.uniform(-1.2, 1.2)),
        fill_colour=(second * _tint(cool)).astype(np.float32),
        ambient=(ambient * _tint(cool)).astype(np.float32),
        roughness=rng.uniform(0.28, 0.55),
        gloss=log_uniform(rng, 0.05, 0.7),
        shadow=rng.uniform(0.2, 0.9) if coin(rng, 0.3) else 0.0,
        shadow_angle=rng.uniform(0, 2 * np.pi),
        shadow_offset_mm=rng.normal(0, 22),
        shadow_edge_mm=log_uniform(rng, 2.0, 30.0),
    )


def _towards(elevation: float, azimuth: float) -> NDArray[np.float32]:
    return np.array(
        [
            np.cos(elevation) * np.sin(azimuth),
            -np.sin(elevation),
            np.cos(elevation) * np.cos(azimuth),
        ],
        np.float32,
    )


def _tint(warmth: float) -> NDArray[np.float64]:
    return np.exp(np.array([1.0, 0.1, -1.1]) * warmth)


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """What one skin shows to any light: computed once, lit as often as one likes."""

    albedo: Tensor  # (3,H,W) linear sRGB
    normal: Tensor  # (3,H,W) unit, see skin.relief.normals
    open_sky: Tensor  # (H,W) 0..1, how much of the sky pits and grooves see
    oil: Tensor  # (H,W) factor on the surface reflection
    scatter: float  # scale of the subsurface profile, 1 is the table
    mm_per_px: float

    @staticmethod
    def of(
        albedo: Tensor, height: Tensor, oil: Tensor, scatter: float, mm_per_px: float
    ) -> "Surface":
        """``height`` (H,W; mm) is the face's shape and relief together."""
        relief = height - gaussian(height, 5.0, mm_per_px)
        return Surface(
            albedo=albedo,
            normal=normals(height[None], mm_per_px)[0],
            open_sky=cavity(relief, mm_per_px),
            oil=oil,
            scatter=scatter,
            mm_per_px=mm_per_px,
        )


def shade(surface: Surface, lights: list[Lighting]) -> Tensor:
    """Return the linear colour (V,3,H,W) of one skin under each of the lights."""

    def column(name: str) -> Tensor:
        values = np.stack([np.asarray(getattr(light, name), np.float32) for light in lights])
        return torch.from_numpy(values).to(surface.albedo)

    mm, normal = surface.mm_per_px, surface.normal
    key = torch.einsum("vc,chw->vhw", column("key"), normal).clamp_(min=0)
    key *= _cast_shadow(key, mm, column)
    second = torch.einsum("vc,chw->vhw", column("fill"), normal).clamp_(min=0)
    sky = surface.open_sky * (0.75 - 0.25 * normal[1])  # more light from above
    irradiance = (key * surface.open_sky.sqrt())[:, None] * column("key_colour")[:, :, None, None]
    irradiance += second[:, None] * column("fill_colour")[:, :, None, None]
    irradiance += sky * column("ambient")[:, :, None, None]
    diffuse = subsurface(irradiance, mm, surface.scatter).clamp_(min=0) * surface.albedo
    shine = gloss(normal[None], column("key"), column("roughness"))
    shine *= column("gloss")[:, None, None] * surface.oil
    return diffuse.addcmul_(shine[:, None], column("key_colour")[:, :, None, None])


def _cast_shadow(like: Tensor, mm_per_px: float, column: Callable[[str], Tensor]) -> Tensor:
    """How much of the key light (B,H,W) passes the nose, a fringe, a hand: one soft edge."""
    y = (torch.arange(like.shape[1], device=like.device) - like.shape[1] / 2)[None, :, None]
    x = (torch.arange(like.shape[2], device=like.device) - like.shape[2] / 2)[None, None, :]
    angle = column("shadow_angle")[:, None, None]
    along = (x * angle.cos() + y * angle.sin()) * mm_per_px
    across = (y * angle.cos() - x * angle.sin()) * mm_per_px
    inside = along - column("shadow_offset_mm")[:, None, None] + 0.006 * across**2
    return 1 - column("shadow")[:, None, None] * torch.sigmoid(
        4 * inside / column("shadow_edge_mm")[:, None, None]
    )
