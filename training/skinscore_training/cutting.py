"""Graded photos as shards of crops, in the layout of rendered ones, so that nothing after the
stage ``render`` needs a second path.

The crops are those that ``Grader`` would see. Every crop has one view, no maps and no relief. The
mean of the raters' grades is its score; a grade is written only where the gate would let the
product grade too, so that calibration and figures speak of what a clinic gets. Photos that the
product refuses are left out and counted.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.concerns import CONCERNS
from skinscore.domain.document import sha256_hex
from skinscore.errors import PhotoRefused, RequestRefused
from skinscore.imaging.face import FaceFinder
from skinscore.imaging.face_models import require as require_face_models
from skinscore.imaging.gate import zone_blocks
from skinscore.imaging.prepare import PreparedPhoto, Preparer
from skinscore_training import rules, runs
from skinscore_training.data import shards
from skinscore_training.data.manifest import read_manifest, require_trainable
from skinscore_training.data.photos import PhotoCrops, PhotoSample
from skinscore_training.data.shards import Source
from skinscore_training.data.targets import engine_targets
from skinscore_training.model.losses import RELIEF_CENTRE
from skinscore_training.presets import PhotoSettings
from skinscore_training.progress import track
from skinscore_training.skin.crops import MAP_STEP, RenderedCrops, joined

RECORD: Final = "photos.json"


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of the photos of a manifest."""

    shards: int
    photos: int  # that gave crops
    people: int
    refused: dict[str, int]  # code of the product -> photos


@dataclass(frozen=True, slots=True)
class _Noting(Preparer):
    """The imaging path, keeping the last photo: its gate and tone are not part of a sample."""

    last: list[PreparedPhoto] = field(default_factory=list)

    def prepare(self, data: bytes) -> PreparedPhoto:
        photo = Preparer.prepare(self, data)
        self.last[:] = [photo]
        return photo


def cut(settings: PhotoSettings, folder: Path, first_shard: int, first_subject: int) -> Cut:
    """Write the photos' shards into ``folder``, from ``first_shard`` on, and say what became of
    them.

    Shards of the same photos, grades and rules that are there already are kept.

    Args:
        first_subject: number of the first person; rendered people have those below.

    Raises:
        RequestRefused: ``manifest_invalid``, ``file_unreadable``, or no photo of the manifest can
            be graded.
    """
    preparer = _Noting(
        FaceFinder(require_face_models(), rules.FACE),
        rules.DECODE,
        rules.FACE,
        rules.GEOMETRY,
        rules.GATE,
    )
    manifest = Path(settings.manifest)
    photos = open_photos(manifest, preparer)
    claim = {
        "settings": settings.model_dump(mode="json", exclude={"share"}),
        "grades": sha256_hex(manifest.read_bytes()),
        "photos": _digest(photos, manifest.parent),
        "geometry": rules.GEOMETRY.model_dump(mode="json"),
        "gate": rules.GATE.model_dump(mode="json"),
        "first_shard": first_shard,
        "first_subject": first_subject,
    }
    record = folder / RECORD
    if record.exists() and (before := runs.read_json(record, "render"))["claim"] == claim:
        return Cut(**before["cut"])
    record.unlink(missing_ok=True)
    shards.drop_from(folder, first_shard)
    done = _cut_all(photos, preparer, settings, folder, first_shard, first_subject)
    runs.write_json(
        record,
        {
            "claim": claim,
            "cut": {
                "shards": done.shards,
                "photos": done.photos,
                "people": done.people,
                "refused": done.refused,
            },
        },
    )
    return done


def open_photos(manifest: Path, preparer: Preparer) -> PhotoCrops:
    """Return the graded photos that a manifest lists.

    Raises:
        RequestRefused: ``manifest_invalid``, ``not_for_training``, ``scale_not_mapped``.
    """
    table = read_manifest(manifest)
    require_trainable(table)
    return PhotoCrops(table, engine_targets(table), preparer)


