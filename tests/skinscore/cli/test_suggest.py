import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from skinscore.cli.suggest import suggest
from skinscore.domain.concerns import Concern
from skinscore.domain.patient import PatientProfile
from skinscore.domain.suggestion import ConfirmedGrade, Suggestion
from skinscore.domain.zones import Side, TreatmentZone, Zone
from skinscore.errors import RequestRefused
from tests.skinscore.protocol.patients import confirmed, graded, json_of
from tests.skinscore.protocol.test_overlay import NOTHING
from tests.skinscore.protocol.test_overriding import overrides

APP = typer.Typer(pretty_exceptions_enable=False)
APP.command()(suggest)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    assessment = graded(everywhere={Concern.ACNE_SCARRING: 3})
    correction = ConfirmedGrade(zone=Zone.CHIN, concern=Concern.ACNE_SCARRING, grade=2)
    texts = {
        "assessment": assessment.to_json(),
        "list": f"[{assessment.to_json()}]",
        "patient": json_of(),  # of the day of the confirmation document
        "today": json_of(answered_on=datetime.now(UTC).date().isoformat()),
        "confirmation": confirmed(assessment, correction).to_json(),
        "empty": "",
        "overlay": json.dumps(
            NOTHING
            | {"zones": [{"zone": "chin", "cap_mm": 0.5, "override_mm": 0.5, "why": "ours"}]}
        ),
        "loose": json.dumps(
            NOTHING
            | {"zones": [{"zone": "chin", "cap_mm": 1.25, "override_mm": 1.5, "why": "ours"}]}
        ),
        "overrides": overrides(assessment, (TreatmentZone.CHIN, 1.25), side=Side.MIDLINE).to_json(),
    }
    (tmp_path / "latin").write_bytes("schema: \u00e4".encode("latin-1"))
    for name, text in texts.items():
        (tmp_path / name).write_text(text, "utf-8")
    return {name: str(tmp_path / name) for name in (*texts, "latin", "missing")}


