"""Light on what a picture shows: shape and relief, cast shadows, skin, gloss and hair.

Maps are read at the photo's own pixels through the places that the rasteriser found; nothing is
shaded on a coarser grid.
"""

from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from skinscore_training.skin import hair as scalp
from skinscore_training.skin import relief
from skinscore_training.skin.face_mesh import GRID_REACH_MM, GRID_STEP_MM
from skinscore_training.skin.raster import Places, Sheet, rasterise, sample
from skinscore_training.skin.studio import Framing, Lamp, Lighting, Sitter

Array = NDArray[np.float64]
Plane = NDArray[np.float32]

_SHADOW_PX_PER_MM: Final = 1.6
_SHADOW_REACH_MM: Final = 260.0
_TO_VIEWER: Final = np.array([1, 1, -1], np.float32)  # flips z, as skin.relief has it
_EYE_ROUGHNESS: Final = 0.2  # below it a surface is wet and shines through its paint


def rgb(values: tuple[float, float, float]) -> NDArray[np.float32]:
    """(3,) float32."""
    return np.array(values, np.float32)


def normals(grid: Array) -> Array:
    """Outward unit normals of a grid; seen from outside, columns run right and rows down."""
    right, down = np.gradient(grid, axis=1), np.gradient(grid, axis=0)
    normal = np.cross(down, right)
    return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9))


