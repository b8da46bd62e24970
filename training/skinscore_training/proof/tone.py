"""Figure 5: is the error the same on every skin tone?"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.concerns import CONCERNS
from skinscore.imaging.gate import least_px_per_mm
from skinscore.imaging.rules import GateLimits, Geometry
from skinscore_training import figures, metrics
from skinscore_training.data.shards import PIXELS_PER_MM
from skinscore_training.progress import track
from skinscore_training.proof.answers import CropReader
from skinscore_training.proof.findings import Finding, Part, Table, at_most, found
from skinscore_training.proof.intervals import RESAMPLES
from skinscore_training.skin.crops import render_crops

GAP: Final = at_most(0.10)
TONES: Final = tuple(name for name, _ in figures.TONES)
_AT_ONCE: Final = 16  # skins rendered between two steps of the bar

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Errors:
    """What P skins add to the error of their tone."""

    ita_deg: Floats  # (P,)
    absolute: Floats  # (P, 3) sum over zones of |score - true grade|
    signed: Floats  # (P, 3) sum over zones of score - true grade
    zones: NDArray[np.int64]  # (P, 3) zones that photos are fine enough to grade

    def of(self, place: int) -> "Errors":
        """Return the skins that were graded for concern number ``place``."""
        counted = self.zones[:, place] > 0
        return Errors(
            ita_deg=self.ita_deg[counted],
            absolute=self.absolute[counted],
            signed=self.signed[counted],
            zones=self.zones[counted],
        )

    @property
    def bins(self) -> NDArray[np.int64]:
        """Return the place of each skin's tone in TONES."""
        return np.array([TONES.index(name) for name in figures.tone_of(self.ita_deg)], np.int64)


def read_people(
    reader: CropReader, geometry: Geometry, limits: GateLimits, skins: int, seed: int
) -> Errors:
    """Render fresh skins, as training draws them, and read them; one view each."""
    least = [least_px_per_mm(concern, limits) for concern in CONCERNS]
    tones, absolute, signed, zones = [], [], [], []
    starts = range(0, skins, _AT_ONCE)
    for start in track(starts, len(starts), "tones"):
        numbers = range(start, min(start + _AT_ONCE, skins))
        crops = render_crops(numbers, geometry, seed=seed, views=1)
        scores = reader.read_crops(crops.pixels[:, 0], crops.masks[:, 0])
        fine = crops.nuisance[PIXELS_PER_MM] >= least  # (n, 3): one view
        used = (crops.grade >= 0) & ~np.isnan(scores) & fine[:, None]
        error = np.where(used, scores - crops.grade, 0.0)
        tones.append(crops.ita_deg.astype(np.float64))
        absolute.append(np.abs(error).sum(axis=1))
        signed.append(error.sum(axis=1))
        zones.append(used.sum(axis=1))
    return Errors(
        np.concatenate(tones),
        np.concatenate(absolute),
        np.concatenate(signed),
        np.concatenate(zones).astype(np.int64),
    )


def measure(errors: Errors, seed: int) -> Part:
    """Judge the largest gap between tones; say how large one chance alone would make."""
    findings = []
    for place in range(len(CONCERNS)):
        counted = errors.of(place)
        findings += [_gap(counted, place, seed), _gap_by_chance(counted, place, seed)]
        findings += _by_tone(counted, place, seed)
    return Part(
        name="tone",
        title="Error by skin tone (rendered skin)",
        method=(
            "Fresh rendered skins, tone (individual typology angle) uniform and independent of "
            "everything else; counted are those whose photo has the px per mm to be graded for the "
            "concern. Gap: largest less smallest mean absolute error of the six tone bins, nothing "
            "subtracted. A gap of finite bins is never zero: the same gap with the tones dealt out "
            "anew at random says what chance alone gives (mean, and 95 % of the deals)."
        ),
        findings=tuple(findings),
        tables=(_table(errors),),
    )


def gap_of(sums: Floats) -> Floats:
    """Return the largest less the smallest MAE of (..., 2 T) sums: T of errors, T of zones."""
    tones = sums.shape[-1] // 2
    error, zones = sums[..., :tones], sums[..., tones:]
    with np.errstate(invalid="ignore", divide="ignore"):
        mae = np.where(zones > 0, error / zones, np.nan)
    known = ~np.isnan(mae)
    high = np.where(known, mae, -np.inf).max(axis=-1)
    low = np.where(known, mae, np.inf).min(axis=-1)
    return np.asarray(np.where(known.any(axis=-1), high - low, np.nan))


def _sums(absolute: Floats, zones: NDArray[np.int64], bins: NDArray[np.int64]) -> Floats:
    """Return what each skin adds to its own tone (P, 2 T)."""
    own = bins[:, None] == np.arange(len(TONES))
    return np.hstack([own * absolute[:, None], own * zones[:, None].astype(np.float64)])


def _gap(errors: Errors, place: int, seed: int) -> Finding:
    sums = _sums(errors.absolute[:, place], errors.zones[:, place], errors.bins)
    return found(
        "largest_mae_gap",
        float(gap_of(sums.sum(axis=0))),
        metrics.bootstrap(gap_of, sums, RESAMPLES, seed),
        n=len(sums),
        subjects="skins",
        concern=CONCERNS[place],
        target=GAP,
    )


def _gap_by_chance(errors: Errors, place: int, seed: int) -> Finding:
    rng = np.random.default_rng(seed)
    bins, absolute, zones = errors.bins, errors.absolute[:, place], errors.zones[:, place]

    def deal() -> Floats:
        dealt = rng.permutation(bins)
        parts = (np.bincount(dealt, of, len(TONES)) for of in (absolute, zones))
        return gap_of(np.concatenate(list(parts)))

    deals = np.array([deal() for _ in range(RESAMPLES)])
    low, high = np.percentile(deals, [2.5, 97.5])
    return found(
        "gap_by_chance",
        float(deals.mean()),
        (float(low), float(high)),
        n=len(zones),
        subjects="skins",
        concern=CONCERNS[place],
    )


def _by_tone(errors: Errors, place: int, seed: int) -> list[Finding]:
    findings = []
    for number, tone in enumerate(TONES):
        mine = errors.bins == number
        sums = np.column_stack([errors.absolute[mine, place], errors.zones[mine, place]])
        findings.append(
            found(
                "mean_absolute_error",
                float(_ratio(sums.sum(axis=0))),
                metrics.bootstrap(_ratio, sums, RESAMPLES, seed) if len(sums) else None,
                n=len(sums),
                subjects="skins",
                concern=CONCERNS[place],
                group=tone,
            )
        )
    return findings


def _ratio(sums: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[..., 0] / sums[..., 1])


def _table(errors: Errors) -> Table:
    lines = []
    for number, tone in enumerate(TONES):
        cells = []
        for place in range(len(CONCERNS)):
            counted = errors.of(place)
            mine = counted.bins == number
            zones = max(int(counted.zones[mine, place].sum()), 1)
            cells.append(
                f"{counted.absolute[mine, place].sum() / zones:.2f} "
                f"({counted.signed[mine, place].sum() / zones:+.2f}; {int(mine.sum())} skins)"
            )
        lines.append((tone, *cells))
    return Table(
        caption="Mean absolute error (bias; skins), grades",
        header=("tone", *CONCERNS),
        rows=tuple(lines),
    )
