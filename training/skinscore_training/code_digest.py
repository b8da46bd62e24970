"""Which code made something, so that what other code made is not taken for its own."""

from pathlib import Path
from types import ModuleType

from skinscore.domain.document import sha256_hex


def code_digest(*code: ModuleType) -> str:
    """Return the sha256 over the files of packages, subpackages left out, and of modules."""
    files = [file for module in code for file in _files(module)]
    return sha256_hex("".join(f"{file.name} {sha256_hex(file.read_bytes())}\n" for file in files))


def _files(module: ModuleType) -> list[Path]:
    if hasattr(module, "__path__"):
        return sorted(Path(module.__path__[0]).glob("*.*"))
    if module.__file__ is None:
        raise ValueError(f"{module.__name__} has no file")
    return [Path(module.__file__)]
