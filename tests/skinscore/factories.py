"""Assessments and examinations made by formula: whole and valid, without a photo or a model.

The face is a grid: every zone is a rectangle at its usual place, the subject's right on the left
of the picture, so that a swapped side or a shifted overlay lands in the wrong box.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.assessment import (
    Assessment,
    ConcernGrade,
    FaceGrade,
    Gate,
    ModelRef,
    Outcome,
    PhotoRecord,
    QualityNote,
    SkinTone,
    ZoneRecord,
)
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.document import DISCLAIMER, sha256_hex
from skinscore.domain.suggestion import (
    TITLE,
    Advice,
    ConcernConsidered,
    Confirmed,
    Evidence,
    Figures,
    Number,
    NumberSet,
    OpenQuestion,
    Reason,
    Referral,
    RulebookRef,
    RuleStep,
    Source,
    Standing,
    Status,
    Suggestion,
    Topic,
    ZoneSuggestion,
)
from skinscore.domain.zones import ZONES, Side, TreatmentZone, View, Zone
from skinscore.grading.examination import Examination, SeverityMap
from skinscore.imaging.types import Affine, Mask, Photo

WIDTH, HEIGHT = 240, 320  # of the painted photo, px
SIDE = 64  # of a crop, px
STRIDE = 8  # crop px per map cell

# Left, top, right, bottom in px; the subject's right side, mirrored for the left.
_BOXES: Final[Mapping[str, tuple[int, int, int, int]]] = {
    "forehead": (70, 40, 170, 90),
    "glabella": (106, 95, 134, 115),
    "temple": (30, 80, 55, 120),
    "crows_feet": (30, 125, 55, 150),
    "under_eye": (60, 130, 100, 145),
    "nose": (105, 120, 135, 185),
    "cheek": (40, 155, 90, 205),
    "nasolabial": (92, 160, 104, 210),
    "lower_cheek": (40, 210, 80, 255),
    "marionette": (84, 225, 96, 255),
    "upper_lip": (100, 192, 140, 206),
    "chin": (100, 235, 140, 270),
}


def box(zone: Zone) -> tuple[int, int, int, int]:
    """Return where ``zone`` lies in the painted photo: left, top, right, bottom, px."""
    left, top, right, bottom = _BOXES[zone.kind]
    if zone.value.endswith("_left"):
        left, right = WIDTH - right, WIDTH - left
    return left, top, right, bottom


def make_grade(
    concern: Concern, grade: int, *, width: int = 0, codes: Sequence[str] = ()
) -> ConcernGrade:
    """Return an assessable grade whose likely range reaches ``width`` grades to each side."""
    likely = (max(grade - width, 0), min(grade + width, 4))
    weights = np.zeros(5)
    weights[likely[0] : likely[1] + 1] = 0.25 if width else 0.0
    weights[grade] += 1
    shares = weights / weights.sum()
    return ConcernGrade(
        concern=concern,
        assessable=True,
        codes=tuple(codes),
        grade=grade,
        score=float(shares @ np.arange(5)),
        probabilities=tuple(float(share) for share in shares),  # type: ignore[arg-type]
        likely_range=likely,
    )


def make_ungraded(concern: Concern, codes: Sequence[str] = ("zone_out_of_view",)) -> ConcernGrade:
    """Return a concern that could not be assessed, with its reasons."""
    return ConcernGrade(
        concern=concern,
        assessable=False,
        codes=tuple(codes),
        grade=None,
        score=None,
        probabilities=None,
        likely_range=None,
    )


def make_photo_record(
    *,
    outcome: Outcome = Outcome.GRADED,
    codes: Sequence[str] = (),
    view: View = View.FRONTAL,
    seed: str = "photo",
) -> PhotoRecord:
    graded = outcome is Outcome.GRADED
    return PhotoRecord(
        sha256=sha256_hex(seed),
        width=WIDTH,
        height=HEIGHT,
        view=view if graded else None,
        px_per_mm=6.0 if graded else None,
        colour_profile="srgb",
        yaw_deg=0.0 if graded else None,
        pitch_deg=0.0 if graded else None,
        roll_deg=0.0 if graded else None,
        outcome=outcome,
        codes=tuple(codes),
    )


def make_zone_record(
    zone: Zone,
    grades: Mapping[Concern, ConcernGrade] | None = None,
    *,
    photo: int | None = 0,
) -> ZoneRecord:
    """Return a record of ``zone``; concerns that ``grades`` lacks take a grade from the zone."""
    left, top, right, bottom = (float(edge) for edge in box(zone))
    position = ZONES.index(zone)
    given = grades or {}
    return ZoneRecord(
        zone=zone,
        photo=photo,
        polygon=()
        if photo is None
        else ((left, top), (right, top), (right, bottom), (left, bottom)),
        visible_fraction=0.0 if photo is None else 0.9,
        facing=None if photo is None else 0.8,
        grades=tuple(
            given.get(concern, make_grade(concern, (position + place) % 5, width=1))
            for place, concern in enumerate(CONCERNS)
        ),
    )


def make_assessment(
    *,
    zones: Sequence[ZoneRecord] | None = None,
    photos: Sequence[PhotoRecord] | None = None,
    face: Mapping[Concern, int | None] | None = None,
    quality: Sequence[QualityNote] = (),
    skin_tone: SkinTone | None = None,
    client_ref: str | None = None,
    gate: Gate = Gate.STRICT,
) -> Assessment:
    """Return a graded frontal photo with every zone, but for what is given.

    Args:
        zones: the zone records; every zone with grades made by formula when None.
        photos: the photo records; one graded frontal photo when None.
        face: the grade of the whole face per concern, None for not assessable; 2 for every
            concern when None. Empty for a close-up or a refused photo.
    """
    grades: Mapping[Concern, int | None] = dict.fromkeys(CONCERNS, 2) if face is None else face
    return Assessment(
        schema="skinscore.assessment/1",
        id="asm_" + sha256_hex(f"{client_ref}")[:24],
        created_at=datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC),
        client_ref=client_ref,
        gate=gate,
        photos=tuple(photos) if photos is not None else (make_photo_record(),),
        quality=tuple(quality),
        skin_tone=skin_tone,
        zones=tuple(zones) if zones is not None else tuple(map(make_zone_record, ZONES)),
        face=tuple(_face_grade(concern, grade) for concern, grade in grades.items()),
        model=make_model_ref(),
        disclaimer=DISCLAIMER,
    )


def make_refused(code: str = "no_face") -> Assessment:
    """Return the document of a single photo that was refused with ``code``."""
    record = make_photo_record(outcome=Outcome.REFUSED, codes=(code,))
    return make_assessment(photos=(record,), zones=(), face={})


def make_model_ref() -> ModelRef:
    return ModelRef(name="skinscore-face", version="0.1.0", contract_digest=sha256_hex("contract"))


def _face_grade(concern: Concern, grade: int | None) -> FaceGrade:
    graded = grade is not None
    return FaceGrade(
        concern=concern,
        assessable=graded,
        grade=grade,
        score=None if grade is None else float(grade),
        likely_range=None if grade is None else (max(grade - 1, 0), min(grade + 1, 4)),
        method="area_weighted_mean",
    )


def make_photo(seed: str = "photo") -> Photo:
    """Return a decoded photo: a ramp of brown with every zone's box a little lighter."""
    rows = np.linspace(90, 200, HEIGHT)[:, None, None]
    pixels = np.broadcast_to(rows, (HEIGHT, WIDTH, 3)) * np.array([1.0, 0.8, 0.7])
    for zone in ZONES:
        left, top, right, bottom = box(zone)
        pixels[top:bottom, left:right] += 12
    return Photo(
        pixels=np.clip(np.rint(pixels), 0, 255).astype(np.uint8),
        sha256=sha256_hex(seed),
        format="JPEG",
        colour_profile="srgb",
        orientation=1,
    )


