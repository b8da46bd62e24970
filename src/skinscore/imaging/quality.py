"""How well each zone can be seen: free skin, sharpness and light, in numbers.

Everything is measured on one frame: the face level with the eyes, at ``FRAME_PX_PER_MM`` or at the
photo's own scale, whichever is coarser. Which numbers suffice is the gate's question
(skinscore.imaging.gate).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.domain.assessment import SkinTone
from skinscore.domain.zones import Zone
from skinscore.imaging import skin
from skinscore.imaging.colour import ita_deg, to_lab
from skinscore.imaging.types import Affine, Face, Photo, Pixels, ZoneRegion
from skinscore.imaging.warp import inside_source, rotation, similarity, warp
from skinscore.imaging.zones import draw_masks, excluded_areas

FRAME_PX_PER_MM: Final = 2.5  # a line of 0.4 mm is one px
MARGIN: Final = 4  # px around the zones
MAX_CLOSE_UP_SIDE: Final = 512  # px of the frame: the middle of a close-up speaks for it
MIN_PIXELS: Final = 25  # of the frame; fewer give no statistics
MIN_REFERENCE_FACING: Final = 0.25  # a zone turned further away shows other skin

CLIPPED_LEVEL: Final = 254  # of 255, in any channel
GLARE_LIGHTNESS: Final = 20.0  # L* above the reference skin; highlights are pale as well

FINE_SIGMA: Final = 1.0  # px: detail finer than this ...
COARSE_SIGMA: Final = 3.0  # ... against detail between the two
ROUNDING: Final = 0.06  # L*: median of what 8 bit alone leaves in the fine band
CONTRAST_FLOOR: Final = 0.002  # of L* + 16: no skin is smoother

TONE_ZONES: Final = (Zone.CHEEK_RIGHT, Zone.CHEEK_LEFT, Zone.FOREHEAD)
TONE_TRIM: Final = 10.0  # percent of L* at both ends


@dataclass(frozen=True, slots=True)
class ZoneQuality:
    """The measures of one zone. Where no skin is seen, sharpness and light are 0."""

    zone: Zone
    facing: float  # -1..1, see ZoneRegion
    far_side: bool
    in_frame_fraction: float  # of the zone, inside the picture
    visible_fraction: float  # of the part inside, free of hair, glasses, hand
    px_per_mm: float
    sharpness: float  # 0..about 1, higher is sharper; see _Detail
    median_lightness: float  # CIE L*, 0..100
    clipped_fraction: float  # of the free skin, some channel at its upper end
    glare_fraction: float  # of the free skin, mirror-like highlights


@dataclass(frozen=True, slots=True)
class PhotoQuality:
    """The measures of one photo."""

    pose: tuple[float, float, float] | None  # yaw, pitch, roll in degrees; None for a close-up
    px_per_mm: float
    median_chroma: float  # CIE C*ab of the reference skin; 0 in a greyscale photo
    skin_tone: SkinTone | None  # None when neither cheek nor forehead shows skin
    zones: Mapping[Zone, ZoneQuality]


def measure(photo: Photo, face: Face, regions: Mapping[Zone, ZoneRegion]) -> PhotoQuality:
    """Return the measures of a face photo and of all its zones."""
    to_frame, shape = _frame(face, regions)
    outlines = {zone: region.polygon for zone, region in regions.items()}
    drawn = draw_masks(outlines, excluded_areas(face), to_frame, shape)
    masks = {zone: mask > 0 for zone, mask in drawn.items()}
    inside = inside_source((photo.height, photo.width), to_frame, shape)
    pixels = warp(photo.pixels, to_frame, shape)
    lab = to_lab(pixels)
    model = skin.learn(lab, _reference(regions, masks, inside))
    look = _Look(pixels, lab, model)
    framed = {zone: mask & inside for zone, mask in masks.items()}
    bare = {
        zone: mask & (model.hairless if zone.kind in skin.UNDER_HAIR else model.free)
        for zone, mask in framed.items()
    }
    zones = {
        zone: look.zone(
            region,
            bare=bare[zone],
            in_frame_fraction=_share(framed[zone], masks[zone]),
            visible_fraction=_share(bare[zone], framed[zone]),
            px_per_mm=face.px_per_mm,
        )
        for zone, region in regions.items()
    }
    patches = [bare[zone] for zone in TONE_ZONES if _shows(regions[zone])]
    return PhotoQuality(
        pose=(face.yaw_deg, face.pitch_deg, face.roll_deg),
        px_per_mm=face.px_per_mm,
        median_chroma=model.chroma,
        skin_tone=_tone(lab, patches),
        zones=zones,
    )


def measure_close_up(photo: Photo, region: ZoneRegion, px_per_mm: float) -> PhotoQuality:
    """Return the measures of a close-up that ``region`` fills.

    There is no face to learn the skin's colour from: the picture is taken as free skin, as its
    sender says, and gives no skin tone.
    """
    scale = min(1.0, FRAME_PX_PER_MM / px_per_mm)
    height = min(MAX_CLOSE_UP_SIDE, max(1, int(photo.height * scale)))
    width = min(MAX_CLOSE_UP_SIDE, max(1, int(photo.width * scale)))
    middle = np.array((photo.width - 1, photo.height - 1)) / 2
    target = np.array((width - 1, height - 1)) / 2
    to_frame = similarity(middle, target, 0.0, scale, mirror=False)
    pixels = warp(photo.pixels, to_frame, (height, width))
    lab = to_lab(pixels)
    whole = np.ones((height, width), np.bool_)
    model = skin.learn(lab, [whole])
    look = _Look(pixels, lab, model)
    zone = look.zone(
        region, bare=whole, in_frame_fraction=1.0, visible_fraction=1.0, px_per_mm=px_per_mm
    )
    return PhotoQuality(None, px_per_mm, model.chroma, None, {region.zone: zone})


class _Look:
    """Sharpness and light of any part of one frame."""

    def __init__(self, pixels: Pixels, lab: skin.Lab, model: skin.SkinModel) -> None:
        lightness = np.ascontiguousarray(lab[..., 0])
        brightness = lightness + 16  # more or less light multiplies it
        fine = np.asarray(cv2.GaussianBlur(brightness, (0, 0), FINE_SIGMA))
        coarse = np.asarray(cv2.GaussianBlur(brightness, (0, 0), COARSE_SIGMA))
        red, green, blue = (channel >= CLIPPED_LEVEL for channel in cv2.split(pixels))
        clipped = red | green | blue
        glare = model.pale & (lightness > model.lightness + GLARE_LIGHTNESS)
        # Flat: a zone is found once in the frame, then read by its places.
        self._lightness = lightness.ravel()
        self._fine = np.abs(brightness - fine).ravel()
        self._coarse = np.abs(fine - coarse).ravel()
        self._clipped = clipped.ravel()
        self._glare = (clipped | glare).ravel()

    def zone(
        self,
        region: ZoneRegion,
        *,
        bare: skin.Where,
        in_frame_fraction: float,
        visible_fraction: float,
        px_per_mm: float,
    ) -> ZoneQuality:
        places = np.flatnonzero(bare)
        seen = places.size >= MIN_PIXELS
        lightness = float(np.median(self._lightness[places])) if seen else 0.0
        return ZoneQuality(
            region.zone,
            region.facing,
            region.far_side,
            in_frame_fraction,
            visible_fraction,
            px_per_mm,
            sharpness=self._sharpness(places, lightness) if seen else 0.0,
            median_lightness=lightness,
            clipped_fraction=_true_share(self._clipped[places]),
            glare_fraction=_true_share(self._glare[places]),
        )

    def _sharpness(self, places: NDArray[np.intp], lightness: float) -> float:
        """Return fine over coarse contrast of the skin's texture.

        A Gaussian blur takes more from the finer band, so the ratio falls; exposure multiplies
        both, so it stays. Sensor noise counts as detail: the measure tells a blurred photo, not a
        noisy one.
        """
        fine = float(np.median(self._fine[places]))
        coarse = float(np.median(self._coarse[places]))
        floor = CONTRAST_FLOOR * (lightness + 16)
        return float(np.sqrt(max(0.0, fine**2 - ROUNDING**2))) / (coarse + floor)


def _frame(face: Face, regions: Mapping[Zone, ZoneRegion]) -> tuple[Affine, tuple[int, int]]:
    """Return the map of the photo to the level frame around all zones, and its (height, width)."""
    scale = min(1.0, FRAME_PX_PER_MM / face.px_per_mm)
    angle = float(np.radians(face.roll_deg))
    outline = np.vstack([region.polygon for region in regions.values()])
    outline = scale * outline @ rotation(angle)
    low = np.floor(outline.min(axis=0)) - MARGIN
    width, height = (np.ceil(outline.max(axis=0)) + MARGIN - low).astype(int)
    to_frame = similarity(np.zeros(2), -low, angle, scale, mirror=False)
    return to_frame, (int(height), int(width))


def _reference(
    regions: Mapping[Zone, ZoneRegion], masks: Mapping[Zone, skin.Where], inside: skin.Where
) -> list[skin.Where]:
    """Return the patches that teach the skin; without one, the whole frame does."""
    patches = [masks[zone] & inside for zone in skin.REFERENCE if _shows(regions[zone])]
    enough = [patch for patch in patches if np.count_nonzero(patch) >= MIN_PIXELS]
    return enough or [np.ones_like(inside)]


def _shows(region: ZoneRegion) -> bool:
    return region.facing >= MIN_REFERENCE_FACING


def _tone(lab: skin.Lab, patches: list[skin.Where]) -> SkinTone | None:
    """Return the individual typology angle of all patches together, and of the patches' spread."""
    patches = [patch for patch in patches if np.count_nonzero(patch) >= MIN_PIXELS]
    if not patches:
        return None
    colours = [lab[patch] for patch in patches]
    angles = [_ita(colour) for colour in colours]
    whole = _ita(np.concatenate(colours))
    return SkinTone(
        ita_deg=round(whole, 1),
        ita_range_deg=(round(min(*angles, whole), 1), round(max(*angles, whole), 1)),
    )


def _ita(lab: NDArray[np.float32]) -> float:
    low, high = np.percentile(lab[:, 0], (TONE_TRIM, 100 - TONE_TRIM))
    kept = lab[(lab[:, 0] >= low) & (lab[:, 0] <= high)]
    return ita_deg(float(np.median(kept[:, 0])), float(np.median(kept[:, 2])))


def _share(part: skin.Where, whole: skin.Where) -> float:
    """Return the part's share; 0 of nothing."""
    area = np.count_nonzero(whole)
    return float(np.count_nonzero(part) / area) if area else 0.0


def _true_share(values: NDArray[np.bool_]) -> float:
    """Return the share of (n,) values that are true; 0 of nothing."""
    return float(np.count_nonzero(values) / values.size) if values.size else 0.0
