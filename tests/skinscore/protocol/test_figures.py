"""The rulebook's numbers, copied a second time by hand from the reference that they come from.

Two hands rarely slip on the same number. Whoever changes one changes it twice, and knows why.
"""

import pytest

from skinscore.domain.concerns import CONCERNS
from skinscore.domain.patient import Phototype
from skinscore.protocol.rulebook import load
from skinscore.protocol.rules import Effect

FIGURES = {
    "Passes-pen": (2, 4, "passes"),
    "Passes-roller": (15, 20, "passes"),
    "Needles-channels": (12, 18, "hours"),
    "Downtime-shallow": (1, 2, "days"),
    "Downtime-middle": (2, 3, "days"),
    "Downtime-deep": (3, 5, "days"),
    "Visit-numbing": (20, 30, "minutes"),
    "Visit-duration": (30, 60, "minutes"),
    "Course-three": (8, 12, "weeks"),
    "Course-judge": (6, 12, "months"),
    "Course-maintenance": (6, 12, "months"),
    "Product-irritants": (24, 24, "hours"),
    "Care-first-day": (0, 24, "hours"),
    "Care-sunscreen": (24, 72, "hours"),
    "Care-sunscreen-dark": (4, 4, "weeks"),
    "Care-rest": (0, 72, "hours"),
    "Care-retinoids": (5, 7, "days"),
    "Alarm-rash": (7, 7, "days"),
    "Adjunct-peels": (2, 4, "weeks"),
    "Instead-cross": (3, 6, "weeks"),
}
LIMITS = {
    "low_confidence_width": 2,
    "dark_tone_below_ita_deg": 28,
    "adult_from_years": 18,
    "deep_from_mm": 1.5,
    "thickness_margin_mm": 0.1,
    "questionnaire_days": 27,
    "test_spot_weeks": 4,
    "review_after_sessions": 3,
    "review_from_weeks": 8,
    "review_to_weeks": 12,
    "judge_months": 6,
    "maintenance_from_months": 6,
    "maintenance_to_months": 12,
    "meaningful_points": 1,
    "detectable_z": 1.96,
}
# cap, override cap, female ultrasound thickness, all mm
ZONES = {
    "forehead": (1.0, 1.5, 1.06),
    "glabella": (1.0, 1.5, 1.09),
    "temple": (0.75, 1.0, 0.98),
    "crows_feet": (0.75, 1.0, 0.75),
    "lower_eyelid": (None, None, 0.75),
    "nose_bridge": (0.5, 1.0, 1.12),
    "nose_lower": (0.75, 1.0, 1.12),
    "cheek_malar": (1.5, 2.0, 1.07),
    "cheek_lateral": (1.5, 2.0, 1.07),
    "nasolabial": (1.0, 1.5, 1.07),
    "upper_lip": (0.75, 1.0, 1.07),
    "chin": (1.0, 1.5, 1.09),
    "jawline": (1.0, 1.5, 1.09),
    "neck": (0.75, 1.5, 1.16),
}
# base mm, override mm, treatments, weeks apart; grades 0 to 4
BASE = {
    "acne_scarring": [
        (None, None, (0, 0), None),
        ((0.25, 0.5), None, (0, 2), (4, 6)),
        ((0.75, 1.25), None, (3, 3), (4, 6)),
        ((1.0, 1.5), 2.0, (3, 4), (4, 6)),
        ((1.25, 1.5), 2.0, (4, 6), (6, 8)),
    ],
    "wrinkles": [
        (None, None, (0, 0), None),
        ((0.25, 0.5), None, (1, 3), (4, 6)),
        ((0.5, 0.75), None, (3, 4), (4, 6)),
        ((0.75, 1.0), 1.5, (4, 4), (4, 6)),
        ((1.0, 1.5), 1.5, (4, 6), (4, 6)),
    ],
    "pigmentation": [
        (None, None, (0, 0), None),
        ((0.25, 0.25), None, (2, 3), (4, 6)),
        ((0.25, 0.5), 1.5, (3, 4), (4, 6)),
        ((0.25, 0.5), 1.5, (3, 4), (4, 6)),
        (None, None, (0, 0), None),
    ],
}
EFFECTS = {
    "M1": Effect(ceiling_mm=1.5),
    "M2": Effect(ceiling_from="device"),
    "M3": Effect(lower_by_mm=0.25, start_at_low=True, test_spot=True, interval_weeks_from=6),
    "M3-pigmentation": Effect(ceiling_mm=0.25),
    "M4": Effect(start_at_low=True),
    "M4-pih": Effect(start_at_low=True, interval_weeks_from=6),
    "M5": Effect(ceiling_from="skin_thickness"),
    "M6": Effect(lower_half=True),
    "M10-pigmentation": Effect(override_ceiling_mm=0.5),
    "C01": Effect(interval_weeks_from=6),
}
WAITS = {
    "T01": (None, 6), "T02": (5, None), "T03": (None, 6), "T04": (14, None), "T05": (None, 12),
    "T06": (None, 3), "T07": (28, None), "T08": (14, None), "T09": (None, 6), "T10": (None, 12),
}  # fmt: skip
# The lowest grade at which each rule that names a concern speaks; 1 where it names none.
GRADE_FROM = {
    "R03": [4, 2], "R04": [2], "R07": [3, 1, 2], "R07-first": [3], "R08": [4, 1], "R11": [4, 1],
    "Expect-scars": [2], "Expect-Alam2014": [2], "Expect-Lotfi2013": [2], "Expect-severe": [3],
    "Adjunct-prp": [2], "Adjunct-comparison": [2], "Instead-punch": [1, 2], "Instead-filler": [3],
    "Instead-resurfacing": [4, 1, 4],
    "Ask-R03": [2], "Ask-R04": [2], "Ask-M11": [3],
}  # fmt: skip
PRINTED = {
    "Endpoint-erythema": [(None, 0.5)],
    "Endpoint-between": [(0.75, 0.75), (1.0, None)],
    "Endpoint-bleeding": [(1.0, None)],
    "Downtime-shallow": [(None, 0.5)],
    "Downtime-middle": [(0.75, 1.0)],
    "Downtime-deep": [(1.25, None)],
}


