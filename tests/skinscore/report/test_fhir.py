"""A bundle is valid FHIR, tells every grade once, and is final only by a clinician's word."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import typer
from fhir.resources.R4B.bundle import Bundle
from typer.testing import CliRunner

from skinscore.cli.fhir import fhir
from skinscore.domain.assessment import Assessment, Gate, Outcome
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.suggestion import Confirmation, ConfirmedGrade
from skinscore.domain.zones import ZONES, Zone, ZoneKind
from skinscore.errors import RequestRefused
from skinscore.report.fhir import BODY_SITES, bundle
from tests.skinscore.factories import (
    make_assessment,
    make_grade,
    make_photo_record,
    make_refused,
    make_ungraded,
    make_zone_record,
)
from tests.skinscore.protocol.patients import confirmed

SUBJECT = "Patient/123"
BOTH = pytest.mark.parametrize("by_site", [False, True], ids=["by concern", "by site"])


def made(
    assessment: Assessment, confirmation: Confirmation | None = None, *, by_site: bool = False
) -> dict[str, Any]:
    """Return the bundle as a server reads it, after the library's own validation."""
    found = bundle(assessment, subject=SUBJECT, confirmation=confirmation, by_site=by_site)
    text = json.dumps(found, allow_nan=False)
    Bundle.model_validate_json(text)
    read: dict[str, Any] = json.loads(text)
    return read


def resources(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    every = [entry["resource"] for entry in found["entry"]]
    return [resource for resource in every if resource["resourceType"] == kind]


def code_of(concept: dict[str, Any], system: str) -> str:
    (code,) = (row["code"] for row in concept["coding"] if row["system"] == system)
    return str(code)


def grades_in(found: dict[str, Any]) -> dict[tuple[str, str], int | None]:
    """Return what is told of every concern and zone, whichever the layout; None: no grade."""
    told: list[tuple[tuple[str, str], int | None]] = []
    for seen in resources(found, "Observation"):
        concern = code_of(seen["code"], "urn:skinscore:concern")
        parts = seen.get("component", [])
        if seen.get("bodySite", {"text": "Face"})["text"] != "Face":
            parts = [{**seen, "code": seen["bodySite"]}]
        for part in parts:
            zone = code_of(part["code"], "urn:skinscore:zone")
            assert ("valueInteger" in part) != ("dataAbsentReason" in part)
            told.append(((concern, zone), part.get("valueInteger")))
    assert not [place for place, times in Counter(place for place, _ in told).items() if times > 1]
    return dict(told)


def partly_seen() -> Assessment:
    hidden = make_zone_record(
        Zone.CHIN, {concern: make_ungraded(concern, ["zone_occluded"]) for concern in CONCERNS}
    )
    others = [make_zone_record(zone) for zone in ZONES if zone is not Zone.CHIN]
    face = {Concern.WRINKLES: 2, Concern.PIGMENTATION: None}
    return make_assessment(zones=[*others, hidden], face=face)


@BOTH
def test_every_grade_is_told_once_and_what_is_not_graded_says_why(by_site: bool) -> None:
    assessment = partly_seen()
    found = made(assessment, by_site=by_site)
    assert grades_in(found) == {
        (grade.concern, record.zone): grade.grade
        for record in assessment.zones
        for grade in record.grades
    }
    assert json.dumps(found).count('"zone_occluded"') == len(CONCERNS)


@BOTH
def test_nothing_is_final_without_a_clinicians_word(by_site: bool) -> None:
    assessment = make_assessment()
    word = confirmed(assessment)
    for confirmation, status in ((None, "preliminary"), (word, "final")):
        found = made(assessment, confirmation, by_site=by_site)
        told = [*resources(found, "Observation"), *resources(found, "DiagnosticReport")]
        assert {resource["status"] for resource in told} == {status}
        people = {person["display"] for row in told for person in row.get("performer", [])}
        assert people == (set() if confirmation is None else {word.confirmed_by})


def places_of(found: dict[str, Any]) -> list[str]:
    """Return where each entry is looked for: its type and identifier."""
    asked = [entry["request"] for entry in found["entry"]]
    return [
        f"{row['url']}?{row['ifNoneExist']}" if row["method"] == "POST" else row["url"]
        for row in asked
    ]


@BOTH
def test_what_is_preliminary_never_replaces_and_what_is_final_does(by_site: bool) -> None:
    assessment = make_assessment()
    before = made(assessment, by_site=by_site)
    after = made(assessment, confirmed(assessment), by_site=by_site)
    assert places_of(before) == places_of(after)
    assert len(set(places_of(before))) == len(before["entry"])
    kinds = [entry["resource"]["resourceType"] for entry in after["entry"]]
    assert {entry["request"]["method"] for entry in before["entry"]} == {"POST"}
    for kind, entry in zip(kinds, after["entry"], strict=True):
        assert entry["request"]["method"] == ("POST" if kind == "Device" else "PUT")
    other = made(make_assessment(client_ref="another"), by_site=by_site)
    shared = set(places_of(before)) & set(places_of(other))
    assert [place.partition("?")[0] for place in shared] == ["Device"]
    device = {json.dumps(resources(found, "Device")) for found in (before, after, other)}
    assert len(device) == 1


@BOTH
def test_every_reference_inside_leads_to_an_entry(by_site: bool) -> None:
    found = made(make_assessment(), by_site=by_site)
    entries = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in found["entry"]}
    assert len(entries) == len(found["entry"])
    (report,) = resources(found, "DiagnosticReport")
    results = [row["reference"] for row in report["result"]]
    assert sorted(results) == sorted(url for url, kind in entries.items() if kind == "Observation")
    for seen in resources(found, "Observation"):
        assert entries[seen["device"]["reference"]] == "Device"
        assert seen["subject"] == report["subject"] == {"reference": SUBJECT}


