"""The sample photos of the demo and the tests: one synthetic patient, three views, one clinic.

``python -m skinscore_training.samples`` writes them again into the library's assets, byte for byte.
"""

from pathlib import Path
from types import MappingProxyType
from typing import Final

from skinscore.assets.shipped import sample_photos
from skinscore.domain.concerns import Concern
from skinscore.domain.zones import ZONES, View, ZoneKind
from skinscore.imaging.encode import to_jpeg
from skinscore_training.skin.anatomy import Looks
from skinscore_training.skin.camera import Camera
from skinscore_training.skin.patient import (
    Patient,
    Photograph,
    clinic_lighting,
    photograph,
    sit,
)
from skinscore_training.skin.studio import Pose

# What the sample patient shows: scarred cheeks, lines on forehead and beside the eyes, some spots.
# Scarring, wrinkles, pigmentation, each 0..4; zones not named are nearly clear.
_WANTED: Final = {
    ZoneKind.FOREHEAD: (0.3, 2.9, 1.3),
    ZoneKind.GLABELLA: (0.0, 2.2, 0.7),
    ZoneKind.TEMPLE: (1.4, 1.6, 1.7),
    ZoneKind.CROWS_FEET: (0.2, 2.7, 1.4),
    ZoneKind.UNDER_EYE: (0.0, 2.0, 1.2),
    ZoneKind.NOSE: (0.2, 0.4, 0.9),
    ZoneKind.CHEEK: (3.0, 0.8, 1.5),
    ZoneKind.NASOLABIAL: (0.8, 1.9, 0.8),
    ZoneKind.LOWER_CHEEK: (2.6, 0.8, 1.4),
    ZoneKind.MARIONETTE: (0.9, 1.2, 0.6),
    ZoneKind.UPPER_LIP: (0.0, 0.7, 0.4),
    ZoneKind.CHIN: (0.6, 0.8, 0.4),
}
PATIENT: Final = Patient(
    seed=20,
    ita_deg=36.0,
    wanted=MappingProxyType(
        {
            zone: MappingProxyType(dict(zip(Concern, _WANTED[zone.kind], strict=True)))
            for zone in ZONES
        }
    ),
    pigment_kinds=("lentigines", "freckles"),
    looks=Looks(
        iris=(0.055, 0.075, 0.06),
        hair=(0.030, 0.018, 0.011),
        brow_density=0.9,
        brow_width=1.15,
        lip_blood=3.6,
        hairline_mm=94.0,
    ),
)
CAMERA: Final = Camera(
    exposure_ev=-0.15,
    adapt=0.6,
    red_gain=1.0,
    blue_gain=1.0,
    mixing=-0.03,
    vignette=0.08,
    vignette_x=0.0,
    vignette_y=1.0,
    contrast=0.25,
    native_px_per_mm=5.2,
    defocus_px=0.3,
    motion_px=0.0,
    motion_angle=0.0,
    shot_noise=1e-4,
    read_noise=1e-8,
    denoise=0.5,
    sharpen=0.3,
    sharpen_px=1.0,
    jpeg=97,
    second_jpeg=0,
)
POSES: Final = MappingProxyType(
    {View.FRONTAL: Pose(), View.RIGHT: Pose(yaw_deg=38.0), View.LEFT: Pose(yaw_deg=-38.0)}
)
QUALITY: Final = 82  # keeps each photo under 250 kB


def render() -> dict[View, Photograph]:
    """Render the three photos with their ground truth."""
    sitting = sit(PATIENT)
    return {
        view: photograph(sitting, pose, clinic_lighting(), CAMERA, seed=1)
        for view, pose in POSES.items()
    }


def folder() -> Path:
    """Where the sample photos lie in the library."""
    return sample_photos()[0].parent


def write(target: Path) -> list[Path]:
    """Write ``patient_frontal.jpg``, and the same ``right`` and ``left``, into ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for view, shot in render().items():
        path = target / f"patient_{view.value}.jpg"
        path.write_bytes(to_jpeg(shot.pixels, QUALITY))
        written.append(path)
    return written


if __name__ == "__main__":
    for path in write(folder()):
        print(f"{path.name}: {path.stat().st_size // 1000} kB")
