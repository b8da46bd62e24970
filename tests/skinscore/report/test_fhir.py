"""A bundle is valid FHIR, tells every grade once, and is final only by a clinician's word."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import typer
from fhir.resources.R4B.bundle import Bundle
from typer.testing import CliRunner

from skinscore.cli.fhir import fhir
from skinscore.domain.assessment import Assessment, Gate
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.suggestion import Confirmation, ConfirmedGrade
from skinscore.domain.zones import ZONES, Zone, ZoneKind
from skinscore.errors import RequestRefused
from skinscore.report.fhir import SITES, SNOMED, bundle
from tests.skinscore.factories import (
    make_assessment,
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
        if "bodySite" in seen and seen["bodySite"]["text"] != "Face":
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


@BOTH
def test_sent_again_it_changes_the_same_resources(by_site: bool) -> None:
    assessment = make_assessment()
    first = made(assessment, by_site=by_site)
    second = made(assessment, confirmed(assessment), by_site=by_site)
    urls = [[entry["request"]["url"] for entry in found["entry"]] for found in (first, second)]
    assert urls[0] == urls[1]
    assert len(set(urls[0])) == len(urls[0])
    assert {entry["request"]["method"] for entry in first["entry"]} == {"PUT"}
    other = made(make_assessment(client_ref="another"), by_site=by_site)
    shared = set(urls[0]) & {entry["request"]["url"] for entry in other["entry"]}
    assert [url.partition("?")[0] for url in shared] == ["Device"]


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
        if seen.get("bodySite", {"text": "Face"})["text"] == "Face"
    }
    assert "dataAbsentReason" in faces["wrinkles"]  # a mean of grades that no longer stand
    assert faces["pigmentation"]["valueInteger"] == 2


def test_a_refused_photo_is_a_report_that_was_cancelled_with_its_reason() -> None:
    found = made(make_refused("no_face"))
    assert not resources(found, "Observation")
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


def test_every_zone_has_a_body_site() -> None:
    assert set(SITES) == set(ZoneKind)
    for seen in resources(made(make_assessment(), by_site=True), "Observation"):
        assert code_of(seen["bodySite"], SNOMED).isdecimal()


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
    assert refusal.value.code == "bad_request"
    assert "Anna" not in str(refusal.value)


def test_a_word_on_another_assessment_is_refused() -> None:
    word = confirmed(make_assessment(client_ref="another"))
    with pytest.raises(RequestRefused, match="of another assessment"):
        bundle(make_assessment(), subject=SUBJECT, confirmation=word, by_site=False)


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