class Scene:
    """One posed sitter under one lighting, at the photo's pixels."""

    def __init__(
        self,
        sitter: Sitter,
        grids: list[tuple[Array, NDArray[np.bool_]]],
        places: Places,
        lighting: Lighting,
        framing: Framing,
    ) -> None:
        self.sitter, self.places, self.lighting, self.framing = sitter, places, lighting, framing
        self.grids = [grid for grid, _ in grids]
        self.point = self._gather([grid for grid, _ in grids])
        self.normal = _unit(self._gather([normals(grid) for grid, _ in grids]))
        self.shadows = [_shadow(lamp, grids, self.point, framing) for lamp in lighting.lamps]
        self.openness = _crevices(places, framing)

    def _gather(self, fields: list[Array]) -> NDArray[np.float32]:
        """Read one (R, C, k) field per surface at every pixel; zero where nothing is seen."""
        out = np.zeros((*self.places.surface.shape, fields[0].shape[-1]), np.float32)
        for number, field in enumerate(fields):
            here = self.places.surface == number
            if here.any():
                out[here] = sample(field, self.places.row, self.places.column)[here]
        return out

    def head(self) -> NDArray[np.float32]:
        """Radiance of the head (face, eyes, scalp, hair); zero elsewhere."""
        sitter, canvas = self.sitter, self.sitter.skin
        here = (self.places.surface == 0).astype(np.float32)
        chart = (
            np.stack([self.places.column, self.places.row], -1) * GRID_STEP_MM - GRID_REACH_MM
        ).astype(np.float32)
        spot = canvas.to_px(chart).astype(np.float32)
        column, row = np.ascontiguousarray(spot[..., 0]), np.ascontiguousarray(spot[..., 1])
        step = 1 / canvas.px_per_mm
        slope = np.stack([np.gradient(sitter.height, step, axis=axis) for axis in (1, 0)], -1)
        maps = np.concatenate(
            [
                sitter.albedo,
                sitter.paint * sitter.cover[..., None],
                slope,
                np.stack([sitter.roughness, sitter.cover, sitter.open_sky, sitter.oil], -1),
            ],
            -1,
        )
        read = sample(maps, row, column)
        albedo, paint, slope, rest = np.split(read, [3, 6, 8], -1)
        normal = self._tilt(slope)
        open_sky = rest[..., 2] * self.openness
        light = self._irradiance(normal, open_sky)
        shine = self._gloss(normal, rest[..., 0], open_sky) * rest[..., 3:4]
        skin = self._under_the_skin(albedo, light, here)
        cover = rest[..., 1:2]
        wet = rest[..., 0:1] < _EYE_ROUGHNESS  # eyes shine through their paint, hairs do not
        bare = skin * (1 - cover) + paint * light + shine * np.where(wet, 1.0, 1 - cover)
        return np.asarray(self._with_hair(bare, chart) * here[..., None], np.float32)

    def body(self) -> NDArray[np.float32]:
        """Radiance of ears, neck and garment; zero elsewhere."""
        cloth = self._gather(
            [np.zeros((*self.grids[0].shape[:2], 2))]
            + [
                np.stack([part.cloth, part.open_sky], -1).astype(np.float64)
                for part in self.sitter.parts
            ]
        )
        here = (self.places.surface > 0).astype(np.float32)
        light = self._irradiance(self.normal, cloth[..., 1] * self.openness)
        albedo = np.broadcast_to(rgb(self.sitter.body_albedo), light.shape)
        skin = self._under_the_skin(albedo, light, here)
        garment = rgb(self.sitter.garment) * light
        worn = skin + (garment - skin) * cloth[..., :1]
        return np.asarray(worn * here[..., None], np.float32)

    def grow(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Carry the silhouette's colour a few pixels outwards, so that its edge can be soft."""
        seen = (self.places.surface >= 0).astype(np.float32)
        spread = cv2.GaussianBlur(picture * seen[..., None], (0, 0), 2.0)
        weight = cv2.GaussianBlur(seen, (0, 0), 2.0)[..., None]
        filled = spread / np.maximum(weight, 1e-4)
        return np.where(seen[..., None] > 0, picture, filled).astype(np.float32)

    def _tilt(self, slope: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shape normals tilted by the relief's slope along the chart."""
        grid = self.grids[0]
        right = np.gradient(grid, GRID_STEP_MM, axis=1)
        down = np.gradient(grid, GRID_STEP_MM, axis=0)
        e, f, g = (right * right).sum(-1), (right * down).sum(-1), (down * down).sum(-1)
        area = np.maximum(e * g - f * f, 0.05)[..., None]
        along_x = (g[..., None] * right - f[..., None] * down) / area
        along_y = (e[..., None] * down - f[..., None] * right) / area
        both = sample(np.concatenate([along_x, along_y], -1), self.places.row, self.places.column)
        return _unit(self.normal - slope[..., :1] * both[..., :3] - slope[..., 1:] * both[..., 3:])

    def _irradiance(self, normal: NDArray[np.float32], open_sky: Plane) -> NDArray[np.float32]:
        up = 0.75 - 0.25 * normal[..., 1]
        light = rgb(self.lighting.sky) * (open_sky * up)[..., None]
        direct = 0.35 + 0.65 * open_sky
        for lamp, shadow in zip(self.lighting.lamps, self.shadows, strict=True):
            facing = (normal @ _direction(lamp)).clip(0)
            light = light + rgb(lamp.colour) * (facing * shadow * direct)[..., None]
        return light.astype(np.float32)

    def _under_the_skin(
        self, albedo: NDArray[np.float32], light: NDArray[np.float32], here: Plane
    ) -> NDArray[np.float32]:
        """Diffuse radiance after the light has travelled inside the skin."""
        root = np.sqrt(np.maximum(albedo, 0))
        scale = 1 / self.framing.px_per_mm

        def spread(image: NDArray[np.float32]) -> NDArray[np.float32]:
            planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]
            return (
                relief.subsurface(planes, scale, self.sitter.scatter)[0].numpy().transpose(1, 2, 0)
            )

        weight = np.repeat(here[..., None], 3, -1)
        inside = spread(root * light * weight) / np.maximum(spread(weight), 0.05)
        return np.asarray(root * inside, np.float32)

    def _gloss(
        self, normal: NDArray[np.float32], roughness: Plane, open_sky: Plane
    ) -> NDArray[np.float32]:
        towards_camera = torch.from_numpy((normal * _TO_VIEWER).transpose(2, 0, 1).copy())
        rough = torch.from_numpy(np.ascontiguousarray(roughness))[None]
        out = np.zeros_like(normal)
        for lamp, shadow in zip(self.lighting.lamps, self.shadows, strict=True):
            light = torch.from_numpy(_direction(lamp) * _TO_VIEWER)[None]
            part = relief.gloss(towards_camera[None], light, rough)[0].numpy()
            out += rgb(lamp.colour) * (part * shadow * open_sky)[..., None]
        return out

    def _with_hair(
        self, bare: NDArray[np.float32], chart: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        spot = scalp.CANVAS.to_px(chart).astype(np.float32)
        hair = self.sitter.hair
        read = sample(
            np.stack([hair.cover, hair.shade, hair.relief], -1),
            np.ascontiguousarray(spot[..., 1]),
            np.ascontiguousarray(spot[..., 0]),
        )
        away = chart + np.array([0, 25], np.float32)
        away = away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-3)
        grid = self.grids[0]
        right = np.gradient(grid, GRID_STEP_MM, axis=1)
        down = np.gradient(grid, GRID_STEP_MM, axis=0)
        both = sample(np.concatenate([right, down], -1), self.places.row, self.places.column)
        along = _unit(both[..., :3] * away[..., :1] + both[..., 3:] * away[..., 1:])
        colour = rgb(self.sitter.hair_colour) * read[..., 1:2]
        out = colour * rgb(self.lighting.sky) * self.openness[..., None]
        for lamp, shadow in zip(self.lighting.lamps, self.shadows, strict=True):
            towards = _direction(lamp)
            half = towards + np.array([0, 0, -1], np.float32)
            half = half / np.linalg.norm(half)
            wrapped = (0.35 + 0.65 * (self.normal @ towards)).clip(0)
            streak = (1 - (along @ half) ** 2).clip(0) ** 24 * read[..., 1] ** 2
            lit = rgb(lamp.colour) * shadow[..., None]
            out = out + lit * (colour * wrapped[..., None] + 0.035 * (streak * wrapped)[..., None])
        return np.asarray(bare + (out - bare) * read[..., :1], np.float32)


def _direction(lamp: Lamp) -> NDArray[np.float32]:
    towards = np.array(lamp.towards, np.float32)
    return np.asarray(towards / np.linalg.norm(towards), np.float32)


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)


