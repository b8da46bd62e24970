"""``skinscore suggest``: a suggestion for clinician review from two documents."""

import codecs
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from skinscore.errors import Exit, RequestRefused

if TYPE_CHECKING:
    from skinscore.domain.document import Document
    from skinscore.domain.suggestion import Suggestion, ZoneSuggestion

    DocumentT = TypeVar("DocumentT", bound=Document)

LARGEST_BYTES = 16 * 1024 * 1024  # an assessment with all its outlines stays far below


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
    patient_template: Annotated[
        bool,
        typer.Option("--patient-template", help="Print an unanswered questionnaire and stop."),
    ] = False,
) -> None:
    """Suggest microneedling depths for clinician review; withheld until confirmed."""
    from skinscore.domain.assessment import Assessment
    from skinscore.domain.patient import PatientProfile
    from skinscore.domain.suggestion import Confirmation
    from skinscore.protocol import suggest as make

    now = datetime.now(UTC)
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
    graded = _read(Assessment, assessment, "the assessment")
    word = None if confirmation is None else _read(Confirmation, confirmation, "the confirmation")
    if confirm:
        word = Confirmation(
            schema="skinscore.confirmation/1",
            assessment=graded.id,
            confirmed_by=_name(by),
            confirmed_at=now,
            grades=(),
        )
    suggestion = make(graded, _read(PatientProfile, patient, "the questionnaire"), word)
    typer.echo(suggestion.to_json())
    for line in summary(suggestion):
        typer.echo(line, err=True)


def summary(suggestion: "Suggestion") -> list[str]:
    """Return the suggestion in a few lines of words, for a person at a terminal."""
    lines = [f"{suggestion.title} (rulebook {suggestion.rulebook.version})"]
    lines += [f"  stops every zone: {block.code} {block.text}" for block in suggestion.blocks]
    lines += [f"  {_zone_line(zone)}" for zone in suggestion.zones]
    lines += [f"  first: {row.id} {row.text}" for row in suggestion.referrals]
    unanswered = [row for row in suggestion.open_questions if row.blocking]
    lines += [f"  unanswered: {row.id} {row.question}" for row in unanswered]
    return [*lines, suggestion.rulebook.review, suggestion.disclaimer]


def _zone_line(zone: "ZoneSuggestion") -> str:
    place = f"{zone.zone} {zone.side}"
    if zone.depth_range_mm is None or zone.sessions is None or zone.interval_weeks is None:
        codes = " ".join(reason.code for reason in zone.reasons)
        return f"{place:24}{zone.status}{': ' if codes else ''}{codes}"
    (low, high), (few, many), (short, long) = (
        zone.depth_range_mm,
        zone.sessions,
        zone.interval_weeks,
    )
    return (
        f"{place:24}{low:g}-{high:g} mm, cap {zone.cap_mm:g} mm, {few}-{many} sessions, "
        f"{short}-{long} weeks apart, evidence {zone.evidence}"
        f"{', off-label' if zone.off_label else ''}"
    )


def _read(kind: "type[DocumentT]", path: Path, what: str) -> "DocumentT":
    """Return the document in the file.

    Raises:
        RequestRefused: ``document_invalid``; the file cannot be read, is too large, is a list, or
            does not hold a document of this kind.
    """
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_BYTES + 1)
    except OSError as problem:
        raise RequestRefused(
            "document_invalid",
            f"{what} cannot be read ({type(problem).__name__})",
            "a JSON file that exists and may be read",
            "Check the path.",
        ) from None
    if len(text) > LARGEST_BYTES:
        raise RequestRefused(
            "document_invalid", f"{what} has more than {LARGEST_BYTES} bytes", "a smaller file"
        )
    text = text.removeprefix(codecs.BOM_UTF8)  # some shells write one before redirected output
    if text.lstrip()[:1] == b"[":
        raise RequestRefused(
            "document_invalid",
            f"{what} is a list of documents",
            "exactly one document is allowed",
            "Take one entry of the list, or score the views of one visit with --visit.",
        )
    return kind.parse(text)


def _name(by: str) -> str:
    name = by.strip()
    if not 1 <= len(name) <= 80:
        raise RequestRefused(
            "usage", f"--by has {len(name)} characters", "1 to 80 characters are allowed"
        )
    return name
