"""A synthetic patient: one face with graded skin, photographed as often as one likes.

The grades belong to the patient, not to the photo: pose, light and camera change the picture and
leave the ground truth alone. Nobody is shown; every face is drawn from numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import ZONES, ZoneKind
from skinscore_training.skin import body, hair, pigment, relief, tissue
from skinscore_training.skin.anatomy import Looks, draw_features
from skinscore_training.skin.camera import Camera, expose
from skinscore_training.skin.camera import photograph as through_sensor
from skinscore_training.skin.face_mesh import Array, head_surface, mean_face
from skinscore_training.skin.face_skin import CANVAS, Scores, lay_skin
from skinscore_training.skin.photo import shoot
from skinscore_training.skin.streams import coin, log_uniform, stream
from skinscore_training.skin.studio import Framing, Lamp, Lighting, Pose, Sitter

Pixels = NDArray[np.uint8]

_IRISES: Final = (
    (0.035, 0.018, 0.010),
    (0.075, 0.040, 0.018),
    (0.09, 0.10, 0.045),
    (0.06, 0.11, 0.15),
)
_HAIRS: Final = (
    (0.006, 0.005, 0.005),
    (0.020, 0.012, 0.008),
    (0.05, 0.028, 0.015),
    (0.16, 0.10, 0.05),
    (0.22, 0.21, 0.20),
)
# How scarring usually spreads over a face (methods c.6), relative to the cheek.
_SCARRED: Final[Mapping[ZoneKind, float]] = MappingProxyType(
    {ZoneKind.CHEEK: 1.0, ZoneKind.TEMPLE: 0.7, ZoneKind.LOWER_CHEEK: 0.8, ZoneKind.FOREHEAD: 0.5}
    | {
        ZoneKind.CHIN: 0.5,
        ZoneKind.MARIONETTE: 0.6,
        ZoneKind.NASOLABIAL: 0.5,
        ZoneKind.GLABELLA: 0.3,
    }
)


@dataclass(frozen=True, slots=True)
class Patient:
    """What makes one patient; the same values give the same face and skin, to the last bit."""

    seed: int
    ita_deg: float  # tone of the bare skin
    wanted: Scores  # 0..4 per zone and concern; what is reached is measured
    pigment_kinds: tuple[str, ...]
    looks: Looks


@dataclass(frozen=True, slots=True, eq=False)
class Sitting:
    """A patient made ready for photos."""

    patient: Patient
    sitter: Sitter
    scores: Scores  # ground truth: measured scores, every zone and concern


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """One photo of a patient, with its ground truth."""

    pixels: Pixels  # (H, W, 3) sRGB
    landmarks: Array  # (468, 2) px, where the mesh points truly are
    scores: Scores  # of the patient


def draw_patient(seed: int) -> Patient:
    """Draw a patient: tone uniform over the ITA range and independent of every grade."""
    rng = stream(seed, "patient")
    ita = rng.uniform(-60, 65)
    usual = {concern: rng.uniform(0, 4) if coin(rng, 0.75) else 0.0 for concern in CONCERNS}
    wanted = {}
    for zone in ZONES:
        spread = _SCARRED.get(zone.kind, 0.25)
        scores = {}
        for concern in CONCERNS:
            share = spread if concern is Concern.ACNE_SCARRING else 1.0
            own = usual[concern] * share + rng.normal(0, 0.5)
            scores[concern] = float(np.clip(own, 0, 4)) if usual[concern] > 0 else 0.0
        wanted[zone] = MappingProxyType(scores)
    kinds = rng.choice(pigment.KINDS, 1 + int(coin(rng, 0.4)), replace=False)
    dark = ita < 10
    looks = Looks(
        iris=_IRISES[0 if dark else int(rng.integers(len(_IRISES)))],
        hair=_HAIRS[int(rng.integers(2)) if dark else int(rng.integers(len(_HAIRS)))],
        brow_density=rng.uniform(0.6, 1.0),
        brow_width=rng.uniform(0.85, 1.3),
        lip_blood=rng.uniform(1.5, 3.5),
        hairline_mm=rng.uniform(90, 98),
    )
    return Patient(seed, ita, MappingProxyType(wanted), tuple(str(kind) for kind in kinds), looks)


def sit(patient: Patient) -> Sitting:
    """Build the patient's head and skin: the slow half, done once for any number of photos."""
    face = lay_skin(
        patient.seed, patient.ita_deg, patient.wanted, pigment_kinds=patient.pigment_kinds
    )
    head = head_surface(_individual(stream(patient.seed, "shape")))
    drawn = draw_features(CANVAS, head.chart, patient.looks, stream(patient.seed, "features"))
    skin = face.maps
    melanin, blood = skin.melanin * drawn.melanin, skin.blood + drawn.blood
    albedo = tissue.reflectance(torch.from_numpy(melanin)[None], torch.from_numpy(blood)[None])
    colour = albedo[0].numpy().transpose(1, 2, 0)
    rng = stream(patient.seed, "surroundings")
    dry = rng.uniform(0.42, 0.55)
    width = float(np.ptp(head.landmarks[:, 0]))
    eyes = drawn.gloss > 0.5
    sitter = Sitter(
        head=head,
        parts=(body.ear(-1, width), body.ear(1, width), body.neck()),
        skin=CANVAS,
        albedo=np.ascontiguousarray(colour),
        height=skin.height * (1 - drawn.cover) + drawn.relief,
        roughness=np.where(eyes, 0.12, dry - 0.2 * drawn.gloss).astype(np.float32),
        oil=np.where(eyes, 0.6, 0.2 + 0.45 * skin.gloss).astype(np.float32),
        paint=drawn.paint,
        cover=drawn.cover,
        open_sky=drawn.open_sky * _pits(skin.height),
        scatter=float(rng.uniform(0.8, 1.1)),
        hair=hair.comb(patient.looks.hairline_mm, stream(patient.seed, "hair")),
        hair_colour=patient.looks.hair,
        garment=tuple(rng.uniform(0.05, 0.6, 3)),
        body_albedo=tuple(np.median(colour[::8, ::8].reshape(-1, 3), 0) * 0.95),
    )
    return Sitting(patient, sitter, face.scores)