def run(*arguments: str) -> tuple[str, str]:
    result = CliRunner().invoke(APP, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout, result.stderr


def test_the_document_goes_to_stdout_and_the_words_to_stderr(files: dict[str, str]) -> None:
    out, err = run(files["assessment"], "--patient", files["today"], "--confirm", "--by", "Dr B")
    made = Suggestion.parse(out)
    assert made.confirmation is not None
    assert made.confirmation.by == "Dr B"
    assert err.startswith("Suggestion for clinician review")
    assert "cheek_malar left        1 to 1.5 mm, cap 1.5 mm, 3 to 4 sessions, 6 weeks apart" in err
    assert "does not rule out skin cancer" in err


def test_without_the_clinicians_word_no_depth_is_printed(files: dict[str, str]) -> None:
    out, err = run(files["assessment"], "--patient", files["patient"])
    assert all(zone.depth_range_mm is None for zone in Suggestion.parse(out).zones)
    assert " mm" not in err
    assert "every withheld zone     unconfirmed" in err


def test_a_confirmation_document_makes_the_same_bytes_twice(files: dict[str, str]) -> None:
    arguments = (
        files["assessment"], "--patient", files["patient"], "--confirmation", files["confirmation"],
        "--start", "2026-03-09",
    )  # fmt: skip
    assert run(*arguments) == run(*arguments)
    chin = next(z for z in Suggestion.parse(run(*arguments)[0]).zones if z.zone == "chin")
    assert chin.concerns[0].grade_by == "clinician"


def test_an_overlay_lowers_a_cap_and_a_logged_override_exceeds_a_range(
    files: dict[str, str],
) -> None:
    told = (
        files["assessment"], "--patient", files["patient"], "--confirmation", files["confirmation"],
        "--start", "2026-03-09",
    )  # fmt: skip
    made = Suggestion.parse(run(*told, "--overlay", files["overlay"])[0])
    chin = next(zone for zone in made.zones if zone.zone == "chin")
    assert (chin.cap_mm, chin.depth_range_mm) == (0.5, (0.25, 0.5))
    assert made.rulebook.overlay is not None


@pytest.mark.parametrize("option", ["--patient-sheet", "--clinician-sheet"])
@pytest.mark.parametrize("taken", ["assessment", "today", "overrides", "other"])
def test_a_sheet_overwrites_no_file_of_the_same_command(
    files: dict[str, str], tmp_path: Path, option: str, taken: str
) -> None:
    other = {"--patient-sheet": "--clinician-sheet", "--clinician-sheet": "--patient-sheet"}[option]
    sheet = files.get(taken, str(tmp_path / "sheet.html"))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    arguments = [
        files["assessment"], "--patient", files["today"], "--overrides", files["overrides"],
        "--confirm", option, sheet, *([other, sheet] if taken == "other" else []),
    ]  # fmt: skip
    with pytest.raises(RequestRefused, match="another argument names too"):
        CliRunner().invoke(APP, arguments, catch_exceptions=False)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_course_starts_no_earlier_than_the_questionnaire(
    files: dict[str, str], tmp_path: Path
) -> None:
    """A clinic east of Greenwich answers on a day that has not begun there."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    Path(files["today"]).write_text(json_of(answered_on=tomorrow.isoformat()), "utf-8")
    sheet = tmp_path / "sheet.html"
    run(
        files["assessment"], "--patient", files["today"], "--confirm", "--patient-sheet", str(sheet)
    )
    assert f"{tomorrow.day} {tomorrow:%B %Y}" in sheet.read_text()


def test_answers_that_no_longer_count_on_the_first_day_give_no_depth(
    files: dict[str, str], tmp_path: Path
) -> None:
    old = ("--patient", files["patient"], "--confirmation", files["confirmation"])
    fresh = ("--patient", files["today"], "--confirm")
    too_late = (datetime.now().astimezone().date() + timedelta(days=29)).isoformat()
    for arguments in (old, (*old, "--start", "2026-03-30"), (*fresh, "--start", too_late)):
        sheet = tmp_path / "sheet.html"
        out, err = run(files["assessment"], *arguments, "--patient-sheet", str(sheet))
        assert not any(zone.depth_range_mm for zone in Suggestion.parse(out).zones)
        assert "every withheld zone     stale_questionnaire" in err
        assert "No treatment with needles is suggested" in sheet.read_text("utf-8")
        sheet.unlink()
    assert " mm, cap" in run(files["assessment"], *old, "--start", "2026-03-29")[1]
    assert " mm, cap" in run(files["assessment"], *fresh)[1]


@pytest.mark.parametrize("which", ["questionnaire", "confirmation", "overrides"])
def test_a_document_of_days_to_come_is_refused(files: dict[str, str], which: str) -> None:
    ahead = datetime.now().astimezone() + timedelta(days=2)
    arguments = [files["assessment"], "--patient", files["today"]]
    if which == "questionnaire":
        Path(files["today"]).write_text(json_of(answered_on=ahead.date().isoformat()), "utf-8")
    else:
        path, moment = Path(files[which]), {"confirmation": "confirmed_at"}.get(which, "decided_at")
        text = json.loads(path.read_text("utf-8")) | {moment: ahead.isoformat()}
        path.write_text(json.dumps(text), "utf-8")
        arguments += [f"--{which}", str(path)]
    with pytest.raises(RequestRefused, match=f"on {ahead.date()}, which is in the future"):
        run(*arguments)


def test_the_sheets_are_written_and_the_reasons_are_told(
    files: dict[str, str], tmp_path: Path
) -> None:
    theirs, ours = tmp_path / "patient.html", tmp_path / "clinician.html"
    out, err = run(
        files["assessment"], "--patient", files["patient"], "--confirmation", files["confirmation"],
        "--explain", "--start", "2026-03-09", "--patient-sheet", str(theirs),
        "--clinician-sheet", str(ours),
    )  # fmt: skip
    assert Suggestion.parse(out)
    assert "depth_range_mm = 1-1.5 mm" in err
    assert "sources S60 S59 S32 S61" in err
    assert "9 March 2026" in theirs.read_text("utf-8")
    assert " mm" not in theirs.read_text("utf-8").split("</style>")[1]
    assert "B-acne_scarring-3" in ours.read_text("utf-8")


def test_the_template_is_a_questionnaire_that_blocks(files: dict[str, str], tmp_path: Path) -> None:
    blank = tmp_path / "blank.json"
    blank.write_text(run("--patient-template")[0], "utf-8")
    assert PatientProfile.parse(blank.read_bytes()).phototype == "unknown"
    out, err = run(files["assessment"], "--patient", str(blank), "--confirm")
    assert not any(zone["depth_range_mm"] for zone in json.loads(out)["zones"])
    assert "unanswered: A02" in err


def test_unconfirmed_grades_give_the_patient_no_sheet(
    files: dict[str, str], tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.html"
    asked = (files["assessment"], "--patient", files["today"])
    with pytest.raises(RequestRefused, match="confirmed grades only") as refusal:
        run(*asked, "--patient-sheet", str(sheet))
    assert refusal.value.code == "usage"
    assert not sheet.exists()
    run(*asked, "--clinician-sheet", str(sheet))
    assert "have not been confirmed by a clinician" in sheet.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{list}", "--patient", "{patient}"], "document_invalid", "is a list of documents"),
        (["{missing}", "--patient", "{patient}"], "document_invalid", "cannot be read"),
        (["{assessment}", "--patient", "{empty}"], "document_invalid", "PatientProfile"),
        (["{patient}", "--patient", "{patient}"], "document_invalid", "Assessment"),
        (["{assessment}"], "usage", "patient-template"),
        ([], "usage", "patient-template"),
        (
            ["{assessment}", "--patient", "{patient}", "--overlay", "{loose}"],
            "overlay_loosens",
            "chin cap_mm 1.25",
        ),
        (
            ["{assessment}", "--patient", "{patient}", "--overlay", "{latin}"],
            "document_invalid",
            "not UTF-8",
        ),
        (
            ["{assessment}", "--patient", "{patient}", "--overrides", "{overrides}"],
            "override_refused",
            "opens no zone",
        ),
        (
            ["{assessment}", "--patient", "{patient}", "--start", "soon"],
            "usage",
            "YYYY-MM-DD",
        ),
        (
            ["{assessment}", "--patient", "{patient}", "--patient-sheet", "{missing}/x.html"],
            "output_not_writable",
            "cannot be written",
        ),
        (
            ["{assessment}", "--patient", "{patient}", "--confirm", "--by", " "],
            "usage",
            "1 to 80 characters",
        ),
        (
            ["{assessment}", "--patient", "{patient}", "--confirm", "--confirmation", "{list}"],
            "usage",
            "one of the two",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_work(
    files: dict[str, str], arguments: list[str], code: str, message: str
) -> None:
    with pytest.raises(RequestRefused, match=message) as refusal:
        run(*(argument.format(**files) for argument in arguments))
    assert refusal.value.code == code
    assert refusal.value.exit_code == 2
    assert not any(path in str(refusal.value) for path in files.values())