@BOTH
def test_a_correction_stands_in_the_place_of_the_photos_grade(by_site: bool) -> None:
    assessment = make_assessment()
    (photo,) = (
        grade.grade
        for record in assessment.zones
        for grade in record.grades
        if (record.zone, grade.concern) == (Zone.CHIN, Concern.WRINKLES)
    )
    assert photo is not None
    corrected = (photo + 2) % 5
    row = ConfirmedGrade(zone=Zone.CHIN, concern=Concern.WRINKLES, grade=corrected)
    found = made(assessment, confirmed(assessment, row), by_site=by_site)
    before = grades_in(made(assessment, by_site=by_site))
    assert grades_in(found) == before | {("wrinkles", "chin"): corrected}
    assert f'"urn:skinscore:fhir:grade-of-photo", "valueInteger": {photo}' in json.dumps(found)
    faces = {
        code_of(seen["code"], "urn:skinscore:concern"): seen
        for seen in resources(found, "Observation")
        if seen["bodySite"]["text"] == "Face"
    }
    assert code_of(faces["wrinkles"]["dataAbsentReason"], "urn:skinscore:absent") == "superseded"
    assert extensions(faces["wrinkles"]) == {"grade-of-photo": 2}
    assert faces["pigmentation"]["valueInteger"] == 2
    agreed = ConfirmedGrade(zone=Zone.CHIN, concern=Concern.WRINKLES, grade=photo)
    assert made(assessment, confirmed(assessment, agreed), by_site=by_site) == made(
        assessment, confirmed(assessment), by_site=by_site
    )


