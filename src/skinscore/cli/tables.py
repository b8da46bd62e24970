"""Assessments for people at a terminal."""

from rich.console import Console
from rich.table import Table

from skinscore.domain.assessment import Assessment, ConcernGrade, Outcome
from skinscore.domain.concerns import CONCERNS, GRADE_NAMES
from skinscore.errors import CODES


def print_assessment(assessment: Assessment, title: str) -> None:
    """Print one assessment on stdout: photos, zone table, face grades, what to do."""
    console = Console()
    console.print(f"[bold]{title}[/bold]  {assessment.id}  gate {assessment.gate}")
    for photo in assessment.photos:
        size = f"{photo.width}x{photo.height}" if photo.width else "not decoded"
        scale = f", {photo.px_per_mm:.1f} px/mm" if photo.px_per_mm else ""
        console.print(f"  {photo.outcome}: {photo.view or 'no view'}, {size}{scale}")
        for code in photo.codes:
            console.print(f"    {code}: {CODES[code].hint}")
    if assessment.zones:
        console.print(_zone_table(assessment))
    for row in assessment.face:
        text = "not assessable" if row.score is None else f"{row.score:.2f}"
        console.print(f"  face {row.concern}: {text}")
    if assessment.outcome is Outcome.GRADED:
        console.print(f"  [dim]{assessment.disclaimer}[/dim]")


def _zone_table(assessment: Assessment) -> Table:
    table = Table("zone (subject's side)", *CONCERNS)
    for record in assessment.zones:
        table.add_row(record.zone, *(_cell(grade) for grade in record.grades))
    return table


def _cell(grade: ConcernGrade) -> str:
    if grade.grade is None or grade.likely_range is None:
        return f"[dim]{grade.codes[0]}[/dim]"
    low, high = grade.likely_range
    doubts = "".join(f" [dim]{code}[/dim]" for code in grade.codes)  # graded all the same
    return f"{grade.grade} {GRADE_NAMES[grade.grade]} ({low}-{high}){doubts}"
