"""From what an importer read to a manifest on disk."""

import os
import shutil
from pathlib import Path
from typing import Final

import pandas as pd

from skinscore.errors import RequestRefused
from skinscore_training.data import pseudonyms, tables
from skinscore_training.data.importers.base import Entry, Grade, Imported, Photo, Said
from skinscore_training.data.manifest import Manifest, sound_rows, write_manifest

NONE_OF_OURS: Final = (
    "this set holds none of skinscore's grades: its rows serve evaluation, not training"
)


def require_new(out: Path) -> None:
    """Refuse, before any work, a manifest that is there already or tells no kind of table.

    Raises:
        RequestRefused: ``output_not_writable``.
    """
    tables.require_table_name(out)
    for path in (out, photo_folder(out)):
        if path.exists():
            raise RequestRefused(
                "output_not_writable", f"{path.name} is there already", "a new manifest"
            )


def photo_folder(out: Path) -> Path:
    """Return where photos go whose own names may be personal."""
    return out.with_name(f"{out.stem}-photos")


def write(imported: Imported, out: Path) -> Manifest:
    """Write the manifest of an import, whole or not at all.

    Raises:
        RequestRefused: ``dataset_layout`` when the set holds nothing to write;
            ``manifest_invalid`` when what was read breaks a rule of the manifest.
    """
    if not imported.entries:
        raise RequestRefused(
            "dataset_layout",
            f"{imported.dataset.name}: nothing to import ({'; '.join(imported.notes) or 'empty'})",
            "photos with labels",
        )
    names = _PhotoNames(imported, out)
    entries = pd.DataFrame([_row(entry, imported, names, out) for entry in imported.entries])
    rows = sound_rows(entries.sort_values("photo", kind="stable", ignore_index=True))
    names.copy()
    return write_manifest(out, rows)


class _PhotoNames:
    """How the manifest calls each photo: where it lies, or the name of its copy."""

    def __init__(self, imported: Imported, out: Path) -> None:
        self._out = out
        self._copied = imported.dataset.personal_names
        self._places: dict[Path, Path] = {}

    def of(self, photo: Photo) -> str:
        path = photo.path
        if path not in self._places:
            self._places[path] = self._copy_of(path) if self._copied else path
        return _relative(self._places[path], self._out)

    def copy(self) -> None:
        """Copy the photos that need another name: all of them or none."""
        if not self._copied:
            return
        folder = photo_folder(self._out)
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for path, place in self._places.items():
            shutil.copyfile(path, part / place.name)
        part.replace(folder)

    def _copy_of(self, path: Path) -> Path:
        name = f"{pseudonyms.of_bytes(path.read_bytes())}{path.suffix.lower()}"
        return photo_folder(self._out) / name


def _row(entry: Entry, imported: Imported, names: _PhotoNames, out: Path) -> dict[str, str]:
    photo, dataset = entry.photo, imported.dataset
    kind = photo.subject_kind or dataset.subject_kind
    row = {
        "photo": names.of(photo),
        "subject": photo.subject,
        "subject_kind": kind.value if kind else "",
        "visit": photo.visit,
        "view": photo.view.value if photo.view else "",
        "px_per_mm": "" if photo.px_per_mm is None else f"{photo.px_per_mm:g}",
        "zone": photo.zone.value if photo.zone else "",
        "split": photo.split.value if photo.split else "",
        "label_source": dataset.label_source,
        "licence": dataset.licence,
        "use": dataset.use.value,
    }
    match entry:
        case Grade():
            row |= {
                "zone": entry.zone.value,
                "concern": entry.concern.value,
                "scale": entry.scale,
                "grade": entry.cell,
                "rater": entry.rater,
                "prelabelled": entry.prelabelled,
            }
        case Said():
            value = entry.value
            row |= {
                "attribute": entry.attribute,
                "value": _relative(value, out) if isinstance(value, Path) else value,
                "rater": entry.rater,
            }
    return row


def _relative(path: Path, out: Path) -> str:
    return Path(os.path.relpath(path, out.parent)).as_posix()
