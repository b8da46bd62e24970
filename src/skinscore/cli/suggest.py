"""``skinscore suggest``: a suggestion for clinician review from two documents."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skinscore.cli.inputs import read_bytes, read_document
from skinscore.cli.outputs import require_free, write_text
from skinscore.errors import Exit, RequestRefused

if TYPE_CHECKING:
    from skinscore.domain.suggestion import Suggestion, ZoneSuggestion
    from skinscore.protocol.rulebook import Rulebook


def suggest(
    assessment: Annotated[
        Path | None,
        typer.Argument(
            metavar="ASSESSMENT.json", help="One assessment, as `skinscore score --json` prints it."
        ),
    ] = None,
    patient: Annotated[
        Path | None,
        typer.Option("--patient", metavar="PATIENT.json", help="The answered questionnaire."),
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="You are the clinician and confirm the grades.")
    ] = False,
    by: Annotated[
        str, typer.Option("--by", help="Who confirms: a role or a name.")
    ] = "command line user",
    confirmation: Annotated[
        Path | None,
        typer.Option(
            "--confirmation",
            metavar="CONFIRMATION.json",
            help="A confirmation document, which may correct grades; instead of --confirm.",
        ),
    ] = None,
    overrides: Annotated[
        Path | None,
        typer.Option(
            "--overrides",
            metavar="OVERRIDES.json",
            help="Decisions beyond the rules that a named clinician logged, with reasons.",
        ),
    ] = None,
    overlay: Annotated[
        Path | None,
        typer.Option("--overlay", metavar="OVERLAY.yaml", help="The clinic's own, stricter rules."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print every number with its rules on stderr.")
    ] = False,
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="YYYY-MM-DD",
            help="First day of the course; today if not given, or the questionnaire's if later. "
            "No depth when the answers no longer count on it.",
        ),
    ] = None,
    patient_sheet: Annotated[
        Path | None,
        typer.Option(
            "--patient-sheet",
            metavar="FILE.html",
            help="Write the patient's sheet: no depth. Confirmed grades only.",
        ),
    ] = None,
    clinician_sheet: Annotated[
        Path | None,
        typer.Option(
            "--clinician-sheet", metavar="FILE.html", help="Write the sheet with every reason."
        ),
    ] = None,
    patient_template: Annotated[
        bool,
        typer.Option("--patient-template", help="Print an unanswered questionnaire and stop."),
    ] = False,
) -> None:
    """Suggest microneedling depths for clinician review; withheld until confirmed.

    Every answer that is missing is listed with its place in the questionnaire. From photo to
    sheets, step by step: docs/how-to/get-a-suggestion.md.

      $ skinscore suggest --patient-template > patient.json

      $ skinscore suggest visit.json --patient patient.json --confirm --by "Dr A"
    """
    from skinscore.domain.assessment import Assessment
    from skinscore.domain.override import Overrides
    from skinscore.domain.patient import PatientProfile
    from skinscore.domain.suggestion import Confirmation
    from skinscore.protocol import suggest as make
    from skinscore.protocol.today import first_day, require_past

    now = datetime.now().astimezone()  # the clinic's day, not Greenwich's
    if patient_template:
        typer.echo(PatientProfile.unanswered(now.date()).to_json())
        raise typer.Exit(Exit.OK)
    if assessment is None or patient is None:
        raise RequestRefused(
            "usage",
            "an assessment or a questionnaire is missing",
            "one ASSESSMENT.json and --patient PATIENT.json are needed",
            "Write a questionnaire with: skinscore suggest --patient-template > patient.json",
        )
    if confirm and confirmation is not None:
        raise RequestRefused(
            "usage", "both --confirm and --confirmation were given", "one of the two is allowed"
        )
    inputs = [
        path for path in (assessment, patient, confirmation, overrides, overlay) if path is not None
    ]
    for option, sheet, other in (
        ("--patient-sheet", patient_sheet, clinician_sheet),
        ("--clinician-sheet", clinician_sheet, patient_sheet),
    ):
        if sheet is not None:
            require_free(option, sheet, [*inputs, *([other] if other is not None else [])])
    if patient_sheet is not None and not confirm and confirmation is None:
        raise RequestRefused(
            "usage",
            "--patient-sheet without a clinician's confirmation",
            "a patient's sheet is written from confirmed grades only",
            "Give --confirm or --confirmation; --clinician-sheet needs neither.",
        )
    wanted = None if start is None else _day(start)
    rules = _rules(overlay)
    decided = None if overrides is None else read_document(Overrides, overrides, "the overrides")
    graded = read_document(Assessment, assessment, "the assessment")
    word = (
        None
        if confirmation is None
        else read_document(Confirmation, confirmation, "the confirmation")
    )
    if confirm:
        word = Confirmation(
            schema="skinscore.confirmation/1",
            assessment=graded.id,
            confirmed_by=_name(by),
            confirmed_at=now,
            grades=(),
        )
    answers = read_document(PatientProfile, patient, "the questionnaire")
    require_past(answers, word, decided, now)
    begins = first_day(wanted, answers, now)
    suggestion = make(graded, answers, word, treated_from=begins, overrides=decided, rulebook=rules)
    pages = list(_sheets(suggestion, rules, begins, patient_sheet, clinician_sheet))
    typer.echo(suggestion.to_json())
    for option, sheet, page in pages:
        write_text(option, sheet, page)
    for line in summary(suggestion):
        typer.echo(line, err=True)
    if explain:
        from skinscore.protocol import explain as unfold
        from skinscore.protocol.explain import in_words

        for line in in_words(unfold(suggestion, rulebook=rules)):
            typer.echo(line, err=True)


def summary(suggestion: "Suggestion") -> list[str]:
    """Return the suggestion in a few lines of words, for a person at a terminal."""
    lines = [f"{suggestion.title} (rulebook {suggestion.rulebook.version})"]
    lines += [f"  stops every zone: {block.code} {block.text}" for block in suggestion.blocks]
    shared = _shared_codes(suggestion.zones)
    if shared:
        lines.append(f"  {'every withheld zone':24}{' '.join(shared)}")
    lines += [f"  {_zone_line(zone, shared)}" for zone in suggestion.zones]
    lines += [f"  first: {row.id} {row.text}" for row in suggestion.referrals]
    unanswered = [row for row in suggestion.open_questions if row.blocking]
    lines += [f"  unanswered: {row.id} {row.question} ({row.field})" for row in unanswered]
    return [*lines, suggestion.rulebook.review, suggestion.disclaimer]


def _shared_codes(zones: "Sequence[ZoneSuggestion]") -> list[str]:
    """Return what stands against every withheld zone, where there are several."""
    from skinscore.domain.suggestion import Status

    codes = [
        [reason.code for reason in zone.reasons] for zone in zones if zone.status is Status.WITHHELD
    ]
    if len(codes) < 2:
        return []
    return [code for code in codes[0] if all(code in others for others in codes)]


def _zone_line(zone: "ZoneSuggestion", shared: "Sequence[str]") -> str:
    from skinscore.report.wording import depth_words, range_words

    place = f"{zone.zone} {zone.side}"
    if zone.depth_range_mm is None or zone.sessions is None or zone.interval_weeks is None:
        own = [reason.code for reason in zone.reasons if reason.code not in shared]
        codes = " ".join(own)
        return f"{place:24}{zone.status}{': ' if codes else ''}{codes}"
    return (
        f"{place:24}{depth_words(zone.depth_range_mm)}, cap {zone.cap_mm:g} mm, "
        f"{range_words(zone.sessions)} sessions, {range_words(zone.interval_weeks)} weeks apart, "
        f"evidence {zone.evidence}"
        f"{', off-label' if zone.off_label else ''}"
    )


def _sheets(
    suggestion: "Suggestion",
    rules: "Rulebook",
    start: date,
    patient_sheet: Path | None,
    clinician_sheet: Path | None,
) -> Iterator[tuple[str, Path, str]]:
    """Yield option, file and page of every sheet that is asked for."""
    if patient_sheet is None and clinician_sheet is None:
        return
    from skinscore.protocol import explain, plan
    from skinscore.report import sheets

    course = plan(suggestion, start, rulebook=rules)
    if patient_sheet is not None:
        yield "--patient-sheet", patient_sheet, sheets.patient_sheet(suggestion, course)
    if clinician_sheet is not None:
        reasons = explain(suggestion, rulebook=rules)
        page = sheets.clinician_sheet(suggestion, course, reasons)
        yield "--clinician-sheet", clinician_sheet, page


def _rules(overlay: Path | None) -> "Rulebook":
    """Return the shipped rules, with the clinic's overlay on them when there is one."""
    from skinscore.protocol.overlay import rules_with

    return rules_with(None if overlay is None else read_bytes(overlay, "the overlay"))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RequestRefused(
            "usage", "--start is not a day", "a day as YYYY-MM-DD is allowed"
        ) from None


def _name(by: str) -> str:
    name = by.strip()
    if not 1 <= len(name) <= 80:
        raise RequestRefused(
            "usage", f"--by has {len(name)} characters", "1 to 80 characters are allowed"
        )
    return name
