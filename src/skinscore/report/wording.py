"""Plain names and sentences for a page that a clinician shows a patient.

The page speaks of appearance in a photo, of an engine scale and of suggestions for review; it never
names a diagnosis, an order or a clinical scale. Left and right are the patient's.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

from skinscore.domain.assessment import Outcome
from skinscore.domain.concerns import CONCERNS, GRADE_NAMES, Concern
from skinscore.domain.course import Visit
from skinscore.domain.suggestion import COURSE_TOPICS, Evidence, Standing, Status, Topic
from skinscore.domain.zones import Side, TreatmentZone, View, Zone, ZoneKind
from skinscore.errors import CODES

__all__ = ["COURSE_TOPICS"]  # for the templates, beside everything defined here

CONCERN_NAMES: Final[Mapping[Concern, str]] = MappingProxyType(
    {
        Concern.ACNE_SCARRING: "Acne scarring",
        Concern.WRINKLES: "Wrinkles",
        Concern.PIGMENTATION: "Pigmentation",
    }
)

CONCERN_NOTES: Final[Mapping[Concern, str]] = MappingProxyType(
    {
        Concern.ACNE_SCARRING: "Dips and pits in the skin's surface. Active spots do not count.",
        Concern.WRINKLES: "Lines and folds that show with the face at rest.",
        Concern.PIGMENTATION: "Areas darker than the skin around them.",
    }
)

_KIND_NAMES: Final[Mapping[ZoneKind, str]] = MappingProxyType(
    {
        ZoneKind.FOREHEAD: "Forehead",
        ZoneKind.GLABELLA: "Between the brows",
        ZoneKind.TEMPLE: "Temple",
        ZoneKind.CROWS_FEET: "Outer corner of the eye",
        ZoneKind.UNDER_EYE: "Under the eye",
        ZoneKind.NOSE: "Nose",
        ZoneKind.CHEEK: "Cheek",
        ZoneKind.NASOLABIAL: "Fold beside the nose",
        ZoneKind.LOWER_CHEEK: "Lower cheek",
        ZoneKind.MARIONETTE: "Beside the chin",
        ZoneKind.UPPER_LIP: "Upper lip",
        ZoneKind.CHIN: "Chin",
    }
)

_TREATMENT_ZONE_NAMES: Final[Mapping[TreatmentZone, str]] = MappingProxyType(
    {
        TreatmentZone.FOREHEAD: "Forehead",
        TreatmentZone.GLABELLA: "Between the brows",
        TreatmentZone.TEMPLE: "Temple",
        TreatmentZone.CROWS_FEET: "Outer corner of the eye",
        TreatmentZone.LOWER_EYELID: "Lower eyelid",
        TreatmentZone.NOSE_BRIDGE: "Bridge of the nose",
        TreatmentZone.NOSE_LOWER: "Tip and sides of the nose",
        TreatmentZone.CHEEK_MALAR: "Cheek, front",
        TreatmentZone.CHEEK_LATERAL: "Cheek, side",
        TreatmentZone.NASOLABIAL: "Fold beside the nose",
        TreatmentZone.UPPER_LIP: "Upper lip",
        TreatmentZone.CHIN: "Chin",
        TreatmentZone.JAWLINE: "Jaw line",
        TreatmentZone.NECK: "Neck",
    }
)

VIEW_NAMES: Final[Mapping[View, str]] = MappingProxyType(
    {
        View.FRONTAL: "from the front",
        View.LEFT: "patient's left side",
        View.RIGHT: "patient's right side",
        View.CLOSE_UP: "close-up",
    }
)

OUTCOME_SENTENCES: Final[Mapping[Outcome, str]] = MappingProxyType(
    {
        Outcome.GRADED: "Graded.",
        Outcome.REFUSED: "Not graded: the photo does not allow it.",
        Outcome.FAILED: "Not graded: a fault on our side, not in the photo.",
    }
)

STATUS_NAMES: Final[Mapping[Status, str]] = MappingProxyType(
    {
        Status.SUGGESTED: "Range to review",
        Status.WITHHELD: "Withheld",
        Status.REFERRED: "Refer first",
        Status.NOTHING_TO_TREAT: "Nothing to treat",
        Status.EXCLUDED: "Excluded",
    }
)

STATUS_SENTENCES: Final[Mapping[Status, str]] = MappingProxyType(
    {
        Status.SUGGESTED: "At least one zone has a range to review.",
        Status.WITHHELD: "No depth is printed; the reasons stand below.",
        Status.REFERRED: "No depth is printed; someone else comes first.",
        Status.NOTHING_TO_TREAT: "No zone has a grade that calls for needling.",
        Status.EXCLUDED: "No zone of this assessment may be needled.",
    }
)

SILENT_SENTENCES: Final[Mapping[Status, str]] = MappingProxyType(
    {
        Status.REFERRED: "Another step comes before needling here.",
        Status.NOTHING_TO_TREAT: "No grade here calls for needling.",
        Status.EXCLUDED: "Never needled.",
    }
)

EVIDENCE_NAMES: Final[Mapping[Evidence, str]] = MappingProxyType(
    {
        Evidence.A: "several controlled trials",
        Evidence.B: "trial or cleared device in this zone",
        Evidence.C: "review, small series or expert opinion",
        Evidence.D: "extrapolated",
    }
)

STANDING_NAMES: Final[Mapping[Standing, str]] = MappingProxyType(
    {
        Standing.PUBLISHED: "published",
        Standing.LABELLED: "from a device's label",
        Standing.DERIVED: "derived, on the cautious side",
    }
)


TOPIC_NAMES: Final[Mapping[Topic, str]] = MappingProxyType(
    {
        Topic.PASSES: "Passes",
        Topic.ENDPOINT: "Endpoint",
        Topic.NEEDLES: "Needles",
        Topic.DOWNTIME: "Downtime",
        Topic.PRECAUTION: "Precautions",
        Topic.EXPECTED: "Expected improvement in studies",
        Topic.ADJUNCT: "Adjuncts",
        Topic.ALTERNATIVE: "Instead of needling",
        Topic.SESSION: "One appointment, step by step",
        Topic.PRODUCT_ALLOWED: "May touch open channels",
        Topic.PRODUCT_FORBIDDEN: "Must not touch open channels",
        Topic.AFTERCARE: "Aftercare",
        Topic.ALARM: "Contact the clinic for",
        Topic.COURSE: "Course",
    }
)

PATIENT_HEADINGS: Final[Mapping[Topic, str]] = MappingProxyType(
    {
        Topic.SESSION: "What happens at an appointment",
        Topic.NEEDLES: "Clean needles",
        Topic.DOWNTIME: "How your skin will look",
        Topic.AFTERCARE: "Looking after your skin",
        Topic.PRODUCT_FORBIDDEN: "Do not put on the skin",
        Topic.PRODUCT_ALLOWED: "You may put on the skin",
        Topic.ALARM: "Call the clinic if you notice",
        Topic.EXPECTED: "What studies found",
        Topic.COURSE: "How it goes on",
        Topic.ADJUNCT: "What else matters",
        Topic.ALTERNATIVE: "Other treatments to ask about",
        Topic.PRECAUTION: "Please bring or tell us",
    }
)

VISIT_NAMES: Final[Mapping[Visit, str]] = MappingProxyType(
    {
        Visit.TEST_SPOT: "Test spot",
        Visit.TREATMENT: "Treatment",
        Visit.REVIEW: "Review with photos",
        Visit.FURTHER_TREATMENT: "Further treatment",
        Visit.JUDGEMENT: "Judgement of the result",
        Visit.MAINTENANCE: "Maintenance",
    }
)

# What the patient is told about a window, when there is something to tell.
VISIT_SENTENCES: Final[Mapping[Visit, str]] = MappingProxyType(
    {
        Visit.TEST_SPOT: "A small area, about the size of a coin, is tried out first.",
        Visit.REVIEW: "We take the same photos again and decide together whether to go on.",
        Visit.FURTHER_TREATMENT: "Only if the photos show that it helped.",
        Visit.MAINTENANCE: "Optional.",
    }
)


def days_words(earliest: date, latest: date) -> str:
    """Return a window of days, e.g. "6 April 2026 to 20 April 2026" or one day."""
    first, last = (f"{day.day} {day:%B %Y}" for day in (earliest, latest))
    return first if first == last else f"{first} to {last}"


def zone_name(zone: Zone) -> str:
    """Return the zone's name with the patient's side, e.g. "Cheek, patient's left"."""
    return _sided(_KIND_NAMES[zone.kind], zone.side)


def treatment_zone_name(zone: TreatmentZone, side: Side) -> str:
    """Return the treatment zone's name with the patient's side."""
    return _sided(_TREATMENT_ZONE_NAMES[zone], side)


def treatment_places(places: Sequence[tuple[TreatmentZone, Side]]) -> str:
    """Return several treatment zones as a phrase; right and left of one zone are "both sides"."""
    return " · ".join(_places((_TREATMENT_ZONE_NAMES[zone], side) for zone, side in places))


def zone_places(zones: Sequence[Zone]) -> list[str]:
    """Return the places of several zones; right and left of one kind are "both sides"."""
    return _places((_KIND_NAMES[zone.kind], zone.side) for zone in zones)


def _places(named: Iterable[tuple[str, Side]]) -> list[str]:
    sides: dict[str, set[Side]] = {}
    for name, side in named:
        sides.setdefault(name, set()).add(side)
    places = []
    for name, found in sides.items():
        if {Side.RIGHT, Side.LEFT} <= found:
            places.append(f"{name}, both sides")
            found = found - {Side.RIGHT, Side.LEFT}
        places += [_sided(name, side) for side in Side if side in found]
    return places


def _sided(name: str, side: Side) -> str:
    return name if side is Side.MIDLINE else f"{name}, patient's {side}"


def grade_name(grade: int) -> str:
    """Return the word for a grade of the engine scale, 0..4, higher is worse."""
    return GRADE_NAMES[grade]


def range_words(limits: tuple[int, int]) -> str:
    """Return a range of whole numbers, e.g. "1 to 3" or "2"."""
    low, high = limits
    return str(low) if low == high else f"{low} to {high}"


def depth_words(limits: tuple[float, float]) -> str:
    """Return a depth range in mm; never one exact depth, e.g. "0.5 to 0.75 mm"."""
    low, high = limits
    return f"at most {high:g} mm" if low == high else f"{low:g} to {high:g} mm"


def code_title(code: str) -> str:
    """Return what a code means, in a few words; the code itself when this release lacks it."""
    return CODES[code].title if code in CODES else code


def code_hint(code: str) -> str:
    """Return what to do about a code; empty when this release lacks it."""
    return CODES[code].hint if code in CODES else ""


def concern_list(concerns: set[Concern]) -> str:
    """Return the concerns in their fixed order, as a phrase; "all concerns" for all of them."""
    if concerns == set(CONCERNS):
        return "all concerns"
    return ", ".join(CONCERN_NAMES[concern].lower() for concern in CONCERNS if concern in concerns)
