"""Graded photos as shards of crops, in the layout of rendered ones, so that nothing after the
stage ``render`` needs a second path.

The crops are those that ``Grader`` would see: thirteen of a face, the tiles of a close-up. Every
crop has one view, no maps and no relief. What its raters said stands beside the score
(:class:`skinscore_training.data.shards.Graded`). A grade is written only where somebody gave one,
nobody saw a model's suggestion before, and the gate would let the product grade too, so that
calibration and figures speak of what a clinic gets. Photos that the product refuses are left out
and counted.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore import imaging
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.document import canonical_json, sha256_hex
from skinscore.domain.zones import Zone
from skinscore.errors import PhotoRefused, RequestRefused
from skinscore.imaging.face import FaceFinder
from skinscore.imaging.face_models import require as require_face_models
from skinscore.imaging.gate import zone_blocks
from skinscore.imaging.prepare import PreparedPhoto, Preparer
from skinscore_training import agreement, metrics, raters, rules, runs
from skinscore_training.code_digest import code_digest
from skinscore_training.data import columns, grade_cells, scales, shards, tables, targets
from skinscore_training.data import manifest as manifests
from skinscore_training.data import photos as crops_of_photos
from skinscore_training.data.manifest import read_manifest, require_trainable
from skinscore_training.data.photos import PhotoCrops, PhotoSample
from skinscore_training.data.scales import load_mapping
from skinscore_training.data.shards import Graded, Source
from skinscore_training.data.splits import require_whole_split
from skinscore_training.data.targets import engine_targets, engine_votes
from skinscore_training.model import losses
from skinscore_training.model.losses import RELIEF_CENTRE
from skinscore_training.presets import PhotoSettings
from skinscore_training.progress import track
from skinscore_training.raters import rater_weights
from skinscore_training.skin.crops import MAP_STEP, RenderedCrops, joined

# What makes crops and targets of a photo and its votes, and shards of them.
_MAKERS: Final = (
    imaging,
    sys.modules[__name__],
    crops_of_photos,
    tables,
    columns,
    grade_cells,
    manifests,
    scales,
    targets,
    losses,
    raters,
    agreement,
    metrics,
    shards,
)


class Fate(StrEnum):
    """What a grade of a zone in a photo is good for."""

    EVIDENCE = "evidence"  # teaches, and may be calibrated and measured on
    TAUGHT = "taught"  # only teaches: below the gate's limits, after a suggestion, or an interval
    HIDDEN = "hidden"  # the photo does not show the zone: it does nothing


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of the photos of a manifest."""

    shards: int
    photos: int  # that gave crops
    people: int
    refused: dict[str, int]  # code of the product -> photos
    grades: dict[str, dict[str, int]]  # concern -> fate -> graded zones of those photos


@dataclass(frozen=True, slots=True)
class _Noting(Preparer):
    """The imaging path, keeping the last photo: its gate and tone are not part of a sample."""

    last: list[PreparedPhoto] = field(default_factory=list)

    def prepare(self, data: bytes) -> PreparedPhoto:
        return self._noted(Preparer.prepare(self, data))

    def prepare_close_up(self, data: bytes, zone: Zone, px_per_mm: float) -> PreparedPhoto:
        return self._noted(Preparer.prepare_close_up(self, data, zone, px_per_mm))

    def _noted(self, photo: PreparedPhoto) -> PreparedPhoto:
        self.last[:] = [photo]
        return photo


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """The crops of one photo, on their way into a shard."""

    crops: RenderedCrops
    spread: NDArray[np.float32]  # (N, K, 3, 5)
    allowed: NDArray[np.bool_]  # (N, K, 3, 5)
    part: str  # "" when the manifest names no split
    fates: Mapping[tuple[Zone, Concern], Fate]  # of every grade


def cut(settings: PhotoSettings, folder: Path, first_shard: int, first_subject: int) -> Cut:
    """Write the photos' shards into ``folder``, from ``first_shard`` on, and say what became of
    them.

    Shards of the same photos, grades and rules that are there already are kept.

    Args:
        first_subject: number of the first person, people in the order of their pseudonyms;
            rendered people have those below.

    Raises:
        RequestRefused: ``manifest_invalid``, ``file_unreadable``, or no photo of the manifest can
            be graded.
    """
    preparer = _preparer()
    manifest = Path(settings.manifest)
    photos = open_photos(settings, preparer)
    claim = {
        "settings": settings.model_dump(mode="json", exclude={"share"}),
        "grades": sha256_hex(manifest.read_bytes()),
        "mappings": {
            load_mapping(path).scale: sha256_hex(path.read_bytes())
            for path in _mapping_files(settings)
        },
        "photos": _digest(photos, manifest.parent),
        "geometry": rules.GEOMETRY.model_dump(mode="json"),
        "gate": rules.GATE.model_dump(mode="json"),
        "decode": rules.DECODE.model_dump(mode="json"),
        "face": rules.FACE.model_dump(mode="json"),
        "code_sha256": code_digest(*_MAKERS),
        "first_shard": first_shard,
        "first_subject": first_subject,
    }
    record = folder / shards.CUT
    if record.exists() and (before := runs.read_json(record, "render"))["claim"] == claim:
        done = Cut(**before["cut"])
        numbers = range(first_shard, first_shard + done.shards)
        if all(shards.shard_folder(folder, number).exists() for number in numbers):
            return done
    record.unlink(missing_ok=True)
    shards.drop_from(folder, first_shard)
    writer = _Writer(folder, first_shard, sha256_hex(canonical_json(claim)))
    done = _cut_all(photos, preparer, settings, writer, first_subject)
    runs.write_json(
        record,
        {
            "claim": claim,
            "cut": {
                "shards": done.shards,
                "photos": done.photos,
                "people": done.people,
                "refused": done.refused,
                "grades": done.grades,
            },
        },
    )
    return done


