"""Photoreal faces and broken files from beside the checkout, through the shipped model."""

from collections import Counter
from pathlib import Path

import pytest

from skinscore import Grader
from skinscore.domain.assessment import Gate, Outcome
from skinscore.domain.zones import ZONES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def grader() -> Grader:
    return Grader.load()


def test_a_face_is_found_and_every_zone_listed_in_every_portrait(
    grader: Grader, shared: Path
) -> None:
    photos = sorted((shared / "photos" / "sfhq").glob("*.jpg"))
    assert len(photos) >= 43
    for photo in photos:
        document = grader.assess(photo.read_bytes(), gate=Gate.WARN)
        assert document.outcome is Outcome.GRADED, photo.stem
        assert tuple(record.zone for record in document.zones) == ZONES
        assert all(row.assessable for row in document.face), photo.stem


def test_every_broken_file_gets_one_code_and_nothing_fails(grader: Grader, shared: Path) -> None:
    files = [path for path in sorted((shared / "corpora").rglob("*")) if path.is_file()]
    assert files
    outcomes: Counter[Outcome] = Counter()
    for path in files:
        document = grader.assess(path.read_bytes())
        outcomes[document.outcome] += 1
        if document.outcome is not Outcome.GRADED:
            assert document.photos[0].codes
    assert outcomes[Outcome.FAILED] == 0