def photograph(
    sitting: Sitting,
    pose: Pose,
    lighting: Lighting,
    camera: Camera,
    seed: int,
    framing: Framing = Framing(),  # noqa: B008 - frozen
) -> Photograph:
    """Photograph a patient; ``seed`` draws the wall and the sensor's noise, nothing of the skin."""
    shot = shoot(sitting.sitter, pose, lighting, framing, stream(seed, "wall"))
    linear = torch.from_numpy(np.ascontiguousarray(shot.radiance.transpose(2, 0, 1)))[None]
    weight = torch.from_numpy(_metered(framing))[None]
    display = expose(linear, weight, [camera])[0].numpy().transpose(1, 2, 0)
    native = replace(camera, native_px_per_mm=framing.px_per_mm)
    # The sensor is made for square crops: the rest of the square is the edge, carried on.
    missing = [(0, max(display.shape[:2]) - length) for length in display.shape[:2]]
    square = np.pad(display, (*missing, (0, 0)), mode="edge")
    taken = through_sensor(square, native, framing.px_per_mm, stream(seed, "sensor"))
    pixels = np.ascontiguousarray(taken[: framing.height, : framing.width])
    return Photograph(pixels, shot.landmarks, sitting.scores)


def clinic_lighting() -> Lighting:
    """Two soft boxes and a bright room, as for standard clinic photos."""
    return Lighting(
        lamps=(
            Lamp(towards=(-0.7, -1.1, -1.0), colour=(1.10, 1.07, 1.03), size_mm=12.0),
            Lamp(towards=(0.9, -0.5, -1.0), colour=(0.40, 0.40, 0.41), size_mm=18.0),
        ),
        sky=(0.26, 0.265, 0.28),
    )


def draw_lighting(rng: np.random.Generator) -> Lighting:
    """A random room: one or two lamps somewhere in front of the face, and the light around."""
    warm = rng.normal(0, 0.08)
    tint = np.exp(np.array([1.0, 0.1, -1.1]) * warm)
    lamps = []
    strength = rng.uniform(0.5, 1.0)
    for share in (strength, strength * rng.uniform(0, 0.7)):
        towards = (rng.uniform(-1.2, 1.2), rng.uniform(-1.1, 0.15), -1.0)
        red, green, blue = (float(value) for value in share * tint)
        lamps.append(Lamp(towards, (red, green, blue), log_uniform(rng, 4.0, 25.0)))
    red, green, blue = (float(value) for value in rng.uniform(0.2, 0.6) * tint)
    return Lighting(tuple(lamps), (red, green, blue))


def _pits(height: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much of the sky the floors of grooves and pits see, 0..1."""
    sky = relief.cavity(torch.from_numpy(height)[None], 1 / CANVAS.px_per_mm)
    return np.asarray(sky[0].numpy(), np.float32)


def _metered(framing: Framing) -> NDArray[np.float32]:
    """Where the exposure looks: the middle of the picture."""
    y, x = np.mgrid[-1 : 1 : framing.height * 1j, -1 : 1 : framing.width * 1j]
    return np.asarray(np.exp(-(((x / 0.45) ** 2 + (y / 0.5) ** 2) ** 2)), np.float32)


def _individual(rng: np.random.Generator) -> Array:
    """The average face, made someone's own by a few smooth, nearly symmetric changes."""
    face = mean_face().copy()
    x, y, z = face.T
    wide, long = rng.normal(1, 0.025, 2)
    jaw, nose, nose_long, lips, brow = rng.normal(0, (0.035, 0.06, 0.05, 0.08, 0.9))
    low = np.clip((y - 10) / 60, 0, 1)
    on_nose = np.exp(-((x / 14) ** 2) - ((y + 5) / 22) ** 2)
    on_lips = np.exp(-((x / 26) ** 4) - ((y - 34) / 12) ** 2)
    on_brow = np.exp(-(((y + 48) / 9) ** 2))
    out = np.stack(
        [
            x * wide * (1 + jaw * low) * (1 + nose * on_nose),
            y * long + on_lips * lips * (y - 34) + on_brow * brow,
            z + nose_long * on_nose * (z - 20),
        ],
        -1,
    )
    lean = rng.normal(0, 0.5, 3)
    out[:, 0] += lean[0] * low
    out[:, 1] += lean[1] * x / 60
    out[:, 2] += lean[2] * x / 60
    return out
