"""The same map correlates with itself, a strange one does not, and ungraded skin plays no part."""

from pathlib import Path

import numpy as np
import pytest

from skinscore_training.proof.findings import Finding
from skinscore_training.proof.lines import (
    SIDE,
    Map,
    Seen,
    density,
    drawn_lines,
    measure,
    smoothed,
)


def bands(period: int) -> Map:
    rows = (np.arange(SIDE) // period % 2).astype(np.float32)
    return np.repeat(rows[:, None], SIDE, axis=1)


def seen_as(severity: Map, faces: int = 6) -> Seen:
    graded = np.zeros((SIDE, SIDE), np.float32)
    graded[40:240, 30:220] = 1
    return Seen(
        severity=np.repeat((severity * graded)[None], faces, axis=0),
        graded=np.repeat(graded[None], faces, axis=0),
        labels=np.arange(faces) % 3,
    )


def correlation(seen: Seen, drawn: Map) -> Finding:
    return measure(seen, drawn, 0).findings[0]


def test_lines_in_their_places_meet_the_target() -> None:
    one = correlation(seen_as(0.3 * bands(12)), bands(12))
    assert one.value == pytest.approx(1.0, abs=1e-4)
    assert one.met


def test_lines_across_the_drawn_ones_do_not() -> None:
    other = correlation(seen_as(bands(12).T.copy()), bands(12))
    assert other.value == pytest.approx(0.0, abs=0.1)
    assert other.met is False


def test_what_lies_outside_the_graded_skin_changes_nothing() -> None:
    seen, drawn = seen_as(bands(12)), bands(12)
    lids = drawn.copy()
    lids[:40] = 9
    lids[:, 220:] = 9
    assert correlation(seen, lids) == correlation(seen, drawn)


def test_density_is_the_mean_over_the_faces_that_were_graded_there() -> None:
    seen = seen_as(np.full((SIDE, SIDE), 0.4, np.float32))
    seen.severity[:3, 100:120] = 0
    seen.graded[:3, 100:120] = 0  # three of six faces are hidden there: no dilution
    values, known = density(seen)
    assert known[110, 100]
    assert values[110, 100] == pytest.approx(0.4)
    assert not known[10, 10]


def test_smoothing_keeps_a_constant_up_to_its_border() -> None:
    inside = np.zeros((SIDE, SIDE), np.bool_)
    inside[50:90, 60:200] = True
    level = smoothed(np.full((SIDE, SIDE), 0.7, np.float32), inside, 3.0)
    np.testing.assert_allclose(level[inside], 0.7, rtol=1e-5)


def test_the_hand_drawn_map_has_the_frame(shared: Path) -> None:
    folder = shared / "wrinkle_masks"
    if not folder.is_dir():
        pytest.skip("no hand-drawn masks here")
    drawn = drawn_lines(folder)
    assert drawn.shape == (SIDE, SIDE)
    assert 0 <= drawn.min() < drawn.max() < 1
