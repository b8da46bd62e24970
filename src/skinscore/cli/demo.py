"""``make demo``: the whole thread on the sample patient, from photos to a report.

Run by ``python -m skinscore.cli.demo FOLDER``.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from skinscore import Grader
from skinscore.assets.shipped import sample_photos, sample_questionnaire
from skinscore.domain.assessment import Assessment, Gate
from skinscore.domain.patient import PatientProfile
from skinscore.domain.suggestion import Confirmation, ConfirmedGrade
from skinscore.protocol import suggest
from skinscore.report.html import render_report


def run(folder: Path) -> Path:
    """Grade the sample visit, suggest for the sample questionnaire, write report and documents."""
    folder.mkdir(parents=True, exist_ok=True)
    grader = Grader.load()
    examination = grader.examine([path.read_bytes() for path in sample_photos()], gate=Gate.STRICT)
    sample = PatientProfile.parse(sample_questionnaire().read_bytes())
    confirmation = _confirm_each(examination.assessment)
    # Asked today: an old questionnaire would, rightly, withhold every depth.
    patient = sample.model_copy(update={"answered_on": confirmation.confirmed_at.date()})
    suggestion = suggest(examination.assessment, patient, confirmation)
    report = folder / "report.html"
    report.write_text(render_report(examination, suggestion), encoding="utf-8")
    (folder / "assessment.json").write_text(examination.assessment.to_json(), encoding="utf-8")
    (folder / "patient.json").write_text(patient.to_json(), encoding="utf-8")
    (folder / "suggestion.json").write_text(suggestion.to_json(), encoding="utf-8")
    return report


def _confirm_each(assessment: Assessment) -> Confirmation:
    """Confirm grade by grade, as a clinician does who has looked at every zone.

    A grade that a person set is certain; one that is only waved through keeps the model's doubt,
    which may withhold a depth.
    """
    return Confirmation(
        schema="skinscore.confirmation/1",
        assessment=assessment.id,
        confirmed_by="the demo, not a clinician",
        confirmed_at=datetime.now(UTC),
        grades=tuple(
            ConfirmedGrade(zone=record.zone, concern=row.concern, grade=row.grade)
            for record in assessment.zones
            for row in record.grades
            if row.grade is not None
        ),
    )


if __name__ == "__main__":
    from skinscore.cli.tables import print_assessment

    written = run(Path(sys.argv[1]))
    document = Assessment.parse((written.parent / "assessment.json").read_bytes())
    print_assessment(document, title="sample patient, rendered")
    print(f"\nReport with overlays and a suggestion: {written}")
