"""Figure 7: generated portraits with lay wrinkle labels, through the full product path.

Evidence about the program, not about people: the faces are a network's, the labels one lay
impression. The wrinkle score must order them; the other two must not, as far as old faces do not
carry more marks.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.assessment import Gate
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore_training.progress import track
from skinscore_training.proof import naive
from skinscore_training.proof.answers import GraderReader, PhotoAnswer, PhotoReader, face_scores
from skinscore_training.proof.findings import Finding, Part, Table, at_least, at_most, found
from skinscore_training.proof.intervals import Floats, Index, auc, mean, over_subjects, spearman
from skinscore_training.proof.sfhq import Tile, photo_of, read_tiles

AUC: Final = at_least(0.95)
TWIN_GAP: Final = at_most(0.35)
SMOOTH, WRINKLED = 0, 2  # values of wrinkles_seen


@dataclass(frozen=True, slots=True)
class Survey:
    """What was read from every tile, in the order of the labels."""

    tiles: tuple[Tile, ...]
    scores: NDArray[np.float64]  # (N, 3) face level, NaN where not assessable
    zones: tuple[dict[str, float], ...]  # wrinkle score by zone, where assessable

    @property
    def faces(self) -> NDArray[np.bool_]:
        """Which rows are faces of their own, not second copies."""
        return np.array([tile.pair_of is None for tile in self.tiles])

    @property
    def labels(self) -> NDArray[np.int64]:
        return np.array([tile.wrinkles_seen for tile in self.tiles])


def survey(reader: PhotoReader, folder: Path, gate: Gate) -> Survey:
    """Read every tile of the folder under ``gate``."""
    tiles = read_tiles(folder)
    answers = [
        reader.read_photo(photo_of(folder, tile), gate)
        for tile in track(tiles, len(tiles), f"photos, gate {gate}")
    ]
    return Survey(tiles, face_scores(answers), tuple(_wrinkles(answer) for answer in answers))


def measure(warn: Survey, strict: Survey, energy: Floats, seed: int) -> Part:
    """Judge what was read.

    Args:
        warn: gate ``warn``: quality limits are named and grading goes on.
        strict: gate ``strict``.
        energy: (N,) of the naive baseline, in the order of ``warn``.
    """
    findings = [
        *(_auc(warn, concern, "gate warn", seed) for concern in CONCERNS),
        _auc(strict, Concern.WRINKLES, "gate strict", seed),
        _ordered(warn, seed),
        _scars_nobody_has(warn, seed),
        _auc_of(warn, energy, "auc_naive_detail_energy", None, "gate warn", seed),
        *(_twin_gap(warn, concern, seed) for concern in CONCERNS),
    ]
    return Part(
        name="photos",
        title="Generated portraits with lay labels (real-photo proxy)",
        method=(
            "43 portraits made by a generative network (SFHQ, MIT licence), ten of them also at "
            "lower resolution; lay labels of visible wrinkles: 0 smooth, 1 some, 2 clearly. Full "
            "path from bytes, tiles above 1024 px shrunk to 1024 first. AUC: label 2 against 0, "
            "face-level score, second copies left out. Twins: mean absolute difference of the "
            "face-level score between a portrait and its smaller copy. The labels have no clinical "
            "value; nothing here is accuracy."
        ),
        findings=tuple(findings),
        tables=(_by_label(warn), _refusals(warn, strict), _twins(warn)),
    )


def prove(reader: GraderReader, folder: Path, seed: int) -> Part:
    """Survey under both gates, with the naive baseline, and judge."""
    warn = survey(reader, folder, Gate.WARN)
    strict = survey(reader, folder, Gate.STRICT)
    energy = []
    scale = {plan.name: plan.mm_per_px for plan in reader.grader.contract.geometry.crops}
    for tile, zones in track(
        list(zip(warn.tiles, warn.zones, strict=True)), len(warn.tiles), "naive baseline"
    ):
        crops = reader.grader.preparer.prepare(photo_of(folder, tile)).crops if zones else ()
        graded = {zone for crop in crops for zone in crop.zones if zone.value in zones}
        energy.append(naive.detail_energy(crops, graded, scale))
    return measure(warn, strict, np.array(energy), seed)


def auc_of_labels(scores: Floats, labels: NDArray[np.int64]) -> float:
    """Return the AUC of label 2 against 0 among faces that have a score."""
    known = ~np.isnan(scores)
    return auc(scores[known & (labels == WRINKLED)], scores[known & (labels == SMOOTH)])


def _auc(rows: Survey, concern: Concern, group: str, seed: int) -> Finding:
    scores = rows.scores[:, CONCERNS.index(concern)]
    return _auc_of(rows, scores, "auc_wrinkled_against_smooth", concern, group, seed)


def _auc_of(
    rows: Survey, scores: Floats, name: str, concern: Concern | None, group: str, seed: int
) -> Finding:
    scores, labels = scores[rows.faces], rows.labels[rows.faces]
    used = ~np.isnan(scores) & np.isin(labels, (SMOOTH, WRINKLED))
    scores, labels = scores[used], labels[used]
    judged = concern is Concern.WRINKLES and group == "gate warn"
    return found(
        name,
        auc_of_labels(scores, labels),
        over_subjects(lambda drawn: auc_of_labels(scores[drawn], labels[drawn]), len(scores), seed),
        n=len(scores),
        subjects="faces",
        concern=concern,
        group=group,
        target=AUC if judged else None,
    )


def _ordered(rows: Survey, seed: int) -> Finding:
    scores = rows.scores[rows.faces, CONCERNS.index(Concern.WRINKLES)]
    labels = rows.labels[rows.faces].astype(np.float64)
    used = ~np.isnan(scores)
    scores, labels = scores[used], labels[used]

    def statistic(drawn: Index) -> float:
        return spearman(scores[drawn], labels[drawn])

    return found(
        "spearman_with_label",
        spearman(scores, labels),
        over_subjects(statistic, len(scores), seed),
        n=len(scores),
        subjects="faces",
        concern=Concern.WRINKLES,
        group="gate warn",
    )


def _scars_nobody_has(rows: Survey, seed: int) -> Finding:
    """The folder shows no acne scars, so that any score is cross-talk."""
    scores = rows.scores[rows.faces, CONCERNS.index(Concern.ACNE_SCARRING)]
    scores = scores[~np.isnan(scores)]
    return found(
        "mean_score_without_scars",
        mean(scores),
        over_subjects(lambda drawn: mean(scores[drawn]), len(scores), seed),
        n=len(scores),
        subjects="faces",
        concern=Concern.ACNE_SCARRING,
        group="gate warn",
    )


def _pairs(rows: Survey) -> list[tuple[int, int]]:
    """Return (smaller copy, larger twin) as row numbers."""
    place = {tile.file: index for index, tile in enumerate(rows.tiles)}
    return [
        (index, place[tile.pair_of])
        for index, tile in enumerate(rows.tiles)
        if tile.pair_of is not None
    ]


def _twin_gap(rows: Survey, concern: Concern, seed: int) -> Finding:
    column = rows.scores[:, CONCERNS.index(concern)]
    gaps = np.array([abs(column[small] - column[large]) for small, large in _pairs(rows)])
    gaps = gaps[~np.isnan(gaps)]
    return found(
        "twin_gap",
        mean(gaps),
        over_subjects(lambda drawn: mean(gaps[drawn]), len(gaps), seed),
        n=len(gaps),
        subjects="pairs",
        concern=concern,
        group="gate warn",
        target=TWIN_GAP,
    )


def _wrinkles(answer: PhotoAnswer) -> dict[str, float]:
    return {
        zone.value: scores[Concern.WRINKLES]
        for zone, scores in answer.zones.items()
        if Concern.WRINKLES in scores
    }


def _by_label(rows: Survey) -> Table:
    lines = []
    for label in range(3):
        chosen = rows.scores[rows.faces & (rows.labels == label)]
        cells = [
            f"{mean(chosen[:, place]):.2f} ({np.nanstd(chosen[:, place]):.2f})"
            for place in range(len(CONCERNS))
        ]
        lines.append((str(label), str(len(chosen)), *cells))
    return Table(
        caption="Face-level score by label, mean (SD), gate warn",
        header=("wrinkles seen", "faces", *CONCERNS),
        rows=tuple(lines),
    )


def _refusals(warn: Survey, strict: Survey) -> Table:
    rows = []
    for name, read in (("warn", warn), ("strict", strict)):
        known = ~np.isnan(read.scores[read.faces])
        rows.append((name, *(str(int(count)) for count in known.sum(axis=0))))
    return Table(
        caption=f"Faces with a face-level score, of {int(warn.faces.sum())}",
        header=("gate", *CONCERNS),
        rows=tuple(rows),
    )


def _twins(rows: Survey) -> Table:
    lines = []
    for small, large in _pairs(rows):
        cells = [
            f"{rows.scores[large, place]:.2f} → {rows.scores[small, place]:.2f}"
            for place in range(len(CONCERNS))
        ]
        lines.append((f"{rows.tiles[large].file} → {rows.tiles[small].file}", *cells))
    return Table(
        caption="Face-level score of a portrait and of its smaller copy, gate warn",
        header=("pair", *CONCERNS),
        rows=tuple(lines),
    )