def require_cuttable(settings: PhotoSettings) -> None:
    """Refuse now what :func:`cut` would refuse after hours of rendering; decodes no photo.

    Raises:
        RequestRefused: as :func:`open_photos`; ``file_unreadable``, ``manifest_invalid`` when a
            photo is missing or shows two people.
        NotReady: the face models are missing.
    """
    _digest(open_photos(settings, _preparer()), Path(settings.manifest).parent)


def open_photos(settings: PhotoSettings, preparer: Preparer) -> PhotoCrops:
    """Return the graded photos that the preset's manifest lists, with what they are to teach.

    Raises:
        RequestRefused: ``manifest_invalid``, also for a split that leaves nobody for a part;
            ``not_for_training``, ``mapping_invalid``, ``scale_not_mapped``.
    """
    table = read_manifest(Path(settings.manifest))
    require_trainable(table)
    require_whole_split(dict(zip(table.photos["subject"], table.photos["split"], strict=True)))
    mappings = [load_mapping(path) for path in _mapping_files(settings)]
    weights = (
        rater_weights(engine_votes(table, mappings)) if settings.raters == "agreement" else None
    )
    return PhotoCrops(table, engine_targets(table, mappings, weights), preparer)


def _mapping_files(settings: PhotoSettings) -> list[Path]:
    return [Path(settings.manifest).parent / name for name in settings.mappings]


def _preparer() -> _Noting:
    return _Noting(
        FaceFinder(require_face_models(), rules.FACE),
        rules.DECODE,
        rules.FACE,
        rules.GEOMETRY,
        rules.GATE,
    )


def _cut_all(
    photos: PhotoCrops,
    preparer: _Noting,
    settings: PhotoSettings,
    writer: "_Writer",
    first_subject: int,
) -> Cut:
    # By name, not by row: the parts that are drawn must not change when the table is sorted.
    numbers = {name: first_subject + i for i, name in enumerate(sorted(set(photos.subjects)))}
    refused: Counter[str] = Counter()
    grades = {concern.value: dict.fromkeys(map(str, Fate), 0) for concern in CONCERNS}
    people: set[int] = set()
    cut_photos = 0
    for place in track(range(len(photos)), len(photos), "photos"):
        try:
            sample = photos[place]
        except PhotoRefused as refusal:
            refused[refusal.code] += 1
            continue
        subject = numbers[photos.subjects[place]]
        taken = _taken(sample, preparer.last[0], subject, photos.parts[place])
        for (_, concern), fate in taken.fates.items():
            grades[concern][fate] += 1
        writer.waiting.append(taken)
        people.add(subject)
        cut_photos += 1
        if len(writer.waiting) == settings.photos_per_shard:
            writer.write()
    if writer.waiting:
        writer.write()
    if not cut_photos:
        counts = ", ".join(f"{code} {count}" for code, count in sorted(refused.items()))
        raise RequestRefused(
            "manifest_invalid",
            f"none of {len(photos)} photos can be graded ({counts or 'there are none'})",
            "photos that `skinscore score` accepts",
        )
    return Cut(writer.written, cut_photos, len(people), dict(sorted(refused.items())), grades)


@dataclass(slots=True)
class _Writer:
    """Photos that wait for a shard of their own to be full."""

    folder: Path
    first_shard: int
    cut_sha256: str  # of all that shaped the crops and their targets
    waiting: list[_Taken] = field(default_factory=list)
    written: int = 0

    def write(self) -> None:
        """Write a shard of what waits."""
        part = tuple(taken.part for taken in self.waiting for _ in taken.spread)
        graded = Graded(
            spread=np.concatenate([taken.spread for taken in self.waiting]),
            allowed=np.concatenate([taken.allowed for taken in self.waiting]),
            part=part if any(part) else None,
            cut_sha256=self.cut_sha256,
        )
        shards.write_shard(
            self.folder,
            self.first_shard + self.written,
            joined([taken.crops for taken in self.waiting]),
            rules.GEOMETRY,
            Source.GRADED,
            graded,
        )
        self.waiting.clear()
        self.written += 1


