"""From the colours of an embedded ICC profile to sRGB.

An iPhone photo carries "Display P3". Read as sRGB it loses 3 to 9 units of a*, the very redness
that grades depend on, so the profile is never ignored when it can be read.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image, ImageCms

from skinscore.domain.assessment import ColourProfile

# A profile that moves no colour by more than this is an sRGB profile, whatever it calls itself:
# the copies in circulation differ in their last digits. Display P3 moves skin by 10 to 25.
SAME_COLOUR_LEVELS: Final = 2

_MODE_OF_SPACE: Final = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # ICC name -> Pillow mode


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """What to do with the pixels of one photo."""

    colour_profile: ColourProfile
    transform: ImageCms.ImageCmsTransform | None  # mode of the picture -> RGB; None: leave it

    def apply(self, image: Image.Image) -> Image.Image:
        """Return ``image`` (in the mode the conversion was made for) as sRGB, mode RGB."""
        if self.transform is None:
            return image.convert("RGB")
        converted = ImageCms.applyTransform(image, self.transform)
        if converted is None:  # only when asked to work in place
            raise ValueError("colour conversion returned nothing")
        return converted


def conversion(profile: bytes | None, mode: str) -> Conversion:
    """Return how a picture with this profile becomes sRGB.

    Relative colorimetric, without black point compensation, in 8 bit.

    Args:
        profile: the ICC profile in the file, or None when it has none (then sRGB is assumed).
        mode: "RGB", "L" or "CMYK", the Pillow mode of the pixels.
    """
    if not profile:
        return Conversion("srgb", None)
    srgb = ImageCms.createProfile("sRGB")
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if _MODE_OF_SPACE.get(source.profile.xcolor_space.strip()) != mode:
            return Conversion("unreadable", None)
        transform = ImageCms.buildTransform(
            source, srgb, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
    except (OSError, ImageCms.PyCMSError):  # OSError: the bytes are no profile at all
        return Conversion("unreadable", None)
    made = Conversion("converted", transform)
    return Conversion("srgb", None) if mode != "CMYK" and _changes_nothing(made, mode) else made


def _changes_nothing(made: Conversion, mode: str) -> bool:
    levels = np.linspace(0, 255, 18).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(1, -1, 3)
    probe = Image.fromarray(grid).convert(mode)
    before, after = np.asarray(probe.convert("RGB"), np.int16), np.asarray(made.apply(probe))
    return int(np.abs(before - after).max()) <= SAME_COLOUR_LEVELS
