"""Figure 8: does the model see lines where people have them?

The yardstick is the average of 674 hand-drawn wrinkle masks in the FFHQ alignment; the portraits of
figure 7 are in the same alignment. Only the shape of the two maps is compared: the drawn lines hold
place and length, no depth, and the two sets show different people.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.domain.assessment import Gate
from skinscore.domain.concerns import Concern
from skinscore.grading.examination import Examination
from skinscore.grading.grader import Grader
from skinscore.grading.overlays import severity_in_photo
from skinscore_training.progress import track
from skinscore_training.proof.findings import Finding, Part, Table, at_least, found
from skinscore_training.proof.intervals import Floats, Index, over_subjects, pearson, spearman
from skinscore_training.proof.sfhq import photo_of, read_tiles

CORRELATION: Final = at_least(0.6)
SIDE: Final = 256  # cells of the frame; one is 4 x 4 px of the FFHQ 1024 alignment, about 1 mm
SMOOTHING: Final = 3.0  # σ in cells: faces in this alignment agree to about as much
OTHER_SMOOTHINGS: Final = (1.0, 6.0)  # reported beside it
MIN_GRADED: Final = 0.25  # share of the faces that must be graded at a cell
_RESAMPLES: Final = 200  # of maps; each is blurred anew

Map = NDArray[np.float32]  # (SIDE, SIDE)

# Boxes (y0, y1, x0, x1) of the FFHQ 1024 frame, and rank correlation of the drawn density with age,
# as the masks' description gives them. The upper lids are not graded and have no box here.
BOXES: Final = MappingProxyType(
    {
        "forehead": ((150, 400, 300, 724),),
        "glabella": ((380, 500, 450, 574),),
        "crow's feet": ((420, 570, 694, 874), (420, 570, 150, 330)),
        "under the eyes": ((500, 580, 330, 694),),
        "nasolabial": ((570, 760, 300, 724),),
        "mouth and chin": ((700, 950, 380, 644),),
    }
)
AGE_SPEARMAN: Final = MappingProxyType(
    {
        "forehead": 0.53,
        "glabella": 0.63,
        "crow's feet": 0.42,
        "under the eyes": 0.34,
        "nasolabial": 0.33,
        "mouth and chin": 0.34,
    }
)


@dataclass(frozen=True, slots=True)
class Seen:
    """Where F faces were graded for wrinkles, and how strongly lines were seen there."""

    severity: NDArray[np.float32]  # (F, SIDE, SIDE) 0..1, 0 outside the graded skin
    graded: NDArray[np.float32]  # (F, SIDE, SIDE) 0..1 share of the cell that was graded
    labels: NDArray[np.int64]  # (F,) wrinkles_seen


def read_faces(grader: Grader, folder: Path) -> Seen:
    """Examine every face of the folder, second copies left out; gate warn."""
    tiles = [tile for tile in read_tiles(folder) if tile.pair_of is None]
    severity, graded, labels = [], [], []
    for tile in track(tiles, len(tiles), "wrinkle lines"):
        examination = grader.examine([photo_of(folder, tile)], gate=Gate.WARN)
        if not examination.maps:
            continue
        severity.append(_framed(severity_in_photo(examination, 0, Concern.WRINKLES)))
        graded.append(_framed(severity_in_photo(_everywhere(examination), 0, Concern.WRINKLES)))
        labels.append(tile.wrinkles_seen)
    return Seen(np.stack(severity), np.stack(graded), np.array(labels, np.int64))


def drawn_lines(folder: Path) -> Map:
    """Return the share of drawn pixels per cell, averaged over the hand-drawn masks."""
    return np.asarray(np.load(folder / "heat.npy"), np.float32)


def measure(seen: Seen, drawn: Map, seed: int) -> Part:
    """Judge the correlation of the two maps over the graded skin."""
    findings = [_correlation(seen, drawn, seed), *_other_correlations(seen, drawn)]
    findings += _zone_orders(seen, drawn)
    return Part(
        name="lines",
        title="Where lines are seen, against hand-drawn lines",
        method=(
            "The severity map of wrinkles of each generated portrait, laid back over the photo as "
            "the overlays are and averaged over the faces, in the 256 × 256 frame of the average "
            "of 674 hand-drawn masks (FFHQ alignment). Compared where at least "
            f"{100 * MIN_GRADED:.0f} % of the faces were graded, which leaves out lids, brows and "
            f"lips; both maps smoothed inside that skin alone (σ {SMOOTHING:g} cells, 1 cell "
            "about 1 mm). Pearson correlation over the cells. The drawn lines come from other "
            "people, by a lay hand."
        ),
        findings=tuple(findings),
        tables=(_by_zone(seen, drawn),),
    )


def density(seen: Seen, faces: Index | None = None) -> tuple[Map, NDArray[np.bool_]]:
    """Return the mean severity per cell over ``faces``, and where it is known well enough."""
    chosen = np.arange(len(seen.labels)) if faces is None else faces
    weight = np.bincount(chosen, minlength=len(seen.labels)).astype(np.float32)
    total = np.tensordot(weight, seen.severity, 1)
    graded = np.tensordot(weight, seen.graded, 1)
    known = graded >= MIN_GRADED * len(chosen)
    return np.where(known, total / np.maximum(graded, 1e-6), 0).astype(np.float32), known


def smoothed(values: Map, inside: NDArray[np.bool_], sigma: float) -> Map:
    """Blur ``values`` within ``inside``; what lies outside neither adds nor dilutes."""
    weight = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), sigma)
    total = cv2.GaussianBlur(np.where(inside, values, 0).astype(np.float32), (0, 0), sigma)
    return np.asarray(np.where(inside, total / np.maximum(weight, 1e-6), 0), np.float32)


def _framed(severity: NDArray[np.float32]) -> Map:
    """A square photo in FFHQ alignment to the frame's cells."""
    return np.asarray(cv2.resize(severity, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.float32)


def _everywhere(examination: Examination) -> Examination:
    """The same examination as if every graded pixel were severe: its overlay is where it graded."""
    maps = tuple(replace(layer, values=np.ones_like(layer.values)) for layer in examination.maps)
    return replace(examination, maps=maps)


def _both(
    seen: Seen, drawn: Map, sigma: float, faces: Index | None = None
) -> tuple[Floats, Floats]:
    """Return both maps over the cells that ``faces`` know, equally smoothed (n,), (n,)."""
    predicted, known = density(seen, faces)
    one, other = (smoothed(values, known, sigma)[known] for values in (predicted, drawn))
    return one.astype(np.float64), other.astype(np.float64)


def _correlation(seen: Seen, drawn: Map, seed: int) -> Finding:
    def statistic(faces: Index) -> float:
        return pearson(*_both(seen, drawn, SMOOTHING, faces))

    count = len(seen.labels)
    return found(
        "map_correlation",
        statistic(np.arange(count)),
        over_subjects(statistic, count, seed, _RESAMPLES),
        n=count,
        subjects="faces",
        group=f"σ {SMOOTHING:g} cells",
        target=CORRELATION,
    )


def _other_correlations(seen: Seen, drawn: Map) -> list[Finding]:
    """By ranks, and under less and more smoothing: whether the figure hangs on a choice."""
    values = {
        ("map_rank_correlation", SMOOTHING): spearman(*_both(seen, drawn, SMOOTHING)),
        **{
            ("map_correlation", sigma): pearson(*_both(seen, drawn, sigma))
            for sigma in OTHER_SMOOTHINGS
        },
    }
    return [
        found(name, value, None, n=len(seen.labels), subjects="faces", group=f"σ {sigma:g} cells")
        for (name, sigma), value in values.items()
    ]


def _box(values: NDArray[np.float32], name: str) -> Floats:
    """Return (..., cells) inside a zone's boxes of a map (..., SIDE, SIDE)."""
    parts = []
    for y0, y1, x0, x1 in BOXES[name]:
        part = values[..., y0 // 4 : y1 // 4, x0 // 4 : x1 // 4]
        parts.append(part.reshape(*part.shape[:-2], -1))
    return np.concatenate(parts, axis=-1).astype(np.float64)


def _of_faces(seen: Seen, name: str) -> Floats:
    """Return each face's mean severity over the graded skin of a zone's boxes; NaN without."""
    total, graded = _box(seen.severity, name).sum(-1), _box(seen.graded, name).sum(-1)
    return np.where(graded > 0, total / np.maximum(graded, 1e-6), np.nan)


def _with_label(seen: Seen, name: str) -> float:
    values = _of_faces(seen, name)
    known = ~np.isnan(values)
    return spearman(values[known], seen.labels[known].astype(np.float64))


def _drawn_in(seen: Seen, drawn: Map, name: str) -> float:
    _, known = density(seen)
    inside = _box(known.astype(np.float32), name) > 0
    return float(_box(drawn, name)[inside].mean()) if inside.any() else float("nan")


def _zone_orders(seen: Seen, drawn: Map) -> list[Finding]:
    """How zones rank: by density, and by how much density follows label or age."""
    predicted = np.array([np.nanmean(_of_faces(seen, name)) for name in BOXES])
    human = np.array([_drawn_in(seen, drawn, name) for name in BOXES])
    follows_label = np.array([_with_label(seen, name) for name in BOXES])
    follows_age = np.array([AGE_SPEARMAN[name] for name in BOXES])
    return [
        found(name, spearman(one, other), None, n=len(BOXES), subjects="zones")
        for name, one, other in (
            ("zone_order_of_density", predicted, human),
            ("zone_order_of_ageing", follows_label, follows_age),
        )
    ]


def _by_zone(seen: Seen, drawn: Map) -> Table:
    rows = []
    for name in BOXES:
        values = _of_faces(seen, name)
        by_label = [f"{np.nanmean(values[seen.labels == label]):.3f}" for label in range(3)]
        rows.append(
            (
                name,
                *by_label,
                f"{_with_label(seen, name):.2f}",
                f"{_drawn_in(seen, drawn, name):.3f}",
                f"{AGE_SPEARMAN[name]:.2f}",
            )
        )
    return Table(
        caption=(
            "Mean severity of lines by zone and wrinkles seen (0, 1, 2) and its rank correlation "
            "with that label; hand-drawn density and its rank correlation with age"
        ),
        header=("zone", "0", "1", "2", "with label", "drawn density", "drawn, with age"),
        rows=tuple(rows),
    )