def _taken(sample: PhotoSample, photo: PreparedPhoto, subject: int, part: str) -> _Taken:
    shown, gradable = _visible(photo, sample.score.shape[1])
    score = np.where(shown, sample.score.numpy(), np.float32(np.nan))
    single = ~np.isnan(score)[..., None]
    evidence = gradable & ~sample.anchored.numpy()
    return _Taken(
        crops=_crops(sample, photo, subject, score, evidence),
        spread=np.where(single, sample.target.numpy(), np.float32(np.nan)),
        allowed=sample.allowed.numpy() & shown[..., None],
        part=part,
        fates=_fates(sample, photo, shown, evidence),
    )


def _fates(
    sample: PhotoSample,
    photo: PreparedPhoto,
    shown: NDArray[np.bool_],
    evidence: NDArray[np.bool_],
) -> dict[tuple[Zone, Concern], Fate]:
    """Return the fate of every grade, once where two crops show its zone.

    Args:
        shown: (N, K, 3).
        evidence: (N, K, 3).
    """
    graded = sample.allowed.numpy().any(-1) | ~np.isnan(sample.target.numpy()).any(-1)
    found = {}
    for number, slot, place in np.argwhere(graded).tolist():
        if evidence[number, slot, place] and not sample.score[number, slot, place].isnan():
            fate = Fate.EVIDENCE
        else:
            fate = Fate.TAUGHT if shown[number, slot, place] else Fate.HIDDEN
        found[photo.crops[number].zones[slot], CONCERNS[place]] = fate
    return found


def _crops(
    sample: PhotoSample,
    photo: PreparedPhoto,
    subject: int,
    score: NDArray[np.float32],
    evidence: NDArray[np.bool_],
) -> RenderedCrops:
    """Return the crops of one photo in the form of rendered ones, with a single view.

    Args:
        evidence: (N, K, 3) where a grade may be calibrated and measured on.
    """
    count = len(score)
    cells = rules.GEOMETRY.side_px // MAP_STEP
    tone = photo.quality.skin_tone
    return RenderedCrops(
        crop=tuple(crop.name for crop in photo.crops),
        subject=np.full(count, subject, np.int64),
        pixels=sample.crops.numpy()[:, None],
        masks=sample.masks.numpy()[:, None],
        maps=np.zeros((count, 1, len(CONCERNS), cells, cells), np.uint8),
        relief=np.full((count, 1, cells, cells), round(RELIEF_CENTRE), np.uint8),
        score=score,
        grade=np.where(evidence, _grades(score), -1).astype(np.int8),
        ita_deg=np.full(count, np.nan if tone is None else tone.ita_deg, np.float32),
        nuisance={shards.PIXELS_PER_MM: np.full((count, 1), photo.quality.px_per_mm)},
    )


def _grades(score: NDArray[np.float32]) -> NDArray[np.int64]:
    """The grade nearest to each score, a half to the worse one; -1 where nobody graded."""
    known = ~np.isnan(score)
    return np.where(known, np.floor(np.where(known, score, 0) + 0.5), -1).astype(np.int64)


def _visible(photo: PreparedPhoto, slots: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(N, K, 3) twice: whether the photo shows the zone at all, and whether gate ``strict`` lets
    the product grade it for this concern."""
    shown = np.zeros((len(photo.crops), slots, len(CONCERNS)), np.bool_)
    gradable = np.zeros_like(shown)
    for number, crop in enumerate(photo.crops):
        for slot, zone in enumerate(crop.zones):
            if zone not in photo.regions:  # the other zone of a close-up's crop plan
                continue
            for place, concern in enumerate(CONCERNS):
                blocks = zone_blocks(photo.passed, zone, concern)
                shown[number, slot, place] = not blocks.geometry
                gradable[number, slot, place] = not (blocks.geometry or blocks.quality)
    return shown, gradable


def _digest(photos: PhotoCrops, folder: Path) -> str:
    """Return what changes with any byte of any photo.

    Raises:
        RequestRefused: ``file_unreadable``; ``manifest_invalid`` when the same bytes belong to two
            people: one of them may teach, the other be held out.
    """
    digests: dict[str, str] = {}  # of a file to its subject
    for number, (name, subject) in enumerate(
        zip(photos.photos, photos.subjects, strict=True), start=1
    ):
        try:
            digest = sha256_hex((folder / name).read_bytes())
        except OSError:
            raise RequestRefused(
                "file_unreadable", f"photo {number} of the manifest", "a readable file"
            ) from None
        if digests.setdefault(digest, subject) != subject:
            raise RequestRefused(
                "manifest_invalid",
                f"photo {number} has the bytes of another subject's photo",
                "a photo shows one person",
                "`skinscore train check-manifest` names the rows.",
            )
    return sha256_hex("".join(digests))