def _cut_all(
    photos: PhotoCrops,
    preparer: _Noting,
    settings: PhotoSettings,
    folder: Path,
    first_shard: int,
    first_subject: int,
) -> Cut:
    numbers = {name: first_subject + i for i, name in enumerate(dict.fromkeys(photos.subjects))}
    refused: Counter[str] = Counter()
    waiting: list[RenderedCrops] = []
    people: set[int] = set()
    written = cut_photos = 0
    for place in track(range(len(photos)), len(photos), "photos"):
        try:
            sample = photos[place]
        except PhotoRefused as refusal:
            refused[refusal.code] += 1
            continue
        subject = numbers[photos.subjects[place]]
        waiting.append(_crops(sample, preparer.last[0], subject))
        people.add(subject)
        cut_photos += 1
        if len(waiting) == settings.photos_per_shard:
            _write(folder, first_shard + written, waiting)
            written += 1
    if waiting:
        _write(folder, first_shard + written, waiting)
        written += 1
    if not cut_photos:
        counts = ", ".join(f"{code} {count}" for code, count in sorted(refused.items()))
        raise RequestRefused(
            "manifest_invalid",
            f"none of {len(photos)} photos can be graded ({counts or 'there are none'})",
            "photos that `skinscore score` accepts",
        )
    return Cut(written, cut_photos, len(people), dict(sorted(refused.items())))


def _write(folder: Path, shard: int, waiting: list[RenderedCrops]) -> None:
    shards.write_shard(folder, shard, joined(waiting), rules.GEOMETRY, Source.GRADED)
    waiting.clear()


def _crops(sample: PhotoSample, photo: PreparedPhoto, subject: int) -> RenderedCrops:
    """Return the crops of one photo in the form of rendered ones, with a single view."""
    shown, gradable = _allowed(photo, sample.score.shape[1])
    score = np.where(shown, sample.score.numpy(), np.float32(np.nan))
    count = len(score)
    cells = rules.GEOMETRY.side_px // MAP_STEP
    tone = photo.quality.skin_tone
    return RenderedCrops(
        crop=tuple(plan.name for plan in rules.GEOMETRY.crops),
        subject=np.full(count, subject, np.int64),
        pixels=sample.crops.numpy()[:, None],
        masks=sample.masks.numpy()[:, None],
        maps=np.zeros((count, 1, len(CONCERNS), cells, cells), np.uint8),
        relief=np.full((count, 1, cells, cells), round(RELIEF_CENTRE), np.uint8),
        score=score,
        grade=np.where(gradable, _grades(score), -1).astype(np.int8),
        ita_deg=np.full(count, np.nan if tone is None else tone.ita_deg, np.float32),
        nuisance={shards.PIXELS_PER_MM: np.full((count, 1), photo.quality.px_per_mm)},
    )


def _grades(score: NDArray[np.float32]) -> NDArray[np.int64]:
    """The grade nearest to each score, a half to the worse one; -1 where nobody graded."""
    known = ~np.isnan(score)
    return np.where(known, np.floor(np.where(known, score, 0) + 0.5), -1).astype(np.int64)


def _allowed(photo: PreparedPhoto, slots: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(N, K, 3) twice: whether the photo shows the zone at all, and whether gate ``strict`` lets
    the product grade it for this concern."""
    shown = np.zeros((len(rules.GEOMETRY.crops), slots, len(CONCERNS)), np.bool_)
    gradable = np.zeros_like(shown)
    for crop, plan in enumerate(rules.GEOMETRY.crops):
        for slot, zone in enumerate(plan.zones):
            for place, concern in enumerate(CONCERNS):
                blocks = zone_blocks(photo.passed, zone, concern)
                shown[crop, slot, place] = not blocks.geometry
                gradable[crop, slot, place] = not (blocks.geometry or blocks.quality)
    return shown, gradable


def _digest(photos: PhotoCrops, folder: Path) -> str:
    """Return what changes with any byte of any photo; an unreadable one is refused here."""
    digests = []
    for number, name in enumerate(photos.photos, start=1):
        try:
            digests.append(sha256_hex((folder / name).read_bytes()))
        except OSError:
            raise RequestRefused(
                "file_unreadable", f"photo {number} of the manifest", "a readable file"
            ) from None
    return sha256_hex("".join(digests))
