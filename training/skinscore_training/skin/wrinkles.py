"""Lines and folds by zone: where they run, how deep and wide they are, and their relief.

Paths are drawn on the mean face (mm) on the subject's right side and mirrored for the left;
numbers, lengths and widths after the table in methods c.5.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from skinscore.domain.zones import Side, Zone, ZoneKind
from skinscore_training.skin.sheet import Floats, Map, Sheet, splat
from skinscore_training.skin.streams import Waves

PIECE_PX: Final = 0.75  # of a line; the thinnest ones vary by an eighth along their run
_STEPS: Final = np.linspace(0, 1, 24)
_SIDE_BY_SIDE: Final = 0.6  # of the people whose zone has lines that can run in parallel
Path = Callable[[np.random.Generator], Floats]  # one line (24,2), mm


@dataclass(frozen=True, slots=True)
class Pattern:
    """What the lines of a zone look like; ranges run from grade 1 to grade 4."""

    path: Path
    count: tuple[float, float]
    width_mm: tuple[float, float]  # full width at half depth
    sway: float  # lateral wander, mm
    fold_mm: float  # width of the raised side of a fold; 0 for a line
    spacing_mm: tuple[float, float] | None  # between lines that run side by side; None: never do


def _line(x: Floats, y: Floats) -> Floats:
    return np.stack(np.broadcast_arrays(x, y), -1)


def _forehead(rng: np.random.Generator) -> Floats:
    length = rng.uniform(25, 110)
    middle = rng.normal(0, 16) if length > 60 else rng.uniform(-42, 42)
    x = middle + (_STEPS - 0.5) * length
    arch = rng.uniform(1, 6) * np.exp(-(((np.abs(x) - 32) / 18) ** 2))
    side = rng.uniform(0, 6) * (x / 55) ** 2
    return _line(x, rng.uniform(-60, -30) - arch + side)


def _glabella(rng: np.random.Generator) -> Floats:
    if rng.random() < 0.25:
        x = (_STEPS - 0.5) * rng.uniform(10, 20)
        return _line(x, rng.uniform(-5, 1) - 0.02 * x**2)
    side = rng.choice((-1.0, 1.0))
    x = side * rng.uniform(2.5, 9) + side * rng.uniform(-0.1, 0.4) * (0.5 - _STEPS) * 10
    return _line(x, -24 + rng.uniform(-3, 6) + _STEPS * rng.uniform(12, 26))


def _fan(rng: np.random.Generator) -> Floats:
    angle = np.deg2rad(rng.uniform(-60, 50)) + rng.normal(0, 0.25) * _STEPS
    reach = rng.uniform(3, 8) + _STEPS * rng.uniform(6, 28)
    return _line(-44 - reach * np.cos(angle), 1 + reach * np.sin(angle))


def _under_eye(rng: np.random.Generator) -> Floats:
    start, span = rng.uniform(-48, -26), rng.uniform(7, 26)
    x = np.minimum(start + _STEPS * span, -14)
    lid = 4 + 5 * (1 - ((x + 31) / 18) ** 2)
    return _line(x, lid + rng.uniform(2, 13) + rng.normal(0, 0.15) * (x - start))


def _nasolabial(rng: np.random.Generator) -> Floats:
    shift, bow = rng.normal(0, 1.2), rng.normal(0, 1.5)
    start, end = rng.uniform(-0.1, 0.1), rng.uniform(0.75, 1.1)
    t = start + _STEPS * (end - start)
    return _line(-19 - 17 * np.maximum(t, 0) ** 0.9 + shift - bow * np.sin(np.pi * t), 41 + 26 * t)


def _marionette(rng: np.random.Generator) -> Floats:
    t = _STEPS * rng.uniform(0.4, 1.1)
    return _line(-28 + rng.normal(0, 1.5) - rng.uniform(-2, 5) * t, 69 + 25 * t)


def _upper_lip(rng: np.random.Generator) -> Floats:
    x = rng.uniform(-23, 23)
    foot = 59 + 4 * (x / 24) ** 2
    rise = _STEPS * rng.uniform(3, 9)
    return _line(x + rise * (x / 60 + rng.normal(0, 0.12)), foot - rise)


def _chin(rng: np.random.Generator) -> Floats:
    x = (_STEPS - 0.5) * rng.uniform(18, 38) + rng.normal(0, 2)
    return _line(x, 85 + rng.normal(0, 2.5) + 0.012 * x**2)


def _cheek(rng: np.random.Generator) -> Floats:
    t = _STEPS * rng.uniform(0.3, 1) + rng.uniform(-0.2, 0.4)
    offset = rng.uniform(5, 28)
    if rng.random() < 0.12:  # oblique, from the eye's corner downwards
        return _line(-58 + 22 * t + rng.uniform(-4, 14), 22 + rng.uniform(0, 14) + 24 * t)
    return _line(-21 - 17 * t - offset - 0.15 * offset * np.sin(np.pi * t), 30 + 34 * t)


def _lower_cheek(rng: np.random.Generator) -> Floats:
    t = _STEPS * rng.uniform(0.4, 1)
    lean = rng.uniform(-4, 18)
    return _line(-66 + rng.uniform(0, 26) + lean * t, 44 + rng.uniform(-4, 18) + 36 * t)


def _temple(rng: np.random.Generator) -> Floats:
    angle = np.deg2rad(rng.uniform(-20, 75))
    reach = _STEPS * rng.uniform(8, 26)
    return _line(-52 - reach * np.cos(angle), rng.uniform(-20, 2) - reach * np.sin(angle))


def _nose(rng: np.random.Generator) -> Floats:
    if rng.random() < 0.4:
        x = (_STEPS - 0.5) * rng.uniform(8, 15)
        return _line(x, rng.uniform(-1, 8) + 0.03 * x**2)
    side = rng.choice((-1.0, 1.0))
    t = _STEPS * rng.uniform(0.5, 1)
    return _line(side * (11 - 8 * t), rng.uniform(8, 18) - 6 * t)


PATTERNS: Final[Mapping[ZoneKind, Pattern]] = {
    ZoneKind.FOREHEAD: Pattern(_forehead, (2, 10), (0.9, 2.0), 0.8, 0.0, (3.5, 9.0)),
    ZoneKind.GLABELLA: Pattern(_glabella, (1, 4.5), (1.0, 2.2), 0.35, 0.0, None),
    ZoneKind.TEMPLE: Pattern(_temple, (1.5, 8), (0.8, 1.8), 0.8, 0.0, (3.0, 7.0)),
    ZoneKind.CROWS_FEET: Pattern(_fan, (2, 11), (0.7, 1.7), 0.5, 0.0, None),
    ZoneKind.UNDER_EYE: Pattern(_under_eye, (3, 14), (0.6, 1.2), 0.5, 0.0, (1.8, 3.5)),
    ZoneKind.NOSE: Pattern(_nose, (1.5, 5), (0.7, 1.4), 0.4, 0.0, None),
    ZoneKind.CHEEK: Pattern(_cheek, (2, 12), (0.9, 2.2), 1.0, 0.0, (2.5, 6.0)),
    ZoneKind.NASOLABIAL: Pattern(_nasolabial, (1, 1.8), (1.6, 4.5), 0.6, 6.0, None),
    ZoneKind.LOWER_CHEEK: Pattern(_lower_cheek, (2, 10), (0.8, 2.0), 0.8, 0.0, (3.0, 7.0)),
    ZoneKind.MARIONETTE: Pattern(_marionette, (1, 2.2), (1.2, 3.0), 0.6, 4.0, None),
    ZoneKind.UPPER_LIP: Pattern(_upper_lip, (4, 22), (0.6, 1.3), 0.25, 0.0, None),
    ZoneKind.CHIN: Pattern(_chin, (1, 2), (1.3, 3.2), 0.6, 3.0, None),
}


@dataclass(frozen=True, slots=True)
class Lines:
    """Pieces of lines. All arrays (n,), ``xy`` (n,2)."""

    xy: Floats  # px of the sheet
    length_mm: Floats  # of the piece
    depth_mm: Floats
    width_mm: Floats
    fold_mm: Floats  # width of the raised side; 0 for a line
    lift: Floats  # (n,2) unit vector to the raised side

    def deeper(self, factor: float) -> "Lines":
        return Lines(
            self.xy, self.length_mm, self.depth_mm * factor, self.width_mm, self.fold_mm, self.lift
        )


def joined(parts: list[Lines]) -> Lines:
    """Return all pieces as one; of no parts, no pieces."""

    def column(name: str, *shape: int) -> Floats:
        return np.concatenate([np.zeros((0, *shape)), *(getattr(part, name) for part in parts)])

    return Lines(
        xy=column("xy", 2),
        length_mm=column("length_mm"),
        depth_mm=column("depth_mm"),
        width_mm=column("width_mm"),
        fold_mm=column("fold_mm"),
        lift=column("lift", 2),
    )


def draw_lines(
    rng: np.random.Generator,
    zone: Zone,
    severity: float,
    depth_mm: float,
    to_px: Callable[[Floats], Floats],
    mm_per_px: float,
) -> Lines:
    """Draw the lines of one zone for a wanted severity.

    Args:
        severity: 0..4, sets number and width.
        depth_mm: of the deepest line; the others are shallower.
        to_px: maps (...,2) mm on the mean face to px of the sheet.
    """
    pattern = PATTERNS[zone.kind]
    part = np.clip((severity - 0.5) / 3.5, 0, 1)
    count = max(1, round(np.interp(part, (0, 1), pattern.count) * rng.uniform(0.75, 1.25)))
    paths = np.stack([pattern.path(rng) for _ in range(count)])
    if pattern.spacing_mm and count > 2 and rng.random() < _SIDE_BY_SIDE:
        paths = _side_by_side(rng, paths, rng.uniform(*pattern.spacing_mm))
    sway = Waves.draw(rng, rng.uniform(0.6, 1.6, count)).at(_STEPS[None, :])
    # A short line wanders less than a long one.
    reach = np.hypot(*np.ptp(paths, axis=1).T)[:, None]
    wander = pattern.sway * np.clip(reach / 40, 0.25, 1)
    paths = paths + (wander * sway)[..., None] * _across(paths)
    low, high = np.log(pattern.width_mm)
    width = np.exp(low + (high - low) * part + rng.normal(0, 0.2, count))
    own = np.concatenate([[1.0], rng.uniform(0.35, 1.0, count - 1)])
    fold = np.zeros(count)
    fold[0] = pattern.fold_mm

    # Between the lines that are counted, lined skin is crossed by many fine ones.
    crepe = int(part * count * rng.uniform(0.3, 1.8))
    if crepe:
        fine = np.stack([pattern.path(rng) for _ in range(crepe)])
        middle, slant = fine.mean(1, keepdims=True), rng.normal(0, 0.35, crepe)
        c, s = np.cos(slant)[:, None], np.sin(slant)[:, None]
        along = (fine - middle) * rng.uniform(0.3, 0.7, (crepe, 1, 1))
        turned = (c * along[..., 0] - s * along[..., 1], s * along[..., 0] + c * along[..., 1])
        paths = np.concatenate([paths, np.stack(turned, -1) + middle])
        width = np.concatenate([width, rng.uniform(0.4, 0.8, crepe)])
        own = np.concatenate([own, rng.uniform(0.1, 0.35, crepe)])
        fold = np.concatenate([fold, np.zeros(crepe)])

    forked = np.flatnonzero(rng.random(count) < 0.2)
    paths = np.concatenate([paths, _branches(rng, paths[forked])])
    width = np.concatenate([width, 0.7 * width[forked]])
    own = np.concatenate([own, 0.5 * own[forked]])
    fold = np.concatenate([fold, np.zeros(forked.size)])
    lateral = -1.0
    if zone.side is Side.LEFT:
        paths, lateral = paths * (-1, 1), 1.0
    return _trace(rng, to_px(paths), own * depth_mm, width, fold, lateral, mm_per_px)


def _side_by_side(rng: np.random.Generator, paths: Floats, spacing_mm: float) -> Floats:
    """Lay most paths (n,P,2) beside the first one or two, as lines across one muscle run."""
    count = len(paths)
    out = paths.copy()
    order = (np.arange(count) // 2 + 1) * np.where(np.arange(count) % 2, 1, -1)
    for number in range(2, count):
        parent = paths[number % 2]
        offset = order[number // 2] * spacing_mm + rng.normal(0, 0.2 * spacing_mm)
        start, stop = np.sort(rng.choice(len(parent), 2, replace=False))
        start, stop = min(start, 8), max(stop, len(parent) - 8)
        place = np.linspace(start, stop - 1, len(parent))
        below = np.minimum(place.astype(np.int64), len(parent) - 2)
        rest = (place - below)[:, None]
        own = parent[below] * (1 - rest) + parent[below + 1] * rest
        out[number] = own + offset * _across(own[None])[0]
    return out


def _across(paths: Floats) -> Floats:
    """Unit vectors (n,P,2) at right angles to paths (n,P,2)."""
    along = np.gradient(paths, axis=1)
    across = np.stack([-along[..., 1], along[..., 0]], -1)
    out: Floats = across / (np.hypot(across[..., 0], across[..., 1])[..., None] + 1e-9)
    return out


def _branches(rng: np.random.Generator, paths: Floats) -> Floats:
    """Paths (n,P,2) that leave the given ones somewhere in their first two thirds."""
    if not paths.size:
        return paths
    count, points = paths.shape[:2]
    start = rng.integers(4, 16, (count, 1))
    place = start + np.linspace(0, 1, points) * (points - 1 - start)
    below = np.minimum(place.astype(np.int64), points - 2)
    row, rest = np.arange(count)[:, None], (place - below)[..., None]
    ahead = paths[row, below] * (1 - rest) + paths[row, below + 1] * rest
    away = rng.choice((-1.0, 1.0), count) * rng.uniform(2, 5, count)
    out: Floats = ahead + (away[:, None] * np.linspace(0, 1, points))[..., None] * _across(ahead)
    return out


def _trace(
    rng: np.random.Generator,
    paths: Floats,
    depth: Floats,
    width: Floats,
    fold: Floats,
    lateral: float,
    mm_per_px: float,
) -> Lines:
    """Cut paths (n,P,2; px) into pieces of ``PIECE_PX``.

    ``lateral`` is the sign of x away from the nose.
    """
    ahead = np.diff(paths, axis=1)
    step = np.hypot(ahead[..., 0], ahead[..., 1])
    place = np.concatenate([np.zeros((len(paths), 1)), np.cumsum(step, 1)], 1)
    total = place[:, -1]
    pieces = np.maximum(8, (total / PIECE_PX).astype(np.int64))
    of = np.repeat(np.arange(len(paths)), pieces)
    first = np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (np.arange(of.size) - first) / (pieces[of] - 1)
    # All paths on one ruler, a pixel apart, so that one interpolation serves all.
    offset = np.cumsum(total + 1) - total
    known, asked = (place + offset[:, None]).ravel(), share * total[of] + offset[of]
    normal = _across(paths)

    def along(values: Floats) -> Floats:
        return np.stack([np.interp(asked, known, values[..., i].ravel()) for i in (0, 1)], 1)

    end = rng.uniform(0.12, 0.3, (2, len(paths)))
    taper = np.clip(share / end[0][of], 0, 1) * np.clip((1 - share) / end[1][of], 0, 1)
    waves = Waves.draw(rng, rng.uniform(8, 20, len(paths)))
    uneven = np.where(fold > 0, 0.1, 0.25)[of] * waves.at(share * total[of] * mm_per_px, of)
    broken = np.where(fold > 0, 0.0, rng.uniform(0, 1, len(paths)) ** 3)
    where = rng.uniform(0.2, 0.8, len(paths))
    gap = 1 - broken[of] * np.exp(-(((share - where[of]) / 0.06) ** 2))
    lift = along(normal)
    return Lines(
        xy=along(paths),
        length_mm=(total / pieces * mm_per_px)[of],
        depth_mm=depth[of] * np.sqrt(taper) * np.clip(np.exp(uneven), 0.5, 1.6) * gap,
        width_mm=width[of] * (0.6 + 0.4 * np.sqrt(taper)),
        fold_mm=fold[of],
        lift=lift * np.where(lift[:, :1] * lateral < 0, -1, 1),
    )


_FWHM: Final = 2.3548
_SHOULDER: Final = 0.15  # height of the raised rim, of the depth
_RIM: Final = 2.8  # its width, of the groove's


def line_relief(sheet: Sheet, lines: Lines) -> Map:
    """Return the height (H,W; mm, negative in the groove) of lines and folds."""
    if not lines.length_mm.size:
        return np.zeros(sheet.shape, np.float32)
    sigma = lines.width_mm / _FWHM
    area = np.sqrt(2 * np.pi) * sigma * lines.depth_mm * lines.length_mm  # volume of the groove
    deep = 1 / (1 - _SHOULDER)
    folded = lines.fold_mm > 0
    bulge = np.sqrt(2 * np.pi) * lines.fold_mm / 2 * 0.35 * lines.depth_mm * lines.length_mm
    xy = np.concatenate(
        [
            lines.xy,
            lines.xy,
            (lines.xy + lines.lift * lines.fold_mm[:, None] / sheet.mm_per_px)[folded],
        ]
    )
    volume = np.concatenate([-deep * area, deep * _SHOULDER * _RIM * area, bulge[folded]])
    width = np.concatenate([sigma, _RIM * sigma, (lines.fold_mm / 2)[folded]])
    return splat(sheet, xy, volume, np.clip(width, 0.12, 4.0))


def line_map(sheet: Sheet, lines: Lines, severity: Floats) -> Map:
    """Return the (H,W) ground truth: ``severity`` (n,) of each piece on a line 1.2 mm wide."""
    sigma = 0.5
    volume = np.sqrt(2 * np.pi) * sigma * severity * lines.length_mm
    return splat(sheet, lines.xy, volume, np.full(volume.shape, sigma))
