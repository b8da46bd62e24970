"""Controls: does a score ride on something cheap that real photos let a network learn?

Old faces in a photo collection come with sharper, grainier, darker pictures, beards and grey hair.
On renders nothing but the trick changes; on portraits the bytes are changed before grading. A
score that follows the trick instead of the skin moves.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.concerns import CONCERNS
from skinscore.imaging.rules import Geometry
from skinscore_training.progress import track
from skinscore_training.proof.answers import CropReader
from skinscore_training.proof.findings import Finding, Part, Table, at_most, found
from skinscore_training.proof.intervals import Floats, Index, over_subjects
from skinscore_training.proof.skins import (
    affected,
    clear,
    mean_over_zones,
    plan_of,
    read,
    shoot_each,
    tone_of,
)
from skinscore_training.skin.camera import Camera
from skinscore_training.skin.crops import View, draw_view
from skinscore_training.skin.subject import make_subject

SHIFT: Final = at_most(0.25)  # the line that distractors are held to
GROUNDS: Final = ("clear", "affected")


@dataclass(frozen=True, slots=True)
class Trick:
    """One parameter of light or camera, from a usual photo outwards."""

    what: str  # in words, with units
    steps: tuple[float, ...]  # the first is the usual photo
    take: Callable[[View, float], View]


def ordinary(camera: Camera) -> Camera:
    """Return a sharp, well exposed photo at usual compression, otherwise like ``camera``."""
    return replace(
        camera,
        exposure_ev=0.0,
        native_px_per_mm=5.0,
        defocus_px=0.3,
        motion_px=0.0,
        shot_noise=3e-4,
        read_noise=_read_noise(3e-4),
        denoise=0.3,
        sharpen=0.3,
        sharpen_px=1.0,
        jpeg=92,
        second_jpeg=0,
    )


def _camera(**fields: Callable[[float], float | int]) -> Callable[[View, float], View]:
    """Return a function that sets these camera fields from the step."""

    def take(view: View, step: float) -> View:
        values = {name: of_step(step) for name, of_step in fields.items()}
        return replace(view, camera=replace(view.camera, **values))  # type: ignore[arg-type]

    return take


def _read_noise(shot: float) -> float:
    """Read noise that goes with a shot noise, as in skinscore_training.skin.camera."""
    return float(np.exp(2.18 * np.log(shot) + 1.20))


def _same(step: float) -> float:
    return step


def _noise_of_light(stops: float) -> float:
    return 3e-4 * 2**stops  # half the light, twice the relative variance


def _from_the_side(view: View, degrees: float) -> View:
    angle = np.deg2rad(degrees)
    key = np.array([np.sin(angle), 0.0, np.cos(angle)], np.float32)
    return replace(view, light=replace(view.light, key=key))


# Ranges end where the gate would refuse the photo, or where phones end.
TRICKS: Final = MappingProxyType(
    {
        "defocus": Trick(
            "blur, σ in px at 5 px/mm", (0.3, 0.6, 0.9, 1.2, 1.5), _camera(defocus_px=_same)
        ),
        "sharpening": Trick(
            "unsharp mask, strength", (0.3, 0.0, 0.6, 0.9, 1.2), _camera(sharpen=_same)
        ),
        "denoising": Trick("strength", (0.3, 0.0, 0.6, 1.0), _camera(denoise=_same)),
        "noise": Trick(
            "shot noise, variance at white",
            (3e-4, 1e-4, 1e-3, 2e-3, 4e-3),
            _camera(shot_noise=_same, read_noise=_read_noise),
        ),
        "jpeg": Trick("quality", (92, 98, 80, 70, 60, 50), _camera(jpeg=int)),
        "resolution": Trick(
            "px/mm of the photo", (5.0, 8.0, 4.0, 3.2, 2.5), _camera(native_px_per_mm=_same)
        ),
        "low_light": Trick(
            "stops under, with the noise that goes with it",
            (0.0, 0.5, 1.0, 1.5),
            _camera(
                exposure_ev=lambda stops: -stops,
                shot_noise=_noise_of_light,
                read_noise=lambda stops: _read_noise(_noise_of_light(stops)),
            ),
        ),
        "overexposure": Trick("stops over", (0.0, 0.3, 0.6, 0.9), _camera(exposure_ev=_same)),
        "contrast": Trick("tone curve, strength", (0.35, 0.0, 0.7), _camera(contrast=_same)),
        "warm_light": Trick(
            "red over blue, log gain",
            (0.0, -0.3, -0.15, 0.15, 0.3),
            _camera(
                red_gain=lambda log: float(np.exp(log / 2)),
                blue_gain=lambda log: float(np.exp(-log / 2)),
            ),
        ),
        "side_light": Trick(
            "degrees from the camera's axis", (20.0, 0.0, 40.0, 60.0), _from_the_side
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Ride:
    """Scores of P skins along one trick's steps, mean over a crop's zones."""

    trick: str
    ground: str
    scores: NDArray[np.float64]  # (P, T, 3)


def ride_each(reader: CropReader, geometry: Geometry, skins: int, seed: int) -> list[Ride]:
    """Render and read every skin along every trick; only light or camera changes."""
    scores: dict[tuple[str, str], list[Floats]] = {}
    for number in track(range(skins), skins, "tricks"):
        plan, tone = plan_of(number, geometry), tone_of(seed, number)
        for ground in GROUNDS:
            wanted = (
                clear(geometry, tone)
                if ground == "clear"
                else affected(geometry, tone, seed, number)
            )
            subject = make_subject(seed, number, plan, geometry, wanted, frozenset())
            drawn = draw_view(seed, number, 0, subject)
            light = replace(drawn.light, shadow=0.0)
            usual = replace(drawn, light=light, camera=ordinary(drawn.camera))
            views = [trick.take(usual, step) for trick in TRICKS.values() for step in trick.steps]
            parts = shoot_each([subject] * len(views), views, number, geometry, seed)
            every = mean_over_zones(read(reader, parts))
            for name, trick in TRICKS.items():
                mine, every = every[: len(trick.steps)], every[len(trick.steps) :]
                if not np.isnan(mine).any():
                    scores.setdefault((name, ground), []).append(mine)
    return [Ride(name, ground, np.stack(rows)) for (name, ground), rows in scores.items()]


def measure(rides: list[Ride], seed: int) -> Part:
    """Judge how far the mean score moves away from the usual photo's."""
    findings = [_shift(ride, place, seed) for ride in rides for place in range(len(CONCERNS))]
    return Part(
        name="tricks",
        title="Cheap tricks under control (rendered skin)",
        method=(
            "The same rendered skin, without distractors, photographed again and again with "
            "nothing changed but one parameter of light or camera, away from a usual photo "
            "(5 px/mm, sharp, JPEG 92). Figure: the largest shift of the mean score over the "
            "steps, in grades, held to the line of the distractors. Beards are among the "
            "distractors (stubble), grey hair is measured on whole patients."
        ),
        findings=tuple(findings),
        tables=tuple(_table(rides, ground) for ground in GROUNDS),
    )


def _shift(ride: Ride, place: int, seed: int) -> Finding:
    change = ride.scores[:, :, place] - ride.scores[:, :1, place]

    def statistic(drawn: Index) -> float:
        return float(np.abs(change[drawn].mean(axis=0)).max())

    return found(
        "shift",
        statistic(np.arange(len(change))),
        over_subjects(statistic, len(change), seed),
        n=len(change),
        subjects="skins",
        concern=CONCERNS[place],
        group=f"{ride.trick} on {ride.ground} skin",
        target=SHIFT,
    )


def _table(rides: list[Ride], ground: str) -> Table:
    lines = []
    for ride in rides:
        if ride.ground != ground:
            continue
        trick = TRICKS[ride.trick]
        order = np.argsort(trick.steps)
        curve = ride.scores.mean(axis=0)[order]
        steps = ", ".join(f"{trick.steps[place]:g}" for place in order)
        cells = [" ".join(f"{value:.2f}" for value in curve[:, place]) for place in range(3)]
        lines.append((ride.trick.replace("_", " "), f"{trick.what}: {steps}", *cells))
    return Table(
        caption=f"Mean score along the steps, {ground} skin",
        header=("trick", "steps", *CONCERNS),
        rows=tuple(lines),
    )
