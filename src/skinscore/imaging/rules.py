"""The rules of the imaging path, as the contract of a model file carries them.

Every function of this package takes its rules as an argument; none has a default. The values come
from the model file that is in use, or, while a model is being made, from the training recipe.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from skinscore.domain.document import Document, Fraction, Positive, Sha256
from skinscore.domain.zones import ZONES, Zone


class DecodeRules(Document):
    """How bytes become an upright sRGB picture; see skinscore.imaging.decode."""

    orientation: Literal["exif_upright"]
    colour: Literal["icc_to_srgb_relative_colorimetric"]
    alpha: Literal["refuse_over_1_percent_else_composite_grey_128"]
    max_pixels: int
    max_bytes: int


class FaceRules(Document):
    """How the face is found and measured; see skinscore.imaging.face."""

    detector_sha256: Sha256
    mesh_sha256: Sha256
    mesh_passes: int
    outer_canthal_mm: Positive  # assumed 3-D distance between the outer eye corners
    forehead_raise: Positive  # in units of the mesh's 9 -> 10 vector


class CropPlan(Document):
    """One crop: a square around its zones, level with the eyes, at a fixed scale."""

    name: str
    zones: tuple[Zone, ...]  # slot k of the mask tensor shows zones[k]
    mm_per_px: Positive
    mirror: bool  # flipped left-right, so that the network sees right sides only
    half: Literal["whole", "right", "left"]  # part of a midline zone that the crop centres on


class Geometry(Document):
    """How a face is cut; see skinscore.imaging.crops."""

    side_px: int
    slots: int  # K, zones per crop
    crops: tuple[CropPlan, ...]
    interpolation: Literal["gaussian_prefilter_bilinear"]
    border: Literal["replicate"]
    mask_rule: Literal["polygon_minus_brows_lids_lips"]
    merge: Literal["mask_area_weighted_mean"]  # a zone seen in several crops

    @model_validator(mode="after")
    def _every_zone_is_cut(self) -> Self:
        cut = {zone for crop in self.crops for zone in crop.zones}
        if missing := [zone for zone in ZONES if zone not in cut]:
            raise ValueError(f"no crop shows {', '.join(missing)}")
        if any(len(crop.zones) > self.slots for crop in self.crops):
            raise ValueError(f"a crop has more zones than slots ({self.slots})")
        if len({crop.name for crop in self.crops}) != len(self.crops):
            raise ValueError("crop names repeat")
        return self


class GateLimits(Document):
    """Quality limits; beyond one, a photo or a zone is not graded (gate ``strict``)."""

    min_px_per_mm_pigmentation: Positive
    min_px_per_mm_relief: Positive  # wrinkles and acne scarring
    min_facing: Annotated[float, Field(ge=0, le=1)]  # geometry: always applied
    max_far_side_yaw_deg: Positive  # geometry: always applied
    max_yaw_deg: Positive
    max_pitch_deg: Positive
    max_roll_deg: Positive
    min_visible_fraction: Fraction  # geometry: always applied
    min_in_frame_fraction: Fraction  # geometry: always applied
    min_sharpness: float  # see skinscore.imaging.quality
    min_median_lightness: float  # CIE L*
    min_median_chroma: float  # CIE C*ab of the skin; below it a photo has no colour
    max_clipped_fraction: Fraction
    max_glare_fraction: Fraction
    max_range_width: int  # grades in the likely range, above: low_confidence
