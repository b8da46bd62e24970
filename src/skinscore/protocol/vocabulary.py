"""The words that the rulebook may use; the loader refuses any other."""

from enum import StrEnum


class Action(StrEnum):
    """What one row of the depth table says about one grade of one concern in one zone."""

    NONE = "none"
    EXCLUDE_ZONE = "exclude_zone"
    SUGGEST = "suggest"
    SUGGEST_AND_REFER = "suggest + refer_combination"
    DERMATOLOGIST_FIRST = "dermatologist_confirm_first"
    REFER_NO_DEPTH = "refer_no_depth"
    ROUTE_MACULAR = "route_to_pigmentation_or_vascular (macular)"


class Withholding(StrEnum):
    """Why a depth is withheld when no rule of the rulebook stands against it."""

    UNCONFIRMED = "unconfirmed"
    NOT_ASSESSABLE = "not_assessable"
    LOW_QUALITY = "low_quality"
    LOW_CONFIDENCE = "low_confidence"
    NO_SETTING = "no_setting"
    STALE_QUESTIONNAIRE = "stale_questionnaire"
    REFERRAL_FIRST = "referral_first"


class Verdict(StrEnum):
    """What a follow-up says about going on."""

    CONTINUE = "continue"
    WAIT = "wait"  # too early to judge; no further treatment until then
    STOP_AND_REFER = "stop_and_refer"
    ASK = "ask"  # a question must be answered first; no further treatment until then
    NEW_PHOTO = "new_photo"  # the visits cannot be compared here


class FollowUp(StrEnum):
    """The situations that the follow-up tells apart; the first that holds decides."""

    SIGN_OF_HARM = "sign_of_harm"
    DARKER = "darker"
    WORSE = "worse"
    SIGNS_UNANSWERED = "signs_unanswered"
    NOT_COMPARABLE = "not_comparable"
    SERIES_NOT_OVER = "series_not_over"
    TOO_EARLY = "too_early"
    NO_GAIN = "no_gain"
    NOTHING_TO_JUDGE = "nothing_to_judge"
    GAINED = "gained"


class Fact(StrEnum):
    """A three-valued fact that a rule may listen to (see ``skinscore.protocol.facts``)."""

    AGE_UNDER_18 = "age_under_18"
    AGE_18_TO_21 = "age_18_to_21"
    SUSPICIOUS_LESION_OR_SKIN_CANCER = "suspicious_lesion_or_skin_cancer"
    ACTIVE_SKIN_INFECTION = "active_skin_infection"
    OPEN_WOUND_OR_SUNBURN = "open_wound_or_sunburn"
    INFLAMMATORY_ACNE_OR_ROSACEA = "inflammatory_acne_or_rosacea"
    ACTINIC_KERATOSIS = "actinic_keratosis"
    INFLAMMATORY_DERMATOSIS = "inflammatory_dermatosis"
    KELOID_TENDENCY = "keloid_tendency"
    BLEEDING_DISORDER = "bleeding_disorder"
    ANTICOAGULANT_OR_ANTIPLATELET = "anticoagulant_or_antiplatelet"
    ISOTRETINOIN_CURRENT = "isotretinoin_current"
    ISOTRETINOIN_STOPPED_RECENTLY = "isotretinoin_stopped_recently"
    TOPICAL_RETINOID_OR_ACID_RECENTLY = "topical_retinoid_or_acid_recently"
    DERMAL_FILLER_RECENTLY = "dermal_filler_recently"
    BOTULINUM_TOXIN_RECENTLY = "botulinum_toxin_recently"
    FACIAL_SURGERY_RECENTLY = "facial_surgery_recently"
    DEEP_RESURFACING_RECENTLY = "deep_resurfacing_recently"
    SUPERFICIAL_PEEL_RECENTLY = "superficial_peel_recently"
    SUN_OR_TAN_RECENTLY = "sun_or_tan_recently"
    ACTIVE_ACNE_LESION_RECENTLY = "active_acne_lesion_recently"
    OTHER_SCAR_RECENTLY = "other_scar_recently"
    PREGNANCY_OR_BREAST_FEEDING = "pregnancy_or_breast_feeding"
    METAL_OR_ANAESTHETIC_ALLERGY = "metal_or_anaesthetic_allergy"
    CHEMOTHERAPY_RADIOTHERAPY_OR_IMMUNOSUPPRESSION = (
        "chemotherapy_radiotherapy_or_immunosuppression"
    )
    SCLERODERMA_OR_COLLAGEN_VASCULAR_DISEASE = "scleroderma_or_collagen_vascular_disease"
    UNCONTROLLED_DIABETES = "uncontrolled_diabetes"
    SYSTEMIC_INFECTION = "systemic_infection"
    RAISED_LESION_OR_TATTOO_IN_PATH = "raised_lesion_or_tattoo_in_path"
    BODY_DYSMORPHIA_OR_UNREALISTIC_EXPECTATION = "body_dysmorphia_or_unrealistic_expectation"
    COLD_SORES = "cold_sores"
    POST_INFLAMMATORY_HYPERPIGMENTATION = "post_inflammatory_hyperpigmentation"
    FIRST_TREATMENT = "first_treatment"
    REACTION_TO_LAST_TREATMENT = "reaction_to_last_treatment"
    THIN_SKIN = "thin_skin"
    SCARS_FLATTEN_ON_STRETCHING = "scars_flatten_on_stretching"
    ICE_PICK_DOMINANT = "ice_pick_dominant"
    DEEP_BOXCAR = "deep_boxcar"
    TETHERED_ROLLING = "tethered_rolling"
    PIGMENTATION_UNDIAGNOSED = "pigmentation_undiagnosed"
    PIGMENTATION_MELASMA = "pigmentation_melasma"
    PIGMENTATION_DERMAL = "pigmentation_dermal"
    HYPOPIGMENTATION = "hypopigmentation"
    PHOTOTYPE_IV = "phototype_iv"
    PHOTOTYPE_V_OR_VI = "phototype_v_or_vi"
    TONE_DARKER_THAN_STATED = "tone_darker_than_stated"
    EARLIER_SKIN_CANCER = "earlier_skin_cancer"
    CONDITION_FOR_PHYSICIAN_NOTE = "condition_for_physician_note"
    LINES_ONLY_IN_MOTION = "lines_only_in_motion"
    LAXITY_OR_FOLDS = "laxity_or_folds"
    REDNESS_OR_VESSELS = "redness_or_vessels"
    ADVANCED_PHOTOAGEING = "advanced_photoageing"
    DEVICE_KNOWN = "device_known"
    DEVICE_PEN = "device_pen"
    DEVICE_ROLLER = "device_roller"
    DEVICE_HOME = "device_home"
    DEVICE_RADIOFREQUENCY = "device_radiofrequency"
    ZONE_NOT_SEEN_WELL = "zone_not_seen_well"  # set per treatment zone by the engine
