"""What is graded, and on which scale.

The engine scale runs from 0 to 4 and is never called by the name of a clinical scale: the model
was not trained on one (crosswalk and its status: docs/explanation/grades.md).
"""

from enum import StrEnum
from typing import Final


class Concern(StrEnum):
    """A visible sign that is graded 0-4 in every zone. The order is the model's output order."""

    ACNE_SCARRING = "acne_scarring"  # atrophic scars; active acne is never scarring
    WRINKLES = "wrinkles"  # static lines and folds
    PIGMENTATION = "pigmentation"  # freckles, lentigines, melasma, post-inflammatory marks


CONCERNS: Final = tuple(Concern)

GRADES: Final = (0, 1, 2, 3, 4)  # higher is worse
GRADE_NAMES: Final = ("none", "minimal", "mild", "moderate", "severe")
