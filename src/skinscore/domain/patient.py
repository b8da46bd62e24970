"""``skinscore.patient/1``: what a patient and the clinician answered before a treatment.

Nothing here comes from a photo. Every field must be present and "unknown" is an answer like any
other: it never means "no", and a rule that needs to know treats it as the more cautious answer.
The codes A01-A20 and T01-T10 name the rules of ``docs/reference/rulebook.md``.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from skinscore.domain.assessment import GradeValue
from skinscore.domain.document import Day, Document, canonical_json, sha256_hex
from skinscore.domain.zones import Zone

Unknown = Literal["unknown"]
Millimetres = Annotated[float, Field(gt=0, le=5)]


class Answer(StrEnum):
    """A three-valued answer."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Phototype(StrEnum):
    """Fitzpatrick skin type: a self-reported reaction to the sun, never read from a photo."""

    I = "I"  # noqa: E741 - its name in the field; always burns, never tans
    II = "II"
    III = "III"
    IV = "IV"
    V = "V"
    VI = "VI"  # never burns, tans darkly
    UNKNOWN = "unknown"


class PigmentationType(StrEnum):
    """What kind of pigmentation a dermatologist found; ``unknown`` until one has looked."""

    FRECKLES_OR_LENTIGINES = "freckles_or_lentigines"
    POST_INFLAMMATORY = "post_inflammatory"
    MELASMA = "melasma"
    DERMAL = "dermal"  # grey-blue: Ota, Hori, ochronosis, drug, lichen planus pigmentosus
    HYPOPIGMENTATION = "hypopigmentation"  # vitiligo-like
    NONE = "none"
    UNKNOWN = "unknown"


class LocalAnswer(Document):
    """An answer about the skin to be treated, and where. "Yes" without zones means everywhere."""

    answer: Answer
    zones: tuple[Zone, ...]  # the subject's sides; empty unless the answer is yes

    @model_validator(mode="after")
    def _places_belong_to_a_yes(self) -> Self:
        if self.zones and self.answer is not Answer.YES:
            raise ValueError("zones are listed only with the answer yes")
        return self


class DatedEvent(Document):
    """Whether something happened, when last, and where. "Yes" without zones means everywhere."""

    answer: Answer
    last_on: Day | None  # null unless yes; null although yes: the day is not known
    zones: tuple[Zone, ...]  # the subject's sides; empty unless the answer is yes

    @model_validator(mode="after")
    def _day_and_places_belong_to_a_yes(self) -> Self:
        if (self.last_on is not None or self.zones) and self.answer is not Answer.YES:
            raise ValueError("last_on and zones are given only with the answer yes")
        return self


class SafetyAnswers(Document):
    """The blocking conditions that are asked; age (A01) and isotretinoin (A11) stand elsewhere.

    A18 (inside the orbital rim, mucosa, vermilion) is decided by the zones and not asked.
    """

    suspicious_lesion_or_skin_cancer: Answer  # A02, in the field
    active_skin_infection: Answer  # A03, bacterial, viral or fungal, in the field
    open_wound_or_sunburn: Answer  # A04
    inflammatory_acne_or_rosacea: LocalAnswer  # A05
    actinic_keratosis: LocalAnswer  # A06
    inflammatory_dermatosis: LocalAnswer  # A07, eczema, psoriasis, lichen planus, vitiligo ...
    keloid_tendency: Answer  # A08, or hypertrophic scars
    bleeding_disorder: Answer  # A09
    anticoagulant_or_antiplatelet: Answer  # A10, aspirin included
    pregnancy_or_breast_feeding: Answer  # A12
    metal_or_anaesthetic_allergy: Answer  # A13
    chemotherapy_radiotherapy_or_immunosuppression: Answer  # A14, within four weeks
    scleroderma_or_collagen_vascular_disease: Answer  # A15
    uncontrolled_diabetes: Answer  # A16
    systemic_infection: Answer  # A17
    raised_lesion_or_tattoo_in_path: LocalAnswer  # A19
    body_dysmorphia_or_unrealistic_expectation: Answer  # A20


class Isotretinoin(Document):
    """Oral isotretinoin (A11 and its waiting time)."""

    use: Literal["never", "current", "stopped", "unknown"]
    stopped_on: Day | None  # null unless stopped; null although stopped: the day is not known

    @model_validator(mode="after")
    def _a_day_belongs_to_stopped(self) -> Self:
        if self.stopped_on is not None and self.use != "stopped":
            raise ValueError("stopped_on is given only when use is stopped")
        return self


class History(Document):
    """What happened before."""

    isotretinoin: Isotretinoin
    cold_sores: Answer  # ever
    post_inflammatory_hyperpigmentation: Answer  # ever
    first_treatment: Answer  # yes: never needled before
    reaction_to_last_treatment: Answer  # erythema > 72 h, hyperpigmentation, crust or infection
    earlier_skin_cancer: LocalAnswer  # in the field
    condition_for_physician_note: Answer  # controlled diabetes, heart, pacemaker, autoimmune ...


class Timing(Document):
    """What needs a waiting time before needling; how long, the rulebook says (T02-T10)."""

    topical_retinoid_or_acid: DatedEvent  # last application; AHA and BHA included
    dermal_filler: DatedEvent
    botulinum_toxin: DatedEvent
    facial_surgery: DatedEvent
    deep_resurfacing: DatedEvent  # laser, medium or deep peel, dermabrasion
    superficial_peel: DatedEvent
    sun_or_tan: DatedEvent  # strong sun, tanning or self-tanner
    active_acne_lesion: DatedEvent  # the last inflammatory lesion
    other_scar: DatedEvent  # surgical or traumatic scar in the field: the day it arose


