"""The document itself refuses what must never be printed, whoever made it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from skinscore.domain.concerns import Concern
from skinscore.domain.suggestion import Confirmation, ConfirmedGrade, Suggestion
from skinscore.domain.zones import Zone
from skinscore.protocol import suggest
from tests.skinscore.protocol.patients import confirmed, graded, patient

Dump = dict[str, Any]


def dumped(**changes: Any) -> Dump:
    assessment = graded(everywhere={Concern.ACNE_SCARRING: 3})
    made = suggest(assessment, patient(**changes), confirmed(assessment))
    return made.model_dump(mode="json", by_alias=True)


def forehead(document: Dump) -> Dump:
    first: Dump = document["zones"][0]
    assert first["zone"] == "forehead"
    return first


def eyelid(document: Dump) -> Dump:
    found: Dump = next(row for row in document["zones"] if row["zone"] == "lower_eyelid")
    return found


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: forehead(d).update(depth_range_mm=[0.75, 1.25]), "stay within cap"),
        (lambda d: forehead(d).update(depth_range_mm=[1.0, 0.75]), "must rise"),
        (lambda d: forehead(d).update(depth_range_mm=[0.75, 0.9]), "multiple of 0.25"),
        (lambda d: forehead(d).update(cap_mm=1.75), "less than or equal to 1.5"),
        (lambda d: forehead(d).update(override_cap_mm=2.25), "less than or equal to 2"),
        (lambda d: forehead(d).update(override_cap_mm=0.75), "override cap"),
        (lambda d: forehead(d).update(start_at_mm=1.25), "cannot exceed the range"),
        (lambda d: forehead(d).update(interval_weeks=[3, 6]), "greater than or equal to 4"),
        (lambda d: forehead(d).update(sessions=None), "every number"),
        (lambda d: forehead(d).update(rules=[]), "its rules"),
        (lambda d: forehead(d).update(status="withheld"), "only a suggested zone"),
        (lambda d: eyelid(d).update(forehead(d) | {"zone": "lower_eyelid"}), "always excluded"),
        (lambda d: d.update(confirmation=None), "needs a confirmation"),
        (lambda d: d.update(blocks=[{"code": "A12", "text": "x"}]), "no block"),
        (lambda d: d.update(sources=[]), "must be listed"),
        (lambda d: d.update(disclaimer="all is well"), "disclaimer"),
        (lambda d: d.update(extra=1), "extra"),
    ],
)
def test_a_suggestion_beyond_a_limit_cannot_exist(
    spoil: Callable[[Dump], None], message: str
) -> None:
    document = dumped()
    Suggestion.model_validate_json(Suggestion.model_validate(document, strict=False).to_json())
    spoil(document)
    with pytest.raises(ValidationError, match=message):
        Suggestion.model_validate(document, strict=False)


def test_a_withheld_zone_says_why() -> None:
    document = dumped(pregnancy_or_breast_feeding="yes")
    forehead(document).update(reasons=[])
    with pytest.raises(ValidationError, match="says why"):
        Suggestion.model_validate(document, strict=False)


def test_a_confirmation_names_each_grade_once_and_a_time_with_its_zone() -> None:
    grade = ConfirmedGrade(zone=Zone.CHIN, concern=Concern.WRINKLES, grade=1)
    with pytest.raises(ValidationError, match="twice"):
        confirmed(graded(), grade, grade)
    word = confirmed(graded(), grade)
    assert Confirmation.parse(word.to_json()) == word
    naive = word.model_dump(by_alias=True) | {"confirmed_at": datetime(2026, 3, 2)}
    with pytest.raises(ValidationError, match="timezone"):
        Confirmation.model_validate(naive)
