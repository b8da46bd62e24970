"""``skinscore score``: grade photos."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skinscore.cli.options import GateOption, ModelOption
from skinscore.cli.outputs import require_free, write_text
from skinscore.domain.assessment import (
    MAX_PX_PER_MM,
    MIN_PX_PER_MM,
    Assessment,
    Gate,
    Outcome,
)
from skinscore.domain.zones import Zone
from skinscore.errors import Exit, RequestRefused

if TYPE_CHECKING:
    from skinscore.grading.examination import Examination
    from skinscore.grading.grader import Grader
    from skinscore.grading.viewing import CloseUp

# Not exists=True: typer's refusal prints the path, and a photo's name may be a patient's.
PhotoArguments = Annotated[
    list[Path],
    typer.Argument(
        metavar="PHOTO...",
        help="JPEG, PNG, WebP, TIFF or HEIC.",
    ),
]


def score(
    photos: PhotoArguments,
    visit: Annotated[
        bool,
        typer.Option(
            "--visit",
            help="The photos are views of one person's face on one day. Identity is not checked: "
            "photos of several people are mixed into one assessment.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print skinscore.assessment/1 (a list for several).")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", dir_okay=False, help="Write an HTML report with overlays to this file."
        ),
    ] = None,
    zone: Annotated[
        Zone | None,
        typer.Option("--zone", help="The photo is a close-up of this zone; needs --px-per-mm."),
    ] = None,
    px_per_mm: Annotated[
        float | None,
        typer.Option(
            "--px-per-mm", min=MIN_PX_PER_MM, max=MAX_PX_PER_MM, help="Scale of the close-up."
        ),
    ] = None,
    gate: GateOption = Gate.STRICT,
    model: ModelOption = None,
) -> None:
    """Grade acne scarring, wrinkles and pigmentation, 0 none to 4 severe, in every zone.

    Left and right are the SUBJECT's. A zone that cannot be judged says why instead of a grade.

        skinscore score front.jpg
        skinscore score front.jpg left.jpg right.jpg --visit --report visit.html
        skinscore score cheek.jpg --zone cheek_left --px-per-mm 12 --json
    """
    _require_readable(photos)
    close_up = _close_up(photos, zone, px_per_mm)
    if report is not None and len(photos) > 1 and not visit:
        raise RequestRefused(
            "usage",
            f"--report with {len(photos)} separate photos",
            "a report shows one photo or one visit",
            "Add --visit, or write one report per photo.",
        )
    if report is not None:
        require_free("--report", report, photos)
    from skinscore.contract.locate import locate
    from skinscore.grading.grader import Grader
    from skinscore.report.html import render_report as render

    grader = Grader.load(locate(model))
    groups = [photos] if visit else [[photo] for photo in photos]
    assessments, page = [], None
    for examination in _examine(grader, groups, gate, close_up):
        assessments.append(examination.assessment)
        if report is not None:
            page = render(examination, None)
    if as_json:
        print(_as_json(assessments, as_list=len(groups) > 1))
    else:
        from skinscore.cli.tables import print_assessment

        for index, assessment in enumerate(assessments, start=1):
            print_assessment(assessment, title=f"{index} of {len(assessments)}")
    if report is not None and page is not None:
        write_text("--report", report, page)
    graded = all(
        photo.outcome is Outcome.GRADED for document in assessments for photo in document.photos
    )
    raise typer.Exit(Exit.OK if graded else Exit.PARTIAL)


def _examine(
    grader: "Grader", groups: Sequence[list[Path]], gate: Gate, close_up: "CloseUp | None"
) -> "Iterator[Examination]":
    """Yield one examination after the other: each holds its photos in full."""
    examined: Iterable[list[Path]] = groups
    if len(groups) > 2 and sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track

        console = Console(file=sys.stderr)
        examined = track(groups, description="Grading", console=console, transient=True)
    limit = grader.contract.decode.max_bytes
    for group in examined:
        yield grader.examine([_read(path, limit) for path in group], gate=gate, close_up=close_up)


def _read(path: Path, max_bytes: int) -> bytes:
    """Return the file, or one byte more than is allowed: the grader then refuses it by size."""
    with path.open("rb") as file:
        return file.read(max_bytes + 1)


def _require_readable(photos: Sequence[Path]) -> None:
    """Refuse what cannot be read, by its number: its name may be a patient's.

    Pipes and devices too: opening one may wait for ever.
    """
    for number, path in enumerate(photos, start=1):
        if fault := _fault(path):
            raise RequestRefused(
                "usage",
                f"photo {number} of {len(photos)} {fault}",
                "files of photos that exist and may be read",
                "Check the path of that photo.",
            )


def _fault(path: Path) -> str | None:
    if not os.path.lexists(path):
        return "does not exist"
    if not path.is_file():
        return "is not a regular file"
    return None if os.access(path, os.R_OK) else "may not be read"


def _close_up(photos: list[Path], zone: Zone | None, px_per_mm: float | None) -> "CloseUp | None":
    if (zone is None) != (px_per_mm is None):
        raise RequestRefused(
            "usage",
            "only one of --zone and --px-per-mm",
            "a close-up needs both: no scale can be read from skin alone",
        )
    if zone is None or px_per_mm is None:
        return None
    if len(photos) > 1:
        raise RequestRefused("usage", f"{len(photos)} close-ups", "one close-up at a time")
    from skinscore.grading.viewing import CloseUp

    return CloseUp(zone=zone, px_per_mm=px_per_mm)


def _as_json(assessments: Sequence[Assessment], *, as_list: bool) -> str:
    if not as_list:
        return assessments[0].to_json()
    return json.dumps(
        [document.model_dump(mode="json", by_alias=True) for document in assessments], indent=2
    )
