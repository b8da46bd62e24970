"""Figure 4: what must not move a grade, added one at a time to otherwise identical skin."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.concerns import CONCERNS
from skinscore.grading.uncertainty import grade_of
from skinscore.imaging.rules import GateLimits, Geometry
from skinscore_training.progress import track
from skinscore_training.proof.answers import CropReader
from skinscore_training.proof.findings import Finding, Part, Table, at_most, found
from skinscore_training.proof.intervals import over_subjects
from skinscore_training.proof.skins import (
    affected,
    clear,
    gradable_view,
    plan_of,
    read,
    shoot_each,
    tone_of,
)
from skinscore_training.skin.crops import RenderedCrops
from skinscore_training.skin.subject import DISTRACTORS, Subject, make_subject

SHIFT: Final = at_most(0.25)
GROUNDS: Final = ("clear", "affected")
_SEEN_LEVELS: Final = 8  # of 255, in the channel that changes most
_SEEN_SHARE: Final = 0.005  # of the zone's pixels


@dataclass(frozen=True, slots=True)
class Shifts:
    """Every zone of every skin that a distractor was laid on: one row each."""

    skin: NDArray[np.int64]  # (R,)
    ground: NDArray[np.str_]  # (R,) of GROUNDS
    distractor: NDArray[np.str_]  # (R,)
    plain: NDArray[np.bool_]  # (R,) the picture of the zone shows it plainly
    without: NDArray[np.float64]  # (R, 3) score of the same zone before
    with_it: NDArray[np.float64]  # (R, 3) and after


class _Row(NamedTuple):
    skin: int
    ground: str
    distractor: str
    plain: bool
    without: NDArray[np.float64]
    with_it: NDArray[np.float64]


def add_each(
    reader: CropReader, geometry: Geometry, limits: GateLimits, skins: int, seed: int
) -> Shifts:
    """Render and read every skin bare and with each distractor alone.

    A zone that a distractor does not reach (stubble on a forehead, a mole on the skin beside) says
    nothing and is left out, though the camera, which exposes for all of a crop, may change it.
    """
    rows: list[_Row] = []
    for number in track(range(skins), skins, "distractors"):
        for ground in GROUNDS:
            rows += _of_skin(reader, geometry, limits, number, ground, seed)
    return Shifts(
        skin=np.array([row.skin for row in rows], np.int64),
        ground=np.array([row.ground for row in rows], np.str_),
        distractor=np.array([row.distractor for row in rows], np.str_),
        plain=np.array([row.plain for row in rows], np.bool_),
        without=np.array([row.without for row in rows]).reshape(-1, len(CONCERNS)),
        with_it=np.array([row.with_it for row in rows]).reshape(-1, len(CONCERNS)),
    )


def measure(shifts: Shifts, seed: int) -> Part:
    """Judge the mean shift of every score by every distractor; report single zones."""
    everywhere = np.ones_like(shifts.plain)
    findings = [
        finding
        for figure, counted in (("shift", everywhere), ("shift where plain", shifts.plain))
        for ground in GROUNDS
        for name in DISTRACTORS
        for place in range(len(CONCERNS))
        if (finding := _shift(figure, shifts, counted, ground, name, place, seed)) is not None
    ]
    return Part(
        name="distractors",
        title="Distractors added one at a time (rendered skin)",
        method=(
            "The same rendered skin under the same light and camera, bare and with one distractor "
            "laid on, in photos of so many px per mm that every concern is graded (pigmentation "
            "would be on coarser ones); clear skin (nothing to grade) and affected skin (each "
            "concern between 1 and 3 in every zone). Counted are zones that the distractor "
            "reaches: where skin, hair or what is worn differs inside the zone, not only the "
            "exposure. Figure: size of the mean shift of a score, in grades; its sign is in the "
            "table. Once more where it is plain to see: 0.5 % of the zone's pixels or more change "
            "by more than 8 of 255. Single zones scatter more: their 95th percentile is listed."
        ),
        findings=tuple(findings),
        tables=tuple(_table(shifts, ground) for ground in GROUNDS),
    )


def _of_skin(
    reader: CropReader,
    geometry: Geometry,
    limits: GateLimits,
    number: int,
    ground: str,
    seed: int,
) -> list[_Row]:
    plan, tone = plan_of(number, geometry), tone_of(seed, number)
    wanted = clear(geometry, tone) if ground == "clear" else affected(geometry, tone, seed, number)
    laid_on = [frozenset[str](), *(frozenset({name}) for name in DISTRACTORS)]
    made = [make_subject(seed, number, plan, geometry, wanted, only) for only in laid_on]
    view = gradable_view(seed, number, made[0], limits)
    parts = shoot_each(made, [view] * len(made), number, geometry, seed)
    scores = read(reader, parts)
    return [
        _Row(
            number,
            ground,
            name,
            _visible(parts[0], parts[place], slot),
            scores[0, slot],
            scores[place, slot],
        )
        for place, name in enumerate(DISTRACTORS, start=1)
        for slot in range(geometry.slots)
        if not np.isnan((scores[0, slot], scores[place, slot])).any()
        if _reaches(made[0], made[place], slot)
    ]


def _reaches(bare: Subject, laid_on: Subject, slot: int) -> bool:
    """Whether anything inside the slot's mask differs, before light and camera."""
    inside = bare.masks[slot] > 0
    pairs = zip(_layers(bare), _layers(laid_on), strict=True)
    return any(not np.array_equal(one[..., inside], other[..., inside]) for one, other in pairs)