def make_map(
    to_crop: Affine,
    values: NDArray[np.float32],
    *,
    photo: int = 0,
    zones: tuple[Zone, ...] = (Zone.FOREHEAD,),
    mask: Mask | None = None,
) -> SeverityMap:
    """Return a severity map; its mask is the whole crop when None."""
    whole = np.full((SIDE, SIDE), 255, np.uint8) if mask is None else mask
    return SeverityMap(photo=photo, zones=zones, values=values, mask=whole, to_crop=to_crop)


def make_examination(
    assessment: Assessment | None = None,
    *,
    photos: Sequence[Photo | None] | None = None,
    maps: Sequence[SeverityMap] | None = None,
) -> Examination:
    """Return an examination; a painted photo for every record and one map over the forehead,
    but for what is given."""
    document = assessment if assessment is not None else make_assessment()
    if photos is None:
        photos = [make_photo() for _ in document.photos]
    if maps is None:
        maps = [forehead_map()] if document.zones else []
    return Examination(assessment=document, photos=tuple(photos), maps=tuple(maps))


def forehead_map() -> SeverityMap:
    """Return a map over the forehead's box: rising to the right, the first concern highest."""
    left, top, right, bottom = box(Zone.FOREHEAD)
    scale = SIDE / (right - left)
    to_crop = np.array([(scale, 0, -left * scale), (0, scale, -top * scale)], np.float64)
    ramp = np.broadcast_to(np.linspace(0, 1, SIDE // STRIDE, dtype=np.float32), (8, 8))
    values = np.stack([ramp, ramp * np.float32(0.8), ramp * np.float32(0.6)])
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[: int((bottom - top) * scale)] = 255
    return make_map(to_crop, values, mask=mask)


# ---- suggestions -------------------------------------------------------------------------------

UNCONFIRMED: Final = Reason(
    code="unconfirmed", text="A clinician has not yet confirmed the grades of this assessment."
)


def make_zone_suggestion(
    zone: TreatmentZone = TreatmentZone.CHEEK_MALAR,
    side: Side = Side.LEFT,
    *,
    graded_zones: Sequence[Zone] = (Zone.CHEEK_LEFT,),
    depth_range_mm: tuple[float, float] = (0.5, 0.75),
    referrals: Sequence[str] = (),
) -> ZoneSuggestion:
    """Return a treatment zone with a range, with its rules and all that belongs to it."""
    low, high = depth_range_mm
    return ZoneSuggestion(
        zone=zone,
        side=side,
        graded_zones=tuple(graded_zones),
        status=Status.SUGGESTED,
        concerns=_considered(),
        depth_range_mm=(low, high),
        start_at_mm=low,
        test_spot=True,
        cap_mm=1.5,
        override_cap_mm=2.0,
        override=None,
        sessions=(3, 4),
        interval_weeks=(4, 6),
        evidence=Evidence.C,
        off_label=True,
        reasons=(),
        referrals=tuple(referrals),
        notes=("Start at the low end.",),
        advice=("Passes-pen",),
        rules=(
            RuleStep(
                rule_id="BASE",
                concern=Concern.WRINKLES,
                what="Row of the depth table.",
                inputs=("grade: 2",),
                before_mm=None,
                after_mm=(low, min(high + 0.25, 1.5)),
                sets=(NumberSet(number=Number.SESSIONS, before=None, after=(3.0, 4.0)),),
                evidence=Evidence.C,
                standing=Standing.PUBLISHED,
                sources=("S1",),
            ),
            RuleStep(
                rule_id="M06",
                concern=None,
                what="First treatment: the lower half of the range.",
                inputs=("first treatment: yes",),
                before_mm=(low, min(high + 0.25, 1.5)),
                after_mm=(low, high),
                sets=(),
                evidence=Evidence.D,
                standing=Standing.DERIVED,
                sources=(),
            ),
        ),
    )


def make_silent_zone(
    zone: TreatmentZone = TreatmentZone.CHEEK_MALAR,
    side: Side = Side.LEFT,
    *,
    status: Status = Status.WITHHELD,
    reasons: Sequence[Reason] = (UNCONFIRMED,),
) -> ZoneSuggestion:
    """Return a treatment zone without a range, and why."""
    return ZoneSuggestion(
        zone=zone,
        side=side,
        graded_zones=(),
        status=status,
        concerns=_considered(),
        depth_range_mm=None,
        start_at_mm=None,
        test_spot=False,
        cap_mm=None,
        override_cap_mm=None,
        override=None,
        sessions=None,
        interval_weeks=None,
        evidence=None,
        off_label=None,
        reasons=tuple(reasons),
        referrals=(),
        notes=(),
        advice=(),
        rules=(),
    )


def make_suggestion(
    assessment: Assessment, *, confirmed: bool = True, zones: Sequence[ZoneSuggestion] | None = None
) -> Suggestion:
    """Return a suggestion for ``assessment``; one zone of each kind when ``zones`` is None."""
    if zones is None:
        cheek = make_zone_suggestion(referrals=("R10",)) if confirmed else make_silent_zone()
        zones = (
            cheek,
            make_silent_zone(TreatmentZone.CHIN, Side.MIDLINE),
            make_silent_zone(
                TreatmentZone.LOWER_EYELID, Side.LEFT, status=Status.EXCLUDED, reasons=()
            ),
        )
    return Suggestion(
        schema="skinscore.suggestion/1",
        title=TITLE,
        assessment=assessment.id,
        assessment_digest=assessment.digest,
        contract_digest=assessment.model.contract_digest,
        patient_digest=sha256_hex("patient"),
        answered_on=date(2026, 3, 14),
        answers_valid_until=date(2026, 4, 11),
        rulebook=RulebookRef(
            version="0.1.0",
            digest=sha256_hex("rules"),
            review="not yet signed off by a clinician",
            overlay=None,
        ),
        confirmation=Confirmed(by="Dr A", at=datetime(2026, 3, 14, 10, 0, tzinfo=UTC))
        if confirmed
        else None,
        status=Status.SUGGESTED if confirmed else Status.WITHHELD,
        blocks=(),
        open_questions=(
            OpenQuestion(
                id="A03",
                answer="isotretinoin_current",
                field="history.isotretinoin",
                question="Has isotretinoin been taken in the last six months?",
                blocking=not confirmed,
            ),
        ),
        referrals=(
            Referral(
                id="R10",
                text="Deep static lines: consider a combined approach.",
                plain="Other treatments may help more.",
                stops_all=False,
                zones=((TreatmentZone.CHEEK_MALAR, Side.LEFT),),
                evidence=Evidence.D,
                standing=Standing.DERIVED,
                sources=("S1",),
            ),
        ),
        waived=(),
        zones=tuple(zones),
        advice=(make_advice(),),
        sources=(Source(key="S1", citation="A made-up source, 2020."),),
        disclaimer=DISCLAIMER,
    )


def make_advice() -> Advice:
    """Return one piece of advice about a zone."""
    return Advice(
        rule_id="Passes-pen",
        topic=Topic.PASSES,
        text="Pen: 2-4 passes.",
        plain=None,
        figures=Figures(low=2, high=4, unit="passes"),
        evidence=Evidence.C,
        standing=Standing.PUBLISHED,
        sources=("S1",),
    )


def _considered() -> tuple[ConcernConsidered, ...]:
    return tuple(
        ConcernConsidered(
            concern=concern,
            grade=2,
            grade_by="photo",
            confidence=0.7,
            considered=(2,),
            codes=(),
            us_label_status="off-label",
            off_label=True,
        )
        for concern in CONCERNS
    )