def extensions(part: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a part's extensions by the last word of their names."""
    return {
        row["url"].rpartition(":")[2]: next(value for key, value in row.items() if key != "url")
        for row in part.get("extension", [])
    }


def test_a_grade_comes_with_its_doubt_and_its_warnings() -> None:
    grade = make_grade(Concern.WRINKLES, 2, width=1, codes=["zone_blurred"])
    chin = make_zone_record(Zone.CHIN, {Concern.WRINKLES: grade})
    assessment = make_assessment(zones=[chin], gate=Gate.WARN)
    (seen,) = (
        row
        for row in resources(made(assessment, by_site=True), "Observation")
        if (row["bodySite"]["text"], row["code"]["coding"][0]["code"]) == ("Chin", "wrinkles")
    )
    told = extensions(seen)
    assert told["score"] == pytest.approx(grade.score, abs=0.005)
    assert told["likely-range"] == {"low": {"value": 1}, "high": {"value": 3}}
    assert told["code"]["code"] == "zone_blurred"
    assert "below the limits of quality" in seen["note"][1]["text"]


def test_a_zone_is_derived_from_the_photo_that_shows_it() -> None:
    photos = [
        make_photo_record(seed="front"),
        make_photo_record(seed="none", outcome=Outcome.REFUSED, codes=["no_face"]),
        make_photo_record(seed="left"),
    ]
    zones = [make_zone_record(Zone.CHIN, photo=0), make_zone_record(Zone.CHEEK_LEFT, photo=2)]
    assessment = make_assessment(photos=photos, zones=zones)
    found = made(assessment, by_site=True)
    sources = {
        seen["bodySite"]["text"]: [row["identifier"]["value"] for row in seen["derivedFrom"]]
        for seen in resources(found, "Observation")
    }
    front, _, left = (photo.sha256 for photo in photos)
    assert sources == {
        "Face": [front, left],
        "Chin": [front],
        "Cheek, patient's left": [left],
    }
    (report,) = resources(found, "DiagnosticReport")
    assert "Photo 2: No face found (no_face)." in report["conclusion"]


@pytest.mark.parametrize("hours", [-8, 0, 13])
def test_moments_are_told_in_universal_time(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    assessment = make_assessment()
    moved = assessment.model_copy(update={"created_at": assessment.created_at.astimezone(zone)})
    (report,) = resources(made(moved), "DiagnosticReport")
    assert report["issued"] == "2026-03-14T09:26:53+00:00"
    naive = moved.model_copy(update={"created_at": datetime(2026, 3, 14)})
    with pytest.raises(RequestRefused, match="no time zone"):
        bundle(naive, subject=SUBJECT, confirmation=None, by_site=False)


def test_the_report_names_what_was_seen() -> None:
    assessment = make_assessment()
    (report,) = resources(made(assessment), "DiagnosticReport")
    values = {row["system"]: row["value"] for row in report["identifier"]}
    assert values["urn:skinscore:assessment-sha256"] == assessment.digest


def test_a_close_up_has_its_zone_and_no_face() -> None:
    assessment = make_assessment(zones=[make_zone_record(Zone.CHEEK_LEFT)], face={})
    for by_site in (False, True):
        found = made(assessment, by_site=by_site)
        assert {zone for _, zone in grades_in(found)} == {"cheek_left"}
        assert len(resources(found, "Observation")) == len(CONCERNS)


def test_a_refused_photo_is_a_report_that_was_cancelled_with_its_reason() -> None:
    found = made(make_refused("no_face"))
    assert [entry["resource"]["resourceType"] for entry in found["entry"]] == ["DiagnosticReport"]
    (report,) = resources(found, "DiagnosticReport")
    assert report["status"] == "cancelled"
    assert "(no_face)" in report["conclusion"]


@BOTH
def test_every_observation_says_what_it_is_not(by_site: bool) -> None:
    assessment = make_assessment(gate=Gate.OFF)
    for seen in resources(made(assessment, by_site=by_site), "Observation"):
        texts = [note["text"] for note in seen["note"]]
        assert assessment.disclaimer in texts
        assert "Graded without limits on the quality of the photos." in texts


def test_sides_have_one_body_site_and_are_told_apart_beside_it() -> None:
    assert set(BODY_SITES) == set(ZoneKind)
    # Checked against DICOM's context group 4029.
    assert BODY_SITES[ZoneKind.NASOLABIAL] == ("37108007", "Skin of nasolabial fold")
    assert BODY_SITES[ZoneKind.UNDER_EYE] == ("40069000", "Skin of lower eyelid")
    for seen in resources(made(make_assessment(), by_site=True), "Observation"):
        site = seen["bodySite"]
        own = [row["code"] for row in site["coding"] if row["system"] == "urn:skinscore:zone"]
        side = extensions(site).get("laterality", {}).get("display", "").lower()
        assert not own or Zone(own[0]).side == (side or "midline")


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "Anna Muster",
        "Patient/",
        "Patient/1/2",
        "Patient/a b",
        "Group/1",
        "Patient/1\n",
        "x" * 99,
    ],
)
def test_what_is_no_reference_to_a_patient_is_refused_and_not_repeated(subject: str) -> None:
    with pytest.raises(RequestRefused) as refusal:
        bundle(make_assessment(), subject=subject, confirmation=None, by_site=False)
    assert refusal.value.code == "usage"
    assert "Anna" not in str(refusal.value)


def test_a_word_on_another_assessment_is_refused() -> None:
    word = confirmed(make_assessment(client_ref="another"))
    with pytest.raises(RequestRefused, match="of another assessment"):
        bundle(make_assessment(), subject=SUBJECT, confirmation=word, by_site=False)


def test_a_word_of_days_to_come_is_refused(tmp_path: Path) -> None:
    assessment = make_assessment()
    late = confirmed(assessment).model_copy(
        update={"confirmed_at": datetime.now(UTC) + timedelta(days=3)}
    )
    (tmp_path / "visit").write_text(assessment.to_json(), "utf-8")
    (tmp_path / "word").write_text(late.to_json(), "utf-8")
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(fhir)
    arguments = [str(tmp_path / "visit"), "--subject", SUBJECT]
    arguments += ["--confirmation", str(tmp_path / "word")]
    with pytest.raises(RequestRefused, match="in the future"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_the_command_prints_the_bundle(tmp_path: Path) -> None:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(fhir)
    assessment = make_assessment()
    files = {"visit": assessment.to_json(), "word": confirmed(assessment).to_json()}
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    arguments = [str(tmp_path / "visit"), "--subject", SUBJECT]
    arguments += ["--confirmation", str(tmp_path / "word"), "--by-site"]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert json.loads(done.stdout) == made(assessment, confirmed(assessment), by_site=True)
