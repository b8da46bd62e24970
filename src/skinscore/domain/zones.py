"""The zones of the face, always named by the SUBJECT's side.

In an unmirrored photo the subject's right cheek lies on the left of the picture. A *zone* is what
is graded; a *zone kind* is a zone without its side; a *treatment zone* is what a needling protocol
speaks of. Skin thickness and evidence differ by treatment zone, visibility by zone.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Side(StrEnum):
    """The subject's side."""

    RIGHT = "right"
    LEFT = "left"
    MIDLINE = "midline"


class ZoneKind(StrEnum):
    """A zone without its side."""

    FOREHEAD = "forehead"
    GLABELLA = "glabella"
    TEMPLE = "temple"
    CROWS_FEET = "crows_feet"
    UNDER_EYE = "under_eye"
    NOSE = "nose"
    CHEEK = "cheek"
    NASOLABIAL = "nasolabial"
    LOWER_CHEEK = "lower_cheek"
    MARIONETTE = "marionette"
    UPPER_LIP = "upper_lip"
    CHIN = "chin"


class Zone(StrEnum):
    """A graded zone; ``_left`` and ``_right`` are the subject's."""

    FOREHEAD = "forehead"
    GLABELLA = "glabella"
    TEMPLE_RIGHT = "temple_right"
    TEMPLE_LEFT = "temple_left"
    CROWS_FEET_RIGHT = "crows_feet_right"
    CROWS_FEET_LEFT = "crows_feet_left"
    UNDER_EYE_RIGHT = "under_eye_right"
    UNDER_EYE_LEFT = "under_eye_left"
    NOSE = "nose"
    CHEEK_RIGHT = "cheek_right"
    CHEEK_LEFT = "cheek_left"
    NASOLABIAL_RIGHT = "nasolabial_right"
    NASOLABIAL_LEFT = "nasolabial_left"
    LOWER_CHEEK_RIGHT = "lower_cheek_right"
    LOWER_CHEEK_LEFT = "lower_cheek_left"
    MARIONETTE_RIGHT = "marionette_right"
    MARIONETTE_LEFT = "marionette_left"
    UPPER_LIP = "upper_lip"
    CHIN = "chin"

    @property
    def side(self) -> Side:
        for side in (Side.RIGHT, Side.LEFT):
            if self.value.endswith(f"_{side}"):
                return side
        return Side.MIDLINE

    @property
    def kind(self) -> ZoneKind:
        return ZoneKind(self.value.removesuffix("_right").removesuffix("_left"))

    @property
    def mirrored(self) -> "Zone":
        """The same zone on the other side; a midline zone is its own mirror."""
        other = {Side.RIGHT: "_left", Side.LEFT: "_right", Side.MIDLINE: ""}[self.side]
        return Zone(self.kind.value + other)


ZONES: Final = tuple(Zone)


class TreatmentZone(StrEnum):
    """A zone of the depth table (one per side where the face has two)."""

    FOREHEAD = "forehead"
    GLABELLA = "glabella"
    TEMPLE = "temple"
    CROWS_FEET = "crows_feet"
    LOWER_EYELID = "lower_eyelid"
    NOSE_BRIDGE = "nose_bridge"
    NOSE_LOWER = "nose_lower"
    CHEEK_MALAR = "cheek_malar"
    CHEEK_LATERAL = "cheek_lateral"
    NASOLABIAL = "nasolabial"
    UPPER_LIP = "upper_lip"
    CHIN = "chin"
    JAWLINE = "jawline"
    NECK = "neck"


# Which treatment zones a graded zone speaks for. The marionette band lies over the jaw's edge and
# has no row of its own: it takes the jaw line's, the stricter neighbour. The neck is in no photo
# zone: it never receives a suggestion from a face photo.
TREATMENT_ZONES: Final[Mapping[ZoneKind, tuple[TreatmentZone, ...]]] = MappingProxyType(
    {
        ZoneKind.FOREHEAD: (TreatmentZone.FOREHEAD,),
        ZoneKind.GLABELLA: (TreatmentZone.GLABELLA,),
        ZoneKind.TEMPLE: (TreatmentZone.TEMPLE,),
        ZoneKind.CROWS_FEET: (TreatmentZone.CROWS_FEET,),
        ZoneKind.UNDER_EYE: (TreatmentZone.LOWER_EYELID,),
        ZoneKind.NOSE: (TreatmentZone.NOSE_BRIDGE, TreatmentZone.NOSE_LOWER),
        ZoneKind.CHEEK: (TreatmentZone.CHEEK_MALAR,),
        ZoneKind.NASOLABIAL: (TreatmentZone.NASOLABIAL,),
        ZoneKind.LOWER_CHEEK: (TreatmentZone.CHEEK_LATERAL, TreatmentZone.JAWLINE),
        ZoneKind.MARIONETTE: (TreatmentZone.JAWLINE,),
        ZoneKind.UPPER_LIP: (TreatmentZone.UPPER_LIP,),
        ZoneKind.CHIN: (TreatmentZone.CHIN,),
    }
)


class View(StrEnum):
    """Which way the face looks: ``left`` shows the subject's left side."""

    FRONTAL = "frontal"
    LEFT = "left"
    RIGHT = "right"
    CLOSE_UP = "close_up"
