"""``make demo``: the whole thread, and what a reader of its report will see."""

import re
from pathlib import Path

from skinscore.cli.demo import run
from skinscore.domain.assessment import Assessment, Outcome
from skinscore.domain.suggestion import Status, Suggestion
from skinscore.domain.zones import ZONES, View


def test_the_demo_walks_from_photos_to_a_report_with_a_suggestion(tmp_path: Path) -> None:
    report = run(tmp_path / "demo")
    assessment = Assessment.parse((report.parent / "assessment.json").read_bytes())
    suggestion = Suggestion.parse((report.parent / "suggestion.json").read_bytes())
    page = report.read_text(encoding="utf-8")

    assert {photo.view for photo in assessment.photos} == {View.FRONTAL, View.RIGHT, View.LEFT}
    assert {photo.outcome for photo in assessment.photos} == {Outcome.GRADED}
    assert tuple(record.zone for record in assessment.zones) == ZONES
    # Every zone is in view in one of the three photos; geometry never hides one of them.
    for record in assessment.zones:
        assert record.photo is not None
        for grade in record.grades:
            assert not {"zone_out_of_view", "zone_out_of_frame"} & set(grade.codes), record.zone

    assert suggestion.assessment == assessment.id
    ranges = [zone for zone in suggestion.zones if zone.status is Status.SUGGESTED]
    assert ranges, "an instructive demo shows at least one depth range"
    assert "Suggestion for clinician review" in page
    assert assessment.disclaimer in re.sub(r"\s+", " ", page)
    assert assessment.model.contract_digest[:8] in page