class HandGrades(Document):
    """Grades that the clinician gave by eye where no photo of the face reaches."""

    acne_scarring: GradeValue
    wrinkles: GradeValue
    pigmentation: GradeValue


class Examination(Document):
    """What only a clinician in the room can see or feel."""

    thin_skin: Answer  # visibly thin, atrophic or steroid-thinned
    scars_flatten_on_stretching: Answer  # decides between Goodman-Baron 3 and 4
    ice_pick_dominant: Answer  # more than half of the scars, or any deep one
    deep_boxcar: Answer  # 0.5 mm or deeper
    tethered_rolling: Answer
    pigmentation_type: PigmentationType
    lines_only_in_motion: LocalAnswer  # dynamic: absent with the face at rest
    laxity_or_folds: Answer  # loose skin, redundant folds
    redness_or_vessels: Answer  # telangiectasia, post-inflammatory erythema, rosacea
    advanced_photoageing: Answer  # Glogau IV: yellow-grey skin, no skin without wrinkles
    neck: HandGrades | None  # 0 none .. 4 severe; null: not looked at, and then no suggestion


class DeviceKind(StrEnum):
    """What sort of device it is. Only pens and rollers of a practice ever receive a depth."""

    PEN = "pen"  # motorised
    ROLLER = "roller"
    HOME = "home"  # sold to consumers, whatever its needles
    RADIOFREQUENCY = "radiofrequency"


class DeviceProfile(Document):
    """The needling device, from its own papers. Depths are settings, not penetration."""

    name: Annotated[str, Field(min_length=1, max_length=80)]  # as on its label
    kind: DeviceKind
    maximum_mm: Millimetres  # largest setting
    labelled_maximum_mm: Millimetres | None  # largest depth its label covers; null: none stated
    step_mm: Annotated[float, Field(ge=0.05, le=1)]  # smallest change of the setting
    tolerance_mm: Annotated[float, Field(ge=0, le=0.5)] | None  # of a setting; null: not stated


class PatientProfile(Document):
    """One filled-in questionnaire. Holds no name, no date of birth, no contact."""

    schema_: Literal["skinscore.patient/1"] = Field(alias="schema")
    subject: Annotated[str, Field(min_length=1, max_length=80)] | None  # pseudonym, never a name
    answered_on: Day  # all waiting times count up to this day
    age_years: Annotated[int, Field(ge=0, le=120)] | Unknown  # A01
    phototype: Phototype
    safety: SafetyAnswers
    history: History
    timing: Timing
    examination: Examination
    device: DeviceProfile | Unknown

    @model_validator(mode="after")
    def _nothing_happened_in_the_future(self) -> Self:
        days = {"history.isotretinoin.stopped_on": self.history.isotretinoin.stopped_on}
        days |= {f"timing.{name}.last_on": event.last_on for name, event in self.events.items()}
        for name, day in days.items():
            if day is not None and day > self.answered_on:
                raise ValueError(f"{name} lies after answered_on")
        return self

    @property
    def events(self) -> dict[str, DatedEvent]:
        """Every dated event by its name."""
        return {name: getattr(self.timing, name) for name in Timing.model_fields}

    @property
    def local_answers(self) -> dict[str, LocalAnswer | DatedEvent]:
        """Every answer that may be limited to some zones, by its name."""
        groups = (self.safety, self.history, self.timing, self.examination)
        return {
            name: value
            for group in groups
            for name, value in group
            if isinstance(value, LocalAnswer | DatedEvent)
        }

    @property
    def digest(self) -> str:
        """sha256 (hex) of the canonical JSON: the same answers, the same digest."""
        return sha256_hex(canonical_json(self.model_dump(mode="json", by_alias=True)))

    @classmethod
    def unanswered(cls, answered_on: date) -> "PatientProfile":
        """Return a questionnaire in which nothing has been answered yet; it blocks every depth."""
        nowhere = LocalAnswer(answer=Answer.UNKNOWN, zones=())
        never = DatedEvent(answer=Answer.UNKNOWN, last_on=None, zones=())
        safety = {
            name: nowhere if field.annotation is LocalAnswer else Answer.UNKNOWN
            for name, field in SafetyAnswers.model_fields.items()
        }
        return cls(
            schema="skinscore.patient/1",
            subject=None,
            answered_on=answered_on,
            age_years="unknown",
            phototype=Phototype.UNKNOWN,
            safety=SafetyAnswers.model_validate(safety),
            history=History(
                isotretinoin=Isotretinoin(use="unknown", stopped_on=None),
                cold_sores=Answer.UNKNOWN,
                post_inflammatory_hyperpigmentation=Answer.UNKNOWN,
                first_treatment=Answer.UNKNOWN,
                reaction_to_last_treatment=Answer.UNKNOWN,
                earlier_skin_cancer=nowhere,
                condition_for_physician_note=Answer.UNKNOWN,
            ),
            timing=Timing.model_validate(dict.fromkeys(Timing.model_fields, never)),
            examination=Examination(
                thin_skin=Answer.UNKNOWN,
                scars_flatten_on_stretching=Answer.UNKNOWN,
                ice_pick_dominant=Answer.UNKNOWN,
                deep_boxcar=Answer.UNKNOWN,
                tethered_rolling=Answer.UNKNOWN,
                pigmentation_type=PigmentationType.UNKNOWN,
                lines_only_in_motion=nowhere,
                laxity_or_folds=Answer.UNKNOWN,
                redness_or_vessels=Answer.UNKNOWN,
                advanced_photoageing=Answer.UNKNOWN,
                neck=None,
            ),
            device="unknown",
        )
