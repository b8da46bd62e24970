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
from skinscore_training.skin.light import Lighting, Surface, draw_lighting, shade
from skinscore_training.skin.outlines import unrolling
from skinscore_training.skin.relief import gaussian
from skinscore_training.skin.streams import stream
from skinscore_training.skin.subject import Subject, make_subject
from skinscore_training.skin.tissue import reflectance

MAP_STEP: Final = 4  # px of a crop per px of its maps
_ARRAYS: Final = ("subject", "pixels", "masks", "maps", "relief", "score", "grade", "ita_deg")


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

    The crop plan, the skin, light and camera of a subject follow from (seed, subject) alone, and
    every subject is computed on its own: it looks the same in whatever batch it is rendered.
    """
    return joined(
        [_render(number, geometry, seed, views, device) for number in subjects],
    )


def joined(parts: Sequence[RenderedCrops]) -> RenderedCrops:
    """Return all subjects of ``parts``, in order."""
    return RenderedCrops(
        crop=tuple(name for part in parts for name in part.crop),
        nuisance={
            name: np.concatenate([part.nuisance[name] for part in parts])
            for name in parts[0].nuisance
        },
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS},
    )


def _render(number: int, geometry: Geometry, seed: int, views: int, device: str) -> RenderedCrops:
    plan = geometry.crops[int(stream(seed, number, "plan").integers(len(geometry.crops)))]
    made = make_subject(seed, number, plan, geometry)
    shots = [draw_view(seed, number, view, made) for view in range(views)]
    return shoot(made, number, shots, geometry, seed=seed, device=device)


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
    made: Subject,
    number: int,
    shots: Sequence[View],
    geometry: Geometry,
    *,
    seed: int,
    device: str = "cpu",
) -> RenderedCrops:
    """Photograph one finished subject under the given views; labels are the subject's own."""
    side, zones, mm = geometry.side_px, len(made.plan.zones), made.plan.mm_per_px

    def tensor(values: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(values).to(device)

    relief, hair = tensor(made.skin.height), tensor(made.skin.hair)
    cover, painted = tensor(made.painted.cover), tensor(made.painted.colour)
    albedo = reflectance(tensor(made.skin.melanin)[None], tensor(made.skin.blood)[None])[0]
    albedo = torch.lerp(albedo, albedo.new_full((1, 1, 1), made.strand_albedo), hair)
    albedo = albedo * (1 - cover) + painted
    bare = (1 - cover) * (1 - hair)
    height = relief * (1 - cover) + tensor(made.shape)
    surface = Surface.of(albedo, height, tensor(made.skin.gloss) * bare, made.scatter, mm)
    colour = shade(surface, [view.light for view in shots])
    fine = 0.5 + 0.5 * torch.tanh((relief - gaussian(relief, 3.0, mm)) / 0.3)
    truth = torch.cat([tensor(made.masks[:zones]), tensor(made.truth), fine[None]])
    seen = _look(colour, bare, truth, np.stack([view.affine for view in shots]), side)
    display = expose(seen[:, :3].clamp(min=0), seen[:, 3], [view.camera for view in shots])
    pictures = display.permute(0, 2, 3, 1).cpu().numpy()
    pixels = [
        photograph(picture, view.camera, 1 / mm, stream(seed, number, "sensor", place))
        for place, (picture, view) in enumerate(zip(pictures, shots, strict=True))
    ]
    masks = np.zeros((len(shots), geometry.slots, side, side), np.uint8)
    masks[:, :zones] = ((seen[:, 4 : 4 + zones] > 0.5).to(torch.uint8) * 255).cpu().numpy()
    pooled = F.avg_pool2d(seen[:, 4 + zones :].clamp(0, 1), MAP_STEP)
    small = (pooled * 255).round().to(torch.uint8).cpu().numpy()
    return RenderedCrops(
        crop=(made.plan.name,),
        subject=np.array([number], np.int64),
        pixels=np.stack(pixels)[None],
        masks=masks[None],
        maps=small[None, :, :3],
        relief=small[None, :, 3],
        score=made.score[None],
        grade=made.grade[None],
        ita_deg=np.array([made.ita_deg], np.float32),
        nuisance=_nuisances(made, shots),
    )


def _look(
    colour: Tensor, bare: Tensor, truth: Tensor, affine: NDArray[np.float32], side: int
) -> Tensor:
    """Cut the crops (V,3+1+C,S,S) out of the sheet; bilinear, border repeated.

    Args:
        colour: (V,3,H,W), of each view.
        bare: (H,W), the same in every view.
        truth: (C,H,W), likewise.
        affine: (V,2,3), see :class:`View`.
    """
    views = len(colour)
    theta = torch.from_numpy(affine).to(colour)
    place = torch.linspace(1 - side, side - 1, side).to(colour) / colour.shape[-1]
    # F.affine_grid multiplies a matrix for every pixel; a sum of a row and a column is the same.
    across = place[None, :, None] * theta[:, None, :, 0] + theta[:, None, :, 2]
    down = place[None, :, None] * theta[:, None, :, 1]
    grid = across[:, None, :] + down[:, :, None]
    own = F.grid_sample(colour, grid, padding_mode="border", align_corners=False)
    # One tall picture of all views: what they share need not be copied for each.
    shared = torch.cat([bare[None], truth])[None]
    tall = F.grid_sample(
        shared, grid.view(1, views * side, side, 2), padding_mode="border", align_corners=False
    )
    return torch.cat([own, tall.view(-1, views, side, side).transpose(0, 1)], 1)


def _nuisances(made: Subject, shots: Sequence[View]) -> dict[str, NDArray[np.float64]]:
    out = {name: np.array([value]) for name, value in sorted(made.nuisance.items())}
    cameras = [view.camera.values() for view in shots]
    for name in cameras[0]:
        out[f"camera_{name}"] = np.array([[camera[name] for camera in cameras]])
    out["light_x"] = np.array([[float(view.light.key[0]) for view in shots]])
    out["light_y"] = np.array([[float(view.light.key[1]) for view in shots]])
    out["ambient"] = np.array([[float(view.light.ambient.mean()) for view in shots]])
    out["squeeze"] = np.array([[view.squeeze for view in shots]])
    return out
