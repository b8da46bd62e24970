"""The imaging rules that this release trains with; export writes them into the contract.

Why these values: docs/decisions/0040-a-third-of-a-millimetre.md and 0004-gate-limits.md.
"""

from typing import Final

from skinscore.domain.zones import Zone
from skinscore.imaging.rules import CropPlan, DecodeRules, FaceRules, GateLimits, Geometry

MM_PER_PX: Final = 0.33
SIDE_PX: Final = 192  # 63 mm: a cheek with its nasolabial fold, half a forehead

DECODE: Final = DecodeRules(
    orientation="exif_upright",
    colour="icc_to_srgb_relative_colorimetric",
    alpha="refuse_over_1_percent_else_composite_grey_128",
    max_pixels=50_000_000,
    max_bytes=32 * 1024 * 1024,
)

FACE: Final = FaceRules(
    detector_sha256="bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    mesh_sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    mesh_passes=2,
    outer_canthal_mm=90.0,
    forehead_raise=0.5,
)


def _crop(name: str, *zones: Zone, mirror: bool = False, half: str = "whole") -> CropPlan:
    return CropPlan.model_validate(
        {"name": name, "zones": zones, "mm_per_px": MM_PER_PX, "mirror": mirror, "half": half}
    )


GEOMETRY: Final = Geometry(
    side_px=SIDE_PX,
    slots=2,
    crops=(
        _crop("forehead_right", Zone.FOREHEAD, half="right"),
        _crop("forehead_left", Zone.FOREHEAD, half="left", mirror=True),
        _crop("glabella", Zone.GLABELLA),
        _crop("temple_right", Zone.TEMPLE_RIGHT),
        _crop("temple_left", Zone.TEMPLE_LEFT, mirror=True),
        _crop("eye_right", Zone.CROWS_FEET_RIGHT, Zone.UNDER_EYE_RIGHT),
        _crop("eye_left", Zone.CROWS_FEET_LEFT, Zone.UNDER_EYE_LEFT, mirror=True),
        _crop("nose", Zone.NOSE),
        _crop("cheek_right", Zone.CHEEK_RIGHT, Zone.NASOLABIAL_RIGHT),
        _crop("cheek_left", Zone.CHEEK_LEFT, Zone.NASOLABIAL_LEFT, mirror=True),
        _crop("jaw_right", Zone.LOWER_CHEEK_RIGHT, Zone.MARIONETTE_RIGHT),
        _crop("jaw_left", Zone.LOWER_CHEEK_LEFT, Zone.MARIONETTE_LEFT, mirror=True),
        _crop("mouth", Zone.UPPER_LIP, Zone.CHIN),
    ),
    interpolation="gaussian_prefilter_bilinear",
    border="replicate",
    mask_rule="polygon_minus_brows_lids_lips",
    merge="mask_area_weighted_mean",
)

GATE: Final = GateLimits(
    min_px_per_mm_pigmentation=1.2,
    min_px_per_mm_relief=2.5,
    min_facing=0.25,
    max_far_side_yaw_deg=20.0,
    max_yaw_deg=60.0,
    max_pitch_deg=30.0,
    max_roll_deg=45.0,
    min_visible_fraction=0.6,
    min_in_frame_fraction=0.9,
    min_sharpness=0.22,
    min_median_lightness=20.0,
    min_median_chroma=3.0,
    max_clipped_fraction=0.05,
    max_glare_fraction=0.2,
    max_range_width=3,
)
