"""Beside a mean stand the worst zone and every reservation."""

from html import unescape

import pytest

from skinscore.domain.assessment import Assessment, ConcernGrade, Gate, QualityNote
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import ZONES, Zone
from skinscore.report.headline import MAX_NAMED, Headline, headlines
from skinscore.report.html import render_report
from tests.skinscore.factories import (
    make_assessment,
    make_examination,
    make_grade,
    make_photo_record,
    make_ungraded,
    make_zone_record,
)

SCARS = Concern.ACNE_SCARRING


def face_of(
    scars: dict[Zone, ConcernGrade | int],
    *,
    others: int | None = 0,
    gate: Gate = Gate.STRICT,
    quality: tuple[QualityNote, ...] = (),
    mean: int | None = 1,
) -> Assessment:
    """Return a face whose zones have ``scars``, and ``others`` where nothing is said."""

    def row(zone: Zone) -> ConcernGrade:
        given = scars.get(zone, others)
        if isinstance(given, ConcernGrade):
            return given
        return make_ungraded(SCARS) if given is None else make_grade(SCARS, given)

    return make_assessment(
        zones=[make_zone_record(zone, {SCARS: row(zone)}) for zone in ZONES],
        face=dict.fromkeys(CONCERNS, mean),
        photos=[make_photo_record()] * (1 + max((row.photo for row in quality), default=0)),
        gate=gate,
        quality=quality,
    )


def scars_of(assessment: Assessment) -> Headline:
    return next(row for row in headlines(assessment) if row.face.concern is SCARS)


def note(zone: Zone | None, photo: int = 0) -> QualityNote:
    return QualityNote(
        photo=photo, code="too_dark", zone=zone, measured=1.0, limit=2.0, hint="More light."
    )


def text_of(assessment: Assessment) -> str:
    page = unescape(render_report(make_examination(assessment), None))
    return page[page.index("The face as a whole") : page.index("<h2>Photo")]


def test_two_bad_cheeks_stand_beside_a_minimal_mean() -> None:
    document = face_of({Zone.CHEEK_RIGHT: 3, Zone.CHEEK_LEFT: 4})
    headline = scars_of(document)
    assert (headline.worst, headline.worst_zones) == (4, (Zone.CHEEK_LEFT,))
    shown = text_of(document)
    assert "Worst zone: 4, severe" in shown
    assert "Cheek, patient's left" in shown
    assert f"mean of the graded zones ({len(ZONES)} of {len(ZONES)})" in shown
    assert "mean of the zones' likely ranges" in shown


def test_equal_zones_are_all_named_and_many_are_counted() -> None:
    both = scars_of(face_of({Zone.CHEEK_RIGHT: 4, Zone.CHEEK_LEFT: 4, Zone.NOSE: 4}))
    assert sorted(both.worst_places) == ["Cheek, both sides", "Nose"]
    everywhere = scars_of(face_of({}, others=2))
    assert everywhere.worst_places == [f"{len(ZONES)} zones"]
    assert len(ZONES) > MAX_NAMED


def test_a_face_without_a_mean_still_shows_its_worst_zone() -> None:
    document = face_of({Zone.CHIN: 3}, others=None, mean=None)
    assert scars_of(document).graded == 1
    assert "Worst zone: 3, moderate" in text_of(document)


def test_without_a_graded_zone_there_is_no_worst() -> None:
    headline = scars_of(face_of({}, others=None, mean=None))
    assert (headline.worst, headline.worst_zones, headline.reserved) == (None, (), 0)


@pytest.mark.parametrize(
    ("gate", "quality", "reserved"),
    [
        pytest.param(Gate.WARN, (), 1, id="codes of the grade"),
        pytest.param(Gate.WARN, (note(None),), len(ZONES), id="the whole photo"),
        pytest.param(Gate.WARN, (note(None, photo=1),), 1, id="another photo"),
        pytest.param(Gate.OFF, (note(Zone.NOSE),), 2, id="measured without limits"),
    ],
)
def test_reservations_behind_a_mean_are_counted_and_said_at_the_dial(
    gate: Gate, quality: tuple[QualityNote, ...], reserved: int
) -> None:
    chin = make_grade(SCARS, 1, codes=["zone_blurred"])
    document = face_of({Zone.CHIN: chin}, gate=gate, quality=quality)
    assert scars_of(document).reserved == reserved
    assert f"With reservations ({reserved} of {len(ZONES)} zones): see" in text_of(document)


def test_a_strict_gate_leaves_no_reservation() -> None:
    document = face_of({}, quality=(note(None),))
    assert scars_of(document).reserved == 0
    assert "With reservations" not in text_of(document)