def _visible(bare: RenderedCrops, laid_on: RenderedCrops, slot: int) -> bool:
    """Whether the picture of the slot's zone tells the two apart."""
    inside = bare.masks[0, 0, slot] > 0
    apart = np.abs(bare.pixels[0, 0].astype(np.int16) - laid_on.pixels[0, 0]).max(axis=-1)
    return bool((apart[inside] > _SEEN_LEVELS).mean() >= _SEEN_SHARE)


def _layers(subject: Subject) -> Iterator[NDArray[np.float32]]:
    """All that lies on the sheet, each (..., H, W)."""
    for laid in (subject.skin, subject.painted):
        for field in fields(laid):
            yield getattr(laid, field.name)
    yield subject.shape


def _of(shifts: Shifts, ground: str, name: str) -> NDArray[np.bool_]:
    return np.asarray((shifts.ground == ground) & (shifts.distractor == name))


def _shift(
    figure: str,
    shifts: Shifts,
    counted: NDArray[np.bool_],
    ground: str,
    name: str,
    place: int,
    seed: int,
) -> Finding | None:
    """The size of the mean shift over skins; None when the distractor is on none that counts."""
    rows = _of(shifts, ground, name) & counted
    if not rows.any():
        return None
    change = (shifts.with_it - shifts.without)[rows, place]
    skins, owner = np.unique(shifts.skin[rows], return_inverse=True)
    per_skin = np.bincount(owner, change) / np.bincount(owner)
    return found(
        figure,
        abs(float(per_skin.mean())),
        over_subjects(lambda drawn: abs(float(per_skin[drawn].mean())), len(skins), seed),
        n=len(skins),
        subjects="skins",
        concern=CONCERNS[place],
        group=f"{name} on {ground} skin",
        target=SHIFT,
    )


def _table(shifts: Shifts, ground: str) -> Table:
    lines = []
    for name in DISTRACTORS:
        rows = _of(shifts, ground, name)
        if not rows.any():
            continue
        change = (shifts.with_it - shifts.without)[rows]
        moved = _grades(shifts.with_it[rows]) != _grades(shifts.without[rows])
        cells = [
            f"{change[:, place].mean():+.2f}; {np.percentile(np.abs(change[:, place]), 95):.2f}; "
            f"{100 * moved[:, place].mean():.0f} %"
            for place in range(len(CONCERNS))
        ]
        lines.append((name, str(int(rows.sum())), *cells))
    return Table(
        caption=(
            f"On {ground} skin: mean shift; 95th percentile of its size in one zone; share of "
            "zones whose grade changes"
        ),
        header=("distractor", "zones", *CONCERNS),
        rows=tuple(lines),
    )


def _grades(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.array([[grade_of(float(score)) for score in row] for row in scores], np.int64)
