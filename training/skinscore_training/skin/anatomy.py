"""What a face has besides skin: eyes, lids, lashes, brows, lips and nostrils, drawn on the chart.

Nothing here is ever graded; it is what the face models look for, and what stands at the edges of
the zones. All landmarks are those of the average face (see skinscore_training.skin.face_mesh).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.imaging.zones import MIRROR
from skinscore_training.skin.canvas import Canvas, noise, smooth

Array = NDArray[np.float64]
Plane = NDArray[np.float32]

UPPER_LID: Final = (
    33,
    246,
    161,
    160,
    159,
    158,
    157,
    173,
    133,
)  # right eye, from the temple inwards
LOWER_LID: Final = (33, 7, 163, 144, 145, 153, 154, 155, 133)
LID_CREASE: Final = (130, 247, 30, 29, 27, 28, 56, 190)
UNDER_LID: Final = (25, 110, 24, 23, 22, 26, 112)
BROW_TOP: Final = (70, 63, 105, 66, 107)
BROW_BOTTOM: Final = (46, 53, 52, 65, 55)
LIPS: Final = (
    61,
    185,
    40,
    39,
    37,
    0,
    267,
    269,
    270,
    409,
    291,
    375,
    321,
    405,
    314,
    17,
    84,
    181,
    91,
    146,
)
MOUTH_LINE: Final = (61, 78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 291)
NOSTRIL: Final = (166, 79, 239, 238, 20, 60, 75)
ALAR_CREASE: Final = (198, 209, 49, 48, 64, 235, 240)

IRIS_RADIUS_MM: Final = 5.85
EYEBALL_RADIUS_MM: Final = 12.0


@dataclass(frozen=True, slots=True)
class Looks:
    """What varies from face to face without any bearing on a grade."""

    iris: tuple[float, float, float]  # linear sRGB, 0..1
    hair: tuple[float, float, float]  # linear sRGB, 0..1
    brow_density: float  # 0..1
    brow_width: float  # 0.7..1.3 of the mesh's brow band
    lip_blood: float  # extra percent blood in the lips
    hairline_mm: float  # chart height of the hairline above the chart's origin, mid forehead


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Layers over the skin, each on one canvas; (S, S) float32 unless said."""

    paint: NDArray[np.float32]  # (S, S, 3) linear sRGB, of what is not skin
    cover: Plane  # 0..1, how much of the skin that paint hides
    blood: Plane  # percent blood added to the skin (absolute)
    melanin: Plane  # factor on the skin's melanin
    relief: Plane  # mm, positive is outwards
    open_sky: Plane  # 0..1, 1 is unshadowed: corners, nostrils and lid folds are darker
    gloss: Plane  # 0..1, wet or oily


def draw_features(canvas: Canvas, chart: Array, looks: Looks, rng: np.random.Generator) -> Features:
    """Draw both eyes, brows, the mouth and the nostrils; ``chart`` is (468, 2) mm."""
    pen = _Pen(canvas)
    for side in (np.arange(len(chart)), np.array(MIRROR)):
        at = chart[side]
        _eye(pen, at, looks, rng)
        _brow(pen, at, looks, rng)
        _nostril(pen, at)
    _mouth(pen, chart, looks, rng)
    return Features(
        paint=pen.paint,
        cover=pen.cover,
        blood=pen.blood,
        melanin=pen.melanin,
        relief=pen.relief,
        open_sky=pen.open_sky,
        gloss=pen.gloss,
    )


