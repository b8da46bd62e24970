"""Stage ``render``: make rendered people, cut graded photos, and keep all crops as shards."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from skinscore.domain.document import canonical_json, sha256_hex
from skinscore.imaging.rules import Geometry
from skinscore.imaging.zones import MIRROR
from skinscore_training import rules, runs, skin
from skinscore_training.code_digest import code_digest
from skinscore_training.data import shards
from skinscore_training.data.shards import Source
from skinscore_training.presets import PhotoSettings, RenderSettings
from skinscore_training.progress import track
from skinscore_training.workers import pool

if TYPE_CHECKING:
    from skinscore_training.cutting import Cut
    from skinscore_training.skin.crops import RenderedCrops

Renderer = Callable[[Sequence[int], Geometry, int, int], "RenderedCrops"]  # ..., seed, views


@dataclass(frozen=True, slots=True)
class Made:
    """What stage ``render`` made."""

    crops: int
    cut: "Cut | None"  # None when the preset names no photos


@dataclass(frozen=True, slots=True)
class _Task:
    folder: Path
    shard: int
    subjects: tuple[int, ...]
    settings: RenderSettings
    renderer: Renderer


def render(
    settings: RenderSettings, photos: PhotoSettings | None, folder: Path, renderer: Renderer
) -> Made:
    """Fill ``folder`` with shards and the manifest; return what was made.

    Shards that are there already are kept when they were made with the same settings and
    geometry by the same code; otherwise the folder starts empty.

    Args:
        renderer: a function of a module (worker processes import it by name).

    Raises:
        RequestRefused: the photos cannot be trained on; before anything is rendered.
    """
    if photos is not None:
        from skinscore_training.cutting import cut as cut_photos
        from skinscore_training.cutting import require_cuttable

        require_cuttable(photos)
    _claim(folder, settings)
    tasks = list(_tasks(settings, folder, renderer))
    missing = [task for task in tasks if not shards.shard_folder(folder, task.shard).exists()]
    if settings.workers == 1:
        for task in track(missing, len(missing), "render"):
            _render_shard(task)
    else:
        with pool(settings.workers) as processes:
            waiting = [processes.submit(_render_shard, task) for task in missing]
            for done in track(as_completed(waiting), len(waiting), "render"):
                done.result()
    if photos is None:
        cut = None
        shards.drop_from(folder, len(tasks))
        (folder / shards.CUT).unlink(missing_ok=True)  # it speaks of shards that are gone
    else:
        cut = cut_photos(photos, folder, first_shard=len(tasks), first_subject=settings.people)
    crops = len(shards.write_manifest(folder, len(tasks) + (0 if cut is None else cut.shards)))
    return Made(crops=crops, cut=cut)


def render_people(
    subjects: Sequence[int], geometry: Geometry, seed: int, views: int
) -> "RenderedCrops":
    """The project's own renderer."""
    from skinscore_training.skin.crops import render_crops

    return render_crops(subjects, geometry, seed=seed, views=views)


def _tasks(settings: RenderSettings, folder: Path, renderer: Renderer) -> Iterator[_Task]:
    size = settings.people_per_shard
    for shard, first in enumerate(range(0, settings.people, size)):
        subjects = tuple(range(first, min(first + size, settings.people)))
        yield _Task(folder, shard, subjects, settings, renderer)


def _render_shard(task: _Task) -> None:
    settings = task.settings
    crops = task.renderer(task.subjects, rules.GEOMETRY, settings.seed, settings.views)
    shards.write_shard(task.folder, task.shard, crops, rules.GEOMETRY, Source.RENDERED)


def _claim(folder: Path, settings: RenderSettings) -> None:
    """Make sure that ``folder`` holds only what these settings, geometry and code make."""
    wanted = {
        # workers decide how fast, not what
        "settings": settings.model_dump(mode="json", exclude={"workers"}),
        "geometry": rules.GEOMETRY.model_dump(mode="json"),
        "rules": {  # of the product's path, that the renderer follows
            "forehead_raise": rules.FACE.forehead_raise,
            "mirror_sha256": sha256_hex(canonical_json(list(MIRROR))),
        },
        "renderer_sha256": code_digest(skin),
    }
    path = folder / shards.MADE
    if path.exists() and runs.read_json(path, "render") == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    runs.write_json(path, wanted)
