"""``skinscore fhir``: an assessment for a record system."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from skinscore.cli.inputs import read_document


def fhir(
    assessment: Annotated[
        Path,
        typer.Argument(
            metavar="ASSESSMENT.json", help="One assessment, as `skinscore score --json` prints it."
        ),
    ],
    subject: Annotated[
        str,
        typer.Option(
            "--subject", metavar="Patient/ID", help="Whose face it is, in the record system."
        ),
    ],
    confirmation: Annotated[
        Path | None,
        typer.Option(
            "--confirmation",
            metavar="CONFIRMATION.json",
            help="The clinician's word; without it every resource is preliminary.",
        ),
    ] = None,
    by_site: Annotated[
        bool,
        typer.Option(
            "--by-site",
            help="An observation per zone, with a body site; else one per concern, zones within.",
        ),
    ] = False,
) -> None:
    """Print an assessment as an HL7 FHIR R4 transaction bundle.

    Sent to a FHIR server it makes one report, its observations and the model as a device; sent
    again, as after a confirmation, it updates them.

      $ skinscore score face.jpg --json > visit.json

      $ skinscore fhir visit.json --subject Patient/123 > bundle.json
    """
    from skinscore.domain.assessment import Assessment
    from skinscore.domain.suggestion import Confirmation
    from skinscore.protocol.today import require_past_word
    from skinscore.report.fhir import bundle

    graded = read_document(Assessment, assessment, "the assessment")
    word = (
        None
        if confirmation is None
        else read_document(Confirmation, confirmation, "the confirmation")
    )
    if word is not None:
        require_past_word(word, datetime.now(UTC))
    made = bundle(graded, subject=subject, confirmation=word, by_site=by_site)
    typer.echo(json.dumps(made, indent=2))