class _Pen:
    """The layers while they are being drawn."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.paint = np.zeros((canvas.side, canvas.side, 3), np.float32)
        self.cover = canvas.empty()
        self.blood = canvas.empty()
        self.melanin = canvas.empty() + 1
        self.relief = canvas.empty()
        self.open_sky = canvas.empty() + 1
        self.gloss = canvas.empty()

    def lay(self, colour: NDArray[np.floating], alpha: Plane, window: tuple[slice, slice]) -> None:
        """Lay an opaque colour over what is there; both are given within the window."""
        below, paint = self.cover[window], self.paint[window]
        both = alpha + below * (1 - alpha)
        weight = np.divide(alpha, both, out=np.zeros_like(alpha), where=both > 1e-6)[..., None]
        self.paint[window] = paint + (colour - paint) * weight
        self.cover[window] = both


def _eye(pen: _Pen, at: Array, looks: Looks, rng: np.random.Generator) -> None:
    canvas = pen.canvas
    upper, lower = at[list(UPPER_LID)], at[list(LOWER_LID)]
    outline = np.vstack([smooth(upper, closed=False), smooth(lower, closed=False)[::-1]])
    outer, inner = at[33], at[133]
    middle = (outer + inner) / 2 + np.array([0.0, -0.6])
    window = canvas.window(np.vstack([outline, at[list(LID_CREASE)]]), 6.0)
    x, y = (axis[window] for axis in canvas.places())
    dx, dy = x - np.float32(middle[0]), y - np.float32(middle[1])
    reach = np.hypot(dx, dy)
    inside = canvas.fill(outline, 0.15)[window]

    sclera = np.array([0.40, 0.35, 0.32], np.float32)
    colour = np.broadcast_to(sclera, (*inside.shape, 3)).copy()
    corner = np.exp(-(np.hypot(x - inner[0], y - inner[1]) ** 2) / (2 * 2.6**2))
    colour += corner[..., None] * (np.array([0.42, 0.17, 0.15], np.float32) - colour) * 0.8
    turn = np.arctan2(dy, dx)
    fibres = sum(
        np.sin(turn * k + p) for k, p in zip((23, 37, 61), rng.uniform(0, 6.3, 3), strict=True)
    )
    shade = 1 + 0.12 * fibres + 0.25 * np.exp(-((reach - 2.6) ** 2) / 1.2)
    iris = np.array(looks.iris, np.float32) * np.clip(shade, 0.4, 1.8)[..., None]
    limbus = _within((reach - (IRIS_RADIUS_MM - 0.6)) / 0.22)
    iris *= (0.35 + 0.65 * limbus)[..., None]
    inside_iris = _within((reach - IRIS_RADIUS_MM) / 0.18)
    colour += inside_iris[..., None] * (iris - colour)
    pupil = _within((reach - 1.9) / 0.12)
    colour *= (1 - 0.97 * pupil)[..., None]
    lid_shadow = canvas.stroke(smooth(upper, closed=False), 2.4, 1.0)[window]
    colour *= (1 - 0.6 * np.minimum(lid_shadow, 1) - 0.12)[..., None]
    # The window or lamp that every eye mirrors; it hardly moves with the light.
    mirrored = np.maximum(np.abs(dx + 1.7) / 1.0, np.abs(dy + 1.5) / 1.2)
    colour += (0.9 * _within((mirrored - 1) / 0.12))[..., None]

    waterline = canvas.stroke(smooth(lower, closed=False), 0.9, 0.25)
    pen.blood += 1.6 * waterline
    pen.blood[window] += 0.7 * canvas.blur(inside, 1.6)
    pen.lay(colour, inside, window)
    bulge = np.sqrt(np.maximum(EYEBALL_RADIUS_MM**2 - reach**2, 4)) - EYEBALL_RADIUS_MM
    pen.relief[window] += 0.5 * canvas.blur(inside, 0.8) * (bulge + 3.0)
    pen.gloss[window] = np.maximum(pen.gloss[window], inside)

    crease = smooth(at[list(LID_CREASE)], closed=False)
    fold = canvas.stroke(crease, 0.5, 0.35)
    pen.relief -= 0.5 * canvas.stroke(crease, 0.9, 0.5)
    pen.open_sky *= 1 - 0.55 * fold - 0.22 * canvas.stroke(crease + np.array([0, 1.2]), 2.5, 1.6)
    pen.open_sky *= 1 - 0.28 * canvas.stroke(
        smooth(lower, closed=False) + np.array([0, 1.2]), 1.0, 0.8
    )
    bag = smooth(at[list(UNDER_LID)] + np.array([0.0, 2.5]), closed=False)
    pen.open_sky *= 1 - 0.10 * canvas.stroke(bag, 2.5, 2.0)
    socket = at[[221, 189, 244]]
    pen.open_sky *= 1 - 0.25 * canvas.stroke(socket, 4.0, 3.5)
    _lashes(pen, upper, lower, looks, rng)


def _lashes(pen: _Pen, upper: Array, lower: Array, looks: Looks, rng: np.random.Generator) -> None:
    dark = np.array(looks.hair, np.float32) * 0.35
    away = np.sign(upper[0, 0] - upper[-1, 0])  # towards the temple
    for lid, count, length, rise in ((upper, 90, 6.0, -1.0), (lower, 45, 3.0, 0.7)):
        line = smooth(lid, closed=False)
        hairs = []
        for share in rng.uniform(0.06, 0.97, count):
            root = line[int((1 - share) * (len(line) - 1))]
            lean = away * (0.15 + 0.8 * (share - 0.25)) + rng.normal(0, 0.12)
            long = length * rng.uniform(0.5, 1.0) * (0.55 + 0.45 * share)
            t = np.linspace(0, 1, 6)[:, None]
            bend = np.array([lean * long * 0.8, rise * long * 0.45])
            hairs.append(root + bend * t + np.array([lean, rise * 0.5]) * long * 0.25 * t**2)
        strands, window = pen.canvas.hairs(hairs, np.full(count, 0.09))
        pen.lay(dark, 0.8 * strands, window)
    edge = smooth(upper, closed=False)[:-6]
    window = pen.canvas.window(edge, 2.0)
    pen.lay(dark, 0.75 * pen.canvas.stroke(edge, 0.55, 0.18)[window], window)


def _brow(pen: _Pen, at: Array, looks: Looks, rng: np.random.Generator) -> None:
    top, bottom = (
        smooth(at[list(BROW_TOP)], closed=False),
        smooth(at[list(BROW_BOTTOM)], closed=False),
    )
    middle, half = (top + bottom) / 2, (bottom - top) / 2 * looks.brow_width
    away = np.sign(at[70, 0] - at[107, 0])
    count = int(560 * looks.brow_density)
    hairs, widths = [], []
    last = len(middle) - 1
    for share in rng.beta(1.1, 1.0, count):  # 0 at the nose, 1 at the temple
        place = (1 - share) * last
        k = min(int(place), last - 1)
        across = rng.normal(0, 0.62) * (1 - 0.45 * max(share - 0.5, 0) * 2)
        root = middle[k] + (middle[k + 1] - middle[k]) * (place - k) + half[k] * across
        upright = np.clip(1.1 - 1.5 * share, -0.25, 1.0)
        heading = np.array(
            [away * (0.45 + 0.75 * share), -upright * 0.8 + 0.35 * share + 0.35 * -across]
        )
        heading /= np.hypot(*heading)
        long = rng.uniform(3.5, 7.0) * (0.8 if share < 0.15 else 1.0)
        t = np.linspace(0, 1, 5)[:, None]
        droop = np.array([away * 0.25, 0.25]) * t**2
        turn = rng.normal(0, 0.12, 2)
        hairs.append(root + long * (t * (heading + turn) + droop))
        widths.append(rng.uniform(0.06, 0.12))
    strands, window = pen.canvas.hairs(hairs, np.array(widths))
    shade = np.array(looks.hair, np.float32) * 0.7
    pen.melanin[window] *= 1 + 0.5 * pen.canvas.blur(strands, 1.5)
    pen.lay(shade, 0.75 * pen.canvas.blur(strands, 0.06), window)
    pen.relief[window] += 0.4 * pen.canvas.blur(strands, 2.0)


def _nostril(pen: _Pen, at: Array) -> None:
    ring = at[list(NOSTRIL)]
    centre = ring.mean(0)
    opening = smooth(centre + (ring - centre) * 0.72 + np.array([0.0, 0.6]), closed=True)
    pen.open_sky *= 1 - 0.93 * pen.canvas.fill(opening, 0.7)
    pen.open_sky *= 1 - 0.35 * pen.canvas.fill(opening, 2.5)
    crease = smooth(at[list(ALAR_CREASE)], closed=False)
    pen.relief -= 0.35 * pen.canvas.stroke(crease, 1.2, 0.8)
    pen.open_sky *= 1 - 0.35 * pen.canvas.stroke(crease[12:], 1.0, 0.9)
    pen.blood += 0.5 * pen.canvas.stroke(crease, 3.0, 2.0)


def _mouth(pen: _Pen, chart: Array, looks: Looks, rng: np.random.Generator) -> None:
    canvas = pen.canvas
    lips = canvas.fill(smooth(chart[list(LIPS)], closed=True), 0.55)
    line = smooth(chart[list(MOUTH_LINE)], closed=False)
    pen.blood += looks.lip_blood * lips
    pen.melanin *= 1 + 0.25 * lips
    pen.gloss = np.maximum(pen.gloss, 0.35 * lips)
    side = canvas.side
    stripes = noise(rng, (side, side), (9.0 * canvas.px_per_mm, 0.9 * canvas.px_per_mm), 1)
    pen.relief += lips * 0.06 * stripes
    pen.relief -= 0.9 * canvas.stroke(line, 0.8, 0.7)
    pen.open_sky *= 1 - 0.90 * canvas.stroke(line, 0.6, 0.3)
    pen.open_sky *= 1 - 0.5 * canvas.stroke(line, 1.8, 1.2)
    corners = np.vstack([chart[[61]], chart[[291]]])
    for corner in corners:
        spot = canvas.stroke(np.vstack([corner, corner + np.array([0.0, 0.6])]), 2.0, 1.2)
        pen.open_sky *= 1 - 0.35 * spot
    below = smooth(chart[[91, 181, 84, 17, 314, 405, 321]] + np.array([0.0, 2.0]), closed=False)
    pen.open_sky *= 1 - 0.18 * canvas.stroke(below, 2.0, 2.0)
    philtrum = smooth(chart[[2, 164, 0]], closed=False)
    pen.relief -= 0.5 * canvas.stroke(philtrum, 3.0, 1.6)


def _within(steps: NDArray[np.floating]) -> NDArray[np.floating]:
    """A soft edge: 1 well below zero, 0 well above."""
    return 0.5 * (1 - np.tanh(steps / 2))
