"""``make demo``: the whole thread on the sample patient, from photos to a report.

Run by ``python -m skinscore.cli.demo FOLDER``.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from skinscore import Grader
from skinscore.assets.shipped import sample_photos, sample_questionnaire
from skinscore.domain.assessment import Gate
from skinscore.domain.patient import PatientProfile
from skinscore.domain.suggestion import Confirmation
from skinscore.protocol import suggest
from skinscore.report.html import render_report


def run(folder: Path) -> Path:
    """Grade the sample visit, suggest for the sample questionnaire, write report and documents."""
    folder.mkdir(parents=True, exist_ok=True)
    grader = Grader.load()
    examination = grader.examine([path.read_bytes() for path in sample_photos()], gate=Gate.STRICT)
    patient = PatientProfile.parse(sample_questionnaire().read_bytes())
    confirmation = Confirmation(
        schema="skinscore.confirmation/1",
        assessment=examination.assessment.id,
        confirmed_by="the demo, not a clinician",
        confirmed_at=datetime.now(UTC),
        grades=(),
    )
    suggestion = suggest(examination.assessment, patient, confirmation)
    report = folder / "report.html"
    report.write_text(render_report(examination, suggestion), encoding="utf-8")
    (folder / "assessment.json").write_text(examination.assessment.to_json(), encoding="utf-8")
    (folder / "suggestion.json").write_text(suggestion.to_json(), encoding="utf-8")
    return report


if __name__ == "__main__":
    from skinscore.cli.tables import print_assessment
    from skinscore.domain.assessment import Assessment

    written = run(Path(sys.argv[1]))
    document = Assessment.parse((written.parent / "assessment.json").read_bytes())
    print_assessment(document, title="sample patient, rendered")
    print(f"\nReport with overlays and a suggestion: {written}")