def test_figures_of_advice() -> None:
    found = {
        rule.id: (rule.figures.low, rule.figures.high, rule.figures.unit)
        for rule in load().advice
        if rule.figures
    }
    assert found == FIGURES


def test_thresholds() -> None:
    assert {name: limit.value for name, limit in load().limits} == LIMITS


def test_caps_and_thickness_of_zones() -> None:
    found = {r.zone.value: (r.cap_mm, r.override_mm, r.thickness_mm) for r in load().zones}
    assert found == ZONES


@pytest.mark.parametrize("concern", CONCERNS)
def test_base_ranges_and_courses(concern: str) -> None:
    rows = [row for row in load().base if row.concern == concern]
    assert [row.grade for row in rows] == [0, 1, 2, 3, 4]
    found = [(row.base_mm, row.override_mm, row.sessions, row.interval_weeks) for row in rows]
    assert found == BASE[concern]


def test_effects_of_modifiers() -> None:
    assert {rule.id: rule.effect for rule in load().modifiers if rule.effect} == EFFECTS


def test_waits_and_who_may_shorten_them() -> None:
    assert {rule.id: (rule.wait.days, rule.wait.months) for rule in load().timing} == WAITS
    waivers = {rule.id: rule.waiver.from_days for rule in load().timing if rule.waiver}
    assert waivers == {"T01": 0, "T03": 28}


def test_grades_and_ranges_that_conditions_ask_for() -> None:
    rules = load()
    conditional = {rule.id: rule.when for rule in rules.modifiers}
    conditional |= {rule.id: rule.when for rule in rules.referrals}
    conditional |= {rule.id: rule.when for rule in rules.questions}
    conditional |= {rule.id: rule.when for rule in rules.advice}
    for rule_id, when in conditional.items():
        expected = GRADE_FROM.get(rule_id, [1] * len(when))
        assert [condition.grade_from for condition in when] == expected, rule_id
        assert [condition.grade_to for condition in when] == (
            [1, 4] if rule_id == "R14" else [4] * len(when)
        ), rule_id
        limits = [(c.high_from_mm, c.high_to_mm) for c in when]
        assert limits == PRINTED.get(rule_id, [(None, None)] * len(when)), rule_id


def test_labels_of_devices() -> None:
    found = {
        (label.key, device.name): (len(device.phototypes), device.from_years)
        for label in load().labels
        for device in label.devices
    }
    assert found == {
        ("acne_face", "SkinPen Precision"): (6, 22),
        ("acne_face", "Exceed"): (4, 22),
        ("wrinkles_face", "Exceed"): (3, 22),
        ("wrinkles_neck", "SkinPen Precision"): (3, 22),
    }
    neck = next(label for label in load().labels if label.key == "wrinkles_neck")
    assert neck.devices[0].phototypes == (Phototype.II, Phototype.III, Phototype.IV)
