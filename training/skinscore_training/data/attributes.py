"""What a manifest may say of a photo besides grades: never a training target.

Public sets hold labels that are not ours: an age, a count of active acne lesions, a drawn mask.
They serve to test a model (a wrinkle score should rise with age) and to group its errors (by tone).
Each is stored under a name that says what it is; there is deliberately no way from here to a grade.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

_NEVER_IN_NAMES: Final = ("Cc", "Cs")  # control characters and halves of characters


class Kind(StrEnum):
    """How the value is written."""

    TEXT = "text"
    WHOLE = "whole number"
    SHARE = "share from 0 to 1"
    PATH = "path relative to the manifest"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that can be said of a photo."""

    name: str
    meaning: str
    kind: Kind
    lowest: float = 0.0
    highest: float = float("inf")

    def holds(self, value: str) -> bool:
        """Whether ``value`` is written as the kind demands and lies within the limits."""
        if self.kind is Kind.PATH:
            return relative(value)
        if self.kind is Kind.TEXT:
            return bool(value)
        try:
            number = float(value)
        except ValueError:
            return False
        whole = self.kind is Kind.SHARE or number.is_integer()
        return whole and self.lowest <= number <= self.highest


def relative(path: str) -> bool:
    """Whether ``path`` is written with slashes, starts at no root or drive, and holds no control
    character."""
    return (
        bool(path)
        and "\\" not in path
        and not path.startswith("/")
        and path[1:2] != ":"
        and not any(unicodedata.category(sign) in _NEVER_IN_NAMES for sign in path)
    )


ATTRIBUTES: Final[Mapping[str, Attribute]] = MappingProxyType(
    {
        attribute.name: attribute
        for attribute in (
            Attribute("age_years", "age when photographed", Kind.WHOLE, 0, 120),
            Attribute("age_band", "age band as the publisher names it", Kind.TEXT),
            Attribute("sex", "as the publisher codes it", Kind.TEXT),
            Attribute("race_code", "as the publisher codes it, for invariance tests", Kind.TEXT),
            Attribute("capture_device", "what took the photo", Kind.TEXT),
            Attribute("shot_type", "distance as the publisher names it", Kind.TEXT),
            # -- skin tone: the annotator stands in `rater` ------------------------------------
            Attribute("fitzpatrick_type", "reaction to sun, types 1 to 6", Kind.WHOLE, 1, 6),
            Attribute("fitzpatrick_pair", "12, 34 or 56: a pair of types", Kind.TEXT),
            Attribute("monk_skin_tone", "Monk scale", Kind.WHOLE, 1, 10),
            # -- active acne: a nuisance for the scar grade, never scarring --------------------
            Attribute("active_acne_hayashi", "Hayashi 0 mild to 3 very severe", Kind.WHOLE, 0, 3),
            Attribute("active_acne_lesions", "counted lesions", Kind.WHOLE),
            # -- where something is, not how severe it is --------------------------------------
            Attribute("wrinkle_mask", "drawn wrinkle lines, white on black", Kind.PATH),
            Attribute("atrophic_scar_instances", "outlined atrophic scars", Kind.WHOLE),
            Attribute("atrophic_scar_area", "share of the picture", Kind.SHARE, 0, 1),
            Attribute("hypertrophic_scar_instances", "outlined hypertrophic scars", Kind.WHOLE),
            Attribute("hypertrophic_scar_area", "share of the picture", Kind.SHARE, 0, 1),
            Attribute("melasma_instances", "outlined melasma patches", Kind.WHOLE),
            Attribute("melasma_area", "share of the picture", Kind.SHARE, 0, 1),
            # -- conditions: for out-of-scope tests, never a diagnosis -------------------------
            Attribute("condition", "name given by the publisher's annotators", Kind.TEXT),
            Attribute("reported_category", "the volunteer's own choice", Kind.TEXT),
        )
    }
)
