"""Where a model file is: the shipped one, a path, or a name in a registry.

The library knows no registry. An installed package that does registers a function for its scheme
under the entry point group ``skinscore.models``: ``models:/skinscore@champion`` goes to the
function named ``models``, which returns the path of a local file. Whatever it returns is opened
and tested like any other file.
"""

from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from skinscore.assets.shipped import model_path
from skinscore.errors import RequestRefused

GROUP: Final = "skinscore.models"


def locate(model: str | None) -> Path:
    """Return the path of ``model``; the shipped file when None.

    Args:
        model: a path, or ``scheme:/name`` with a scheme of two letters or more.

    Raises:
        RequestRefused: ``usage`` when nothing installed knows the scheme; ``missing_extra`` or
            ``registry_unknown`` from the function that does.
    """
    if model is None:
        return model_path()
    scheme, named, _ = model.partition(":/")
    if not named or len(scheme) < 2:  # one letter is a drive
        return Path(model)
    adapters = {point.name: point for point in entry_points(group=GROUP)}
    if scheme not in adapters:
        known = ", ".join(f"{name}:/" for name in sorted(adapters)) or "no registry"
        raise RequestRefused(
            "usage", f"nothing installed knows {scheme}:/", f"a file, or one of {known}"
        )
    path: Path = adapters[scheme].load()(model)
    return path
