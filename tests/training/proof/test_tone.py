"""The gap is that of the worst and the best tone, and chance is told apart from a real one."""

import numpy as np

from skinscore.imaging.rules import Geometry
from skinscore_training.proof.findings import Finding
from skinscore_training.proof.tone import TONES, Errors, gap_of, measure, read_people
from skinscore_training.rules import GATE
from tests.training.proof.readers import HabitReader, unmoved

MIDDLES = (60.0, 48.0, 35.0, 20.0, -10.0, -45.0)


def errors(extra_for_dark: float, skins: int = 300) -> Errors:
    rng = np.random.default_rng(0)
    tones = np.tile(MIDDLES, skins // len(MIDDLES))
    absolute = np.abs(rng.normal(0, 0.3, (skins, 3))) + extra_for_dark * (tones < -30)[:, None]
    return Errors(tones, 2 * absolute, 2 * absolute, np.full((skins, 3), 2))


def by_name(found: tuple[Finding, ...], name: str) -> list[Finding]:
    return [row for row in found if row.name == name]


def test_the_gap_is_the_worst_less_the_best_bin() -> None:
    errors, zones = np.array([1.0, 4.0, 3.0]), np.array([2.0, 4.0, 2.0])
    assert gap_of(np.concatenate([errors, zones])) == 1.0


def test_a_tone_without_skins_does_not_count() -> None:
    assert gap_of(np.array([1.0, 0.0, 3.0, 2.0, 0.0, 2.0])) == 1.0


def test_an_error_on_dark_skin_is_found_and_is_more_than_chance() -> None:
    findings = measure(errors(0.4), 0).findings
    for gap, chance in zip(
        by_name(findings, "largest_mae_gap"), by_name(findings, "gap_by_chance"), strict=True
    ):
        assert gap.met is False
        assert gap.value is not None
        assert chance.high is not None
        assert 0.3 < gap.value < 0.55
        assert gap.value > chance.high


def test_equal_errors_leave_what_chance_gives() -> None:
    findings = measure(errors(0.0), 0).findings
    for gap, chance in zip(
        by_name(findings, "largest_mae_gap"), by_name(findings, "gap_by_chance"), strict=True
    ):
        assert gap.value is not None
        assert chance.low is not None
        assert chance.high is not None
        assert chance.low <= gap.value <= chance.high


def test_errors_are_taken_against_the_true_grades(geometry: Geometry) -> None:
    read = read_people(HabitReader(unmoved), geometry, GATE, 6, seed=2)
    assert read.absolute.shape == read.signed.shape == (6, 3)
    assert (read.zones >= 0).all()
    assert (np.abs(read.signed) <= read.absolute + 1e-9).all()
    assert (read.absolute <= 3 * read.zones).all()  # grade 1 is at most 3 off
    assert set(read.bins) <= set(range(len(TONES)))


def test_a_photo_too_coarse_for_relief_counts_for_pigmentation_alone(geometry: Geometry) -> None:
    read = read_people(HabitReader(unmoved), geometry, GATE, 24, seed=2)
    scars, lines, pigment = read.zones.T
    assert (scars == lines).all()
    assert (scars <= pigment).all()
    assert ((scars == 0) & (pigment > 0)).any()
    assert (scars > 0).any()
    assert (read.absolute[read.zones == 0] == 0).all()
    counted = [len(read.of(place).ita_deg) for place in range(3)]
    assert counted == (read.zones > 0).sum(axis=0).tolist()
    told = by_name(measure(read, 0).findings, "largest_mae_gap")
    assert [finding.n for finding in told] == counted
