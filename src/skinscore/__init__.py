"""Per-zone grades of acne scarring, wrinkles and pigmentation from photos of a face.

Decision support for clinicians, not a diagnosis, not validated against graders.

The front door loads lazily: ``import skinscore`` costs nothing, ``skinscore.Grader`` brings the
imaging libraries and the runtime.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skinscore.grading.grader import Grader as Grader

__version__ = "0.1.0"
__all__ = ["Grader", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Grader":
        from skinscore.grading.grader import Grader

        return Grader
    raise AttributeError(f"module 'skinscore' has no attribute {name!r}")
