"""Rendered zone crops with ground truth: several views of the same skin per subject."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the field's name
from numpy.typing import NDArray
from torch import Tensor

from skinscore.imaging.rules import Geometry
from skinscore_training.skin.camera import Camera, draw_camera, expose, photograph
from skinscore_training.skin.light import Lighting, draw_lighting, shade
from skinscore_training.skin.outlines import unrolling
from skinscore_training.skin.relief import gaussian
from skinscore_training.skin.streams import stream
from skinscore_training.skin.subject import Subject, make_subject
from skinscore_training.skin.tissue import reflectance

MAP_STEP: Final = 4  # px of a crop per px of its maps
_CHUNK: Final = 8  # subjects rendered together; larger falls out of the processor's cache


@dataclass(frozen=True, slots=True)
class RenderedCrops:
    """B subjects, V views of each, K zone slots, crops of S px."""

    crop: tuple[str, ...]  # B names of the contract's crop plan
    subject: NDArray[np.int64]  # (B,)
    pixels: NDArray[np.uint8]  # (B,V,S,S,3) sRGB
    masks: NDArray[np.uint8]  # (B,V,K,S,S) 0 or 255
    maps: NDArray[np.uint8]  # (B,V,3,S/4,S/4) severity per concern, 255 most
    relief: NDArray[np.uint8]  # (B,V,S/4,S/4) fine height, 128 level, deeper is less
    score: NDArray[np.float32]  # (B,K,3) 0..4, NaN where the slot is unused
    grade: NDArray[np.int8]  # (B,K,3) 0..4, -1 where the slot is unused
    ita_deg: NDArray[np.float32]  # (B,)
    nuisance: dict[str, NDArray[np.float64]]  # (B,) per subject, (B,V) per view


@dataclass(frozen=True, slots=True)
class View:
    """Light, camera and pose of one photo of a subject."""

    light: Lighting
    camera: Camera
    affine: NDArray[np.float32]  # (2,3) crop coordinates to sheet coordinates, both -1..1
    squeeze: float


def render_crops(
    subjects: Sequence[int], geometry: Geometry, *, seed: int, views: int = 2, device: str = "cpu"
) -> RenderedCrops:
    """Render one crop per subject, in ``views`` photos each.

    The crop plan, the skin, light and camera of a subject follow from (seed, subject) alone: a
    subject looks the same in whatever batch it is rendered.
    """
    parts = [
        _render(list(subjects[start : start + _CHUNK]), geometry, seed, views, device)
        for start in range(0, len(subjects), _CHUNK)
    ]
    return RenderedCrops(
        crop=tuple(name for part in parts for name in part.crop),
        nuisance={
            name: np.concatenate([part.nuisance[name] for part in parts])
            for name in parts[0].nuisance
        },
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in (
                "subject",
                "pixels",
                "masks",
                "maps",
                "relief",
                "score",
                "grade",
                "ita_deg",
            )
        },
    )


def _render(
    numbers: list[int], geometry: Geometry, seed: int, views: int, device: str
) -> RenderedCrops:
    plans = [
        geometry.crops[int(stream(seed, n, "plan").integers(len(geometry.crops)))] for n in numbers
    ]
    made = [make_subject(seed, n, plan, geometry) for n, plan in zip(numbers, plans, strict=True)]
    shots = [
        [draw_view(seed, n, v, s) for v in range(views)] for n, s in zip(numbers, made, strict=True)
    ]
    return shoot(made, numbers, shots, geometry, seed=seed, device=device)


def draw_view(seed: int, number: int, view: int, subject: Subject) -> View:
    """Draw light, camera and pose of one photo."""
    rng = stream(seed, number, "pose", view)
    lateral = unrolling(subject.plan) - 1
    squeeze = 1 - rng.uniform(0, 0.8) * lateral + rng.normal(0, 0.04)
    squeeze = float(np.clip(squeeze, 0.78, 1.1))
    tilt, scale = rng.normal(0, 0.05), rng.normal(1, 0.03, 2).clip(0.9, 1.1)
    shift = rng.normal(0, 0.035, 2).clip(-0.08, 0.08)
    c, s = np.cos(tilt), np.sin(tilt)
    from_crop = np.array([[c / squeeze, -s / squeeze], [s, c]]) * scale
    return View(
        light=draw_lighting(stream(seed, number, "light", view)),
        camera=draw_camera(stream(seed, number, "camera", view)),
        affine=np.concatenate([from_crop, shift[:, None]], 1).astype(np.float32),
        squeeze=squeeze,
    )


def shoot(
    made: list[Subject],
    numbers: list[int],
    shots: list[list[View]],
    geometry: Geometry,
    *,
    seed: int,
    device: str,
) -> RenderedCrops:
    """Photograph finished subjects under the given views; labels are the subjects' own."""
    views, side, slots = len(shots[0]), geometry.side_px, geometry.slots
    mm = made[0].plan.mm_per_px
    every = [view for row in shots for view in row]

    def stack(values: list[NDArray[np.float32]]) -> Tensor:
        return torch.from_numpy(np.stack(values)).to(device)

    albedo = reflectance(stack([s.skin.melanin for s in made]), stack([s.skin.blood for s in made]))
    hair = stack([s.skin.hair for s in made])[:, None]
    albedo = albedo * (1 - hair) + 0.02 * hair
    cover = stack([s.painted.cover for s in made])[:, None]
    albedo = albedo * (1 - cover) + stack([s.painted.colour for s in made])
    relief = stack([s.skin.height for s in made])
    oil = stack([s.skin.gloss for s in made]) * (1 - cover[:, 0]) * (1 - hair[:, 0])
    height = relief * (1 - cover[:, 0]) + stack([s.shape for s in made])
    fine = 0.5 + 0.5 * torch.tanh((relief - gaussian(relief, 3.0, mm)) / 0.3)
    truth = torch.cat(
        [stack([s.masks for s in made]), stack([s.truth for s in made]), fine[:, None]], 1
    )
    skin_weight = (1 - cover[:, 0]) * (1 - hair[:, 0])

    colour = torch.cat(
        [
            shade(albedo, height, oil, mm, [row[view].light for row in shots])[:, None]
            for view in range(views)
        ],
        1,
    ).flatten(0, 1)
    layers = torch.cat(
        [
            colour,
            skin_weight.repeat_interleave(views, 0)[:, None],
            truth.repeat_interleave(views, 0),
        ],
        1,
    )
    seen = _look(layers, np.stack([view.affine for view in every]), side)
    display = expose(seen[:, :3].clamp(min=0), seen[:, 3], [view.camera for view in every])
    pictures = display.permute(0, 2, 3, 1).cpu().numpy()
    pixels = np.stack(
        [
            photograph(
                picture, view.camera, 1 / mm, stream(seed, numbers[i // views], "sensor", i % views)
            )
            for i, (picture, view) in enumerate(zip(pictures, every, strict=True))
        ]
    )
    masks = (seen[:, 4 : 4 + slots] > 0.5).to(torch.uint8) * 255
    pooled = F.avg_pool2d(seen[:, 4 + slots :].clamp(0, 1), MAP_STEP)
    small = (pooled * 255).round().to(torch.uint8).cpu().numpy()
    batch = len(made)
    return RenderedCrops(
        crop=tuple(s.plan.name for s in made),
        subject=np.array(numbers, np.int64),
        pixels=pixels.reshape(batch, views, side, side, 3),
        masks=masks.cpu().numpy().reshape(batch, views, slots, side, side),
        maps=small[:, :3].reshape(batch, views, 3, *small.shape[2:]),
        relief=small[:, 3].reshape(batch, views, *small.shape[2:]),
        score=np.stack([s.score for s in made]),
        grade=np.stack([s.grade for s in made]),
        ita_deg=np.array([s.ita_deg for s in made], np.float32),
        nuisance=_nuisances(made, shots),
    )


def _look(layers: Tensor, affine: NDArray[np.float32], side: int) -> Tensor:
    """Cut the crop (N,C,S,S) out of the sheet (N,C,H,W); bilinear, border repeated."""
    scale = side / layers.shape[-1]
    theta = torch.from_numpy(affine).to(layers).clone()
    theta[:, :, :2] *= scale
    grid = F.affine_grid(theta, [layers.shape[0], 1, side, side], align_corners=False)
    return F.grid_sample(layers, grid, padding_mode="border", align_corners=False)


def _nuisances(made: list[Subject], shots: list[list[View]]) -> dict[str, NDArray[np.float64]]:
    names = sorted({name for s in made for name in s.nuisance})
    out = {name: np.array([s.nuisance.get(name, 0.0) for s in made]) for name in names}
    cameras = [[view.camera.values() for view in row] for row in shots]
    for name in cameras[0][0]:
        out[f"camera_{name}"] = np.array([[camera[name] for camera in row] for row in cameras])
    out["light_x"] = np.array([[float(v.light.key[0]) for v in row] for row in shots])
    out["light_y"] = np.array([[float(v.light.key[1]) for v in row] for row in shots])
    out["ambient"] = np.array([[float(v.light.ambient.mean()) for v in row] for row in shots])
    out["squeeze"] = np.array([[v.squeeze for v in row] for row in shots])
    return out
