"""Questionnaires, gradings and confirmations for the tests of the rule engine."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from skinscore.domain.assessment import Assessment, SkinTone
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.patient import PatientProfile
from skinscore.domain.suggestion import Confirmation, ConfirmedGrade, Suggestion, ZoneSuggestion
from skinscore.domain.zones import ZONES, Side, TreatmentZone, Zone
from tests.skinscore.factories import make_assessment, make_grade, make_zone_record

SKINPEN: Final = {
    "name": "SkinPen Precision",
    "kind": "pen",
    "maximum_mm": 2.5,
    "labelled_maximum_mm": 1.5,
    "step_mm": 0.25,
    "tolerance_mm": None,
}

NOWHERE: Final = {"answer": "no", "zones": []}
NEVER: Final[Mapping[str, Any]] = {"answer": "no", "last_on": None, "zones": []}

# Nothing stands against needling, everything is answered, and no modifier applies.
CLEAR: Final[Mapping[str, Any]] = {
    "schema": "skinscore.patient/1",
    "subject": None,
    "answered_on": "2026-03-02",
    "age_years": 34,
    "phototype": "II",
    "safety": {
        "suspicious_lesion_or_skin_cancer": "no",
        "active_skin_infection": "no",
        "open_wound_or_sunburn": "no",
        "inflammatory_acne_or_rosacea": NOWHERE,
        "actinic_keratosis": NOWHERE,
        "inflammatory_dermatosis": NOWHERE,
        "keloid_tendency": "no",
        "bleeding_disorder": "no",
        "anticoagulant_or_antiplatelet": "no",
        "pregnancy_or_breast_feeding": "no",
        "metal_or_anaesthetic_allergy": "no",
        "chemotherapy_radiotherapy_or_immunosuppression": "no",
        "scleroderma_or_collagen_vascular_disease": "no",
        "uncontrolled_diabetes": "no",
        "systemic_infection": "no",
        "raised_lesion_or_tattoo_in_path": NOWHERE,
        "body_dysmorphia_or_unrealistic_expectation": "no",
    },
    "history": {
        "isotretinoin": {"use": "never", "stopped_on": None},
        "cold_sores": "no",
        "post_inflammatory_hyperpigmentation": "no",
        "first_treatment": "no",
        "reaction_to_last_treatment": "no",
        "earlier_skin_cancer": NOWHERE,
        "condition_for_physician_note": "no",
    },
    "timing": {
        "topical_retinoid_or_acid": NEVER,
        "dermal_filler": NEVER,
        "botulinum_toxin": NEVER,
        "facial_surgery": NEVER,
        "deep_resurfacing": NEVER,
        "superficial_peel": NEVER,
        "sun_or_tan": NEVER,
        "active_acne_lesion": NEVER,
        "other_scar": NEVER,
    },
    "examination": {
        "thin_skin": "no",
        "scars_flatten_on_stretching": "yes",
        "ice_pick_dominant": "no",
        "deep_boxcar": "no",
        "tethered_rolling": "no",
        "pigmentation_type": "freckles_or_lentigines",
        "lines_only_in_motion": NOWHERE,
        "laxity_or_folds": "no",
        "redness_or_vessels": "no",
        "advanced_photoageing": "no",
        "neck": None,
    },
    "device": SKINPEN,
}


GROUPS: Final = ("safety", "history", "timing", "examination")


def patient(**changes: Any) -> PatientProfile:
    """Return the clear questionnaire, changed; a field of a group is given by its own name."""
    return PatientProfile.model_validate_json(json_of(**changes))


def json_of(**changes: Any) -> str:
    document = json.loads(json.dumps(CLEAR))
    for name, value in changes.items():
        groups = [document, *(document[group] for group in GROUPS)]
        group = next(group for group in groups if name in group)
        group[name] = value
    return json.dumps(document)


def graded(
    grades: Mapping[Zone, Mapping[Concern, int]] | None = None,
    *,
    everywhere: Mapping[Concern, int] | None = None,
    width: int = 0,
    skin_tone: SkinTone | None = None,
) -> Assessment:
    """Return an assessment in which every zone has ``everywhere``, but for what ``grades`` says.

    Concerns that neither names have grade 0; likely ranges reach ``width`` to each side.
    """
    records = []
    for zone in ZONES:
        here = {**(everywhere or {}), **(grades or {}).get(zone, {})}
        records.append(
            make_zone_record(
                zone, {c: make_grade(c, here.get(c, 0), width=width) for c in CONCERNS}
            )
        )
    return make_assessment(zones=records, skin_tone=skin_tone)


def confirmed(assessment: Assessment, *grades: ConfirmedGrade) -> Confirmation:
    return Confirmation(
        schema="skinscore.confirmation/1",
        assessment=assessment.id,
        confirmed_by="dermatologist",
        confirmed_at=datetime(2026, 3, 2, 10, 0, tzinfo=UTC),
        grades=grades,
    )


def zone_of(suggestion: Suggestion, zone: TreatmentZone, side: Side = Side.LEFT) -> ZoneSuggestion:
    """Return one zone; a midline zone is found whatever ``side`` says."""
    return next(
        row for row in suggestion.zones if row.zone is zone and row.side in {side, Side.MIDLINE}
    )