def _shadow(
    lamp: Lamp,
    grids: list[tuple[Array, NDArray[np.bool_]]],
    point: NDArray[np.float32],
    framing: Framing,
) -> Plane:
    """How much of a lamp (H, W; 1 all of it) each point sees, by a depth map from the lamp."""
    forward = -_direction(lamp).astype(np.float64)
    right = np.cross([0.0, 1.0, 0.0], forward)
    right /= np.linalg.norm(right)
    frame = np.stack([right, np.cross(forward, right), forward])
    side = round(2 * _SHADOW_REACH_MM * _SHADOW_PX_PER_MM)
    sheets = []
    for grid, inside in grids:
        seen = grid @ frame.T
        sheets.append(
            Sheet(
                picture=(seen[..., :2] + _SHADOW_REACH_MM) * _SHADOW_PX_PER_MM,
                depth=seen[..., 2] + 2000.0,
                inside=inside,
            )
        )
    nearest = rasterise(sheets, side, side).depth
    nearest = np.where(np.isfinite(nearest), nearest, 1e6).astype(np.float32)
    here = point @ frame.T.astype(np.float32)
    spot = (here[..., :2] + _SHADOW_REACH_MM) * _SHADOW_PX_PER_MM
    column, row = (np.ascontiguousarray(spot[..., k], np.float32) for k in (0, 1))
    total = np.zeros(point.shape[:2], np.float32)
    ring = [(0.0, 0.0)] + [
        (np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 8, endpoint=False)
    ]
    for dx, dy in ring:
        reach = lamp.size_mm * 0.35 * _SHADOW_PX_PER_MM
        shift = np.float32(dx * reach), np.float32(dy * reach)
        front = cv2.remap(nearest, column + shift[0], row + shift[1], cv2.INTER_NEAREST)
        total += (here[..., 2] + 2000.0 < front + 3.0 + 0.5 * lamp.size_mm).astype(np.float32)
    soft = 0.35 * lamp.size_mm * framing.px_per_mm
    return np.asarray(cv2.GaussianBlur(total / len(ring), (0, 0), soft), np.float32)


def _crevices(places: Places, framing: Framing) -> Plane:
    """How open (H, W; 0..1) each point lies to its surroundings, from depth alone."""
    seen = np.isfinite(places.depth).astype(np.float32)
    depth = np.where(seen > 0, places.depth, 0).astype(np.float32)
    openness = np.ones_like(depth)
    for reach_mm, strength in ((3.0, 0.10), (9.0, 0.045)):
        sigma = reach_mm * framing.px_per_mm
        small = max(1, int(sigma / 4))
        shape = (depth.shape[1] // small, depth.shape[0] // small)
        around = cv2.GaussianBlur(
            cv2.resize(depth * seen, shape, interpolation=cv2.INTER_AREA), (0, 0), sigma / small
        )
        weight = cv2.GaussianBlur(
            cv2.resize(seen, shape, interpolation=cv2.INTER_AREA), (0, 0), sigma / small
        )
        mean = cv2.resize(
            around / np.maximum(weight, 1e-3), depth.shape[::-1], interpolation=cv2.INTER_LINEAR
        )
        openness *= 1 / (1 + strength * np.clip(depth - mean, 0, 30))
    return np.asarray(openness, np.float32)
