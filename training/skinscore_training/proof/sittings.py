"""Rendered patients photographed several times, kept as JPEG files with their truth.

A sitting takes seconds and a photo more, so photos are rendered once into a folder and any number
of model files is measured on them. The folder belongs to its settings and to the renderer's own
source: when either changes it starts empty. An interrupted rendering goes on with the patients
that are missing.
"""

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import ZONES, Zone
from skinscore.errors import RequestRefused
from skinscore.imaging import zones
from skinscore.imaging.encode import to_jpeg
from skinscore_training import runs, skin
from skinscore_training.code_digest import code_digest
from skinscore_training.progress import track
from skinscore_training.skin.camera import Camera, draw_camera
from skinscore_training.skin.patient import (
    clinic_lighting,
    draw_lighting,
    draw_patient,
    photograph,
    sit,
)
from skinscore_training.skin.streams import log_uniform, stream
from skinscore_training.skin.studio import Framing, Pose
from skinscore_training.workers import pool

SETTINGS: Final = "settings.json"
TRUTH: Final = "truth.json"
_JPEG: Final = 95  # the camera's own JPEG comes before; this only carries it
_FACE_MM: Final = (270.0, 223.0)  # height and width of the picture on the plane of the face

# Scalp hair of the twin photos, linear sRGB: nothing else differs between the two.
HAIR: Final[Mapping[str, tuple[float, float, float]]] = MappingProxyType(
    {"dark": (0.006, 0.005, 0.005), "grey": (0.22, 0.21, 0.20)}
)


@dataclass(frozen=True, slots=True)
class SittingSettings:
    """What decides the photos; the number of patients does not, so that a folder can grow."""

    photos: int  # of each patient
    seed: int
    max_yaw_deg: float  # poses are drawn within these, uniformly
    max_pitch_deg: float
    max_roll_deg: float
    px_per_mm: tuple[float, float]  # resolution on the plane of the face, log-uniform


USUAL: Final = SittingSettings(
    photos=6,  # methods f.2
    seed=0,
    max_yaw_deg=35.0,
    max_pitch_deg=12.0,
    max_roll_deg=12.0,
    px_per_mm=(3.2, 5.5),
)


@dataclass(frozen=True, slots=True)
class Pictured:
    """One patient's files."""

    number: int
    truth: Mapping[Zone, Mapping[Concern, float]]  # 0..4, measured on the skin
    ita_deg: float
    photos: tuple[Path, ...]  # different pose, light and camera
    hair: Mapping[str, Path]  # by HAIR: the same photo but for the colour of the hair


def render_patients(
    folder: Path, patients: int, settings: SittingSettings, workers: int
) -> list[Pictured]:
    """Render what is missing of the first ``patients`` patients, and return them all."""
    _claim(folder, settings)
    missing = [number for number in range(patients) if not _home(folder, number).exists()]
    if missing:
        with pool(workers) as processes:
            waiting = [processes.submit(_render, folder, number, settings) for number in missing]
            for done in track(as_completed(waiting), len(waiting), "patients"):
                done.result()
    return [load(folder, number) for number in range(patients)]


def load(folder: Path, number: int) -> Pictured:
    """Return patient ``number``, who has been rendered."""
    home = _home(folder, number)
    truth = runs.read_json(home / TRUTH, "prove")
    scores = truth["scores"]
    return Pictured(
        number=number,
        truth={
            zone: {concern: float(scores[zone.value][concern.value]) for concern in CONCERNS}
            for zone in ZONES
        },
        ita_deg=float(truth["ita_deg"]),
        photos=tuple(sorted(home.glob("photo_*.jpg"))),
        hair={name: home / f"hair_{name}.jpg" for name in HAIR},
    )


@dataclass(frozen=True, slots=True)
class _Scene:
    """What differs between two photos of a patient."""

    pose: Pose
    camera: Camera
    framing: Framing
    seed: int


def _scenes(number: int, settings: SittingSettings) -> Iterator[_Scene]:
    for photo in range(settings.photos):
        rng = stream(settings.seed, number, "proof pose", photo)
        pose = Pose(
            yaw_deg=rng.uniform(-settings.max_yaw_deg, settings.max_yaw_deg),
            pitch_deg=rng.uniform(-settings.max_pitch_deg, settings.max_pitch_deg),
            roll_deg=rng.uniform(-settings.max_roll_deg, settings.max_roll_deg),
        )
        scale = log_uniform(rng, *settings.px_per_mm)
        height, width = (round(scale * mm) for mm in _FACE_MM)
        drawn = draw_camera(stream(settings.seed, number, "proof camera", photo))
        # A photo that somebody keeps: neither black nor burnt out.
        camera = replace(drawn, exposure_ev=float(np.clip(drawn.exposure_ev, -0.6, 0.6)))
        framing = Framing(height=height, width=width, px_per_mm=scale)
        yield _Scene(pose, camera, framing, seed=photo)


def _render(folder: Path, number: int, settings: SittingSettings) -> None:
    """Write one patient's folder, whole or not at all."""
    patient = draw_patient(_patient_seed(settings, number))
    sitting = sit(patient)
    part = folder / f"{_home(folder, number).name}.part"
    shutil.rmtree(part, ignore_errors=True)
    for place, scene in enumerate(_scenes(number, settings)):
        light = draw_lighting(stream(settings.seed, number, "proof light", place))
        shot = photograph(sitting, scene.pose, light, scene.camera, scene.seed, scene.framing)
        runs.write(part / f"photo_{place}.jpg", to_jpeg(shot.pixels, _JPEG))
    usual = next(_scenes(number, settings)).camera
    for name, colour in HAIR.items():
        dyed = replace(sitting, sitter=replace(sitting.sitter, hair_colour=colour))
        shot = photograph(dyed, Pose(), clinic_lighting(), usual, 0)
        runs.write(part / f"hair_{name}.jpg", to_jpeg(shot.pixels, _JPEG))
    scores = {
        zone.value: {concern.value: float(row[concern]) for concern in CONCERNS}
        for zone, row in sitting.scores.items()
    }
    runs.write_json(part / TRUTH, {"ita_deg": patient.ita_deg, "scores": scores})
    part.rename(_home(folder, number))


def _patient_seed(settings: SittingSettings, number: int) -> int:
    """Patients of the proof share no seed with samples or training: a stream of their own."""
    return int(stream(settings.seed, number, "proof patient").integers(1 << 31))


def _home(folder: Path, number: int) -> Path:
    return folder / f"patient_{number:04d}"


def _claim(folder: Path, settings: SittingSettings) -> None:
    """Make sure that ``folder`` holds only photos of these settings by this renderer.

    Raises:
        RequestRefused: ``output_not_writable`` when something is in it that was not rendered here.
    """
    wanted = {
        "photos": settings.photos,
        "seed": settings.seed,
        "pose_deg": [settings.max_yaw_deg, settings.max_pitch_deg, settings.max_roll_deg],
        "px_per_mm": list(settings.px_per_mm),
        "renderer_sha256": code_digest(skin, zones),
    }
    path = folder / SETTINGS
    if path.exists() and runs.read_json(path, "prove") == wanted:
        return
    if folder.exists():
        if not path.exists() and any(folder.iterdir()):
            raise RequestRefused(
                "output_not_writable",
                f"the folder for rendered patients holds other files and no {SETTINGS}",
                "a new or empty folder, or one that rendered patients before: what is stale in it "
                "is deleted",
            )
        for old in (*folder.glob("patient_*"), *folder.glob("*.part")):
            shutil.rmtree(old)
    runs.write_json(path, wanted)
