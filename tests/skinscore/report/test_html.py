"""What a report promises: whole, self-contained, silent where nothing may be said."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import pytest
from PIL import Image

from skinscore.domain.assessment import Gate, Outcome, QualityNote, SkinTone
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.document import DISCLAIMER
from skinscore.domain.suggestion import Reason
from skinscore.domain.zones import ZONES, Side, TreatmentZone, Zone
from skinscore.errors import CODES, RequestRefused
from skinscore.protocol import suggest
from skinscore.report import wording
from skinscore.report.html import render_report
from tests.skinscore.factories import (
    make_assessment,
    make_examination,
    make_grade,
    make_photo_record,
    make_refused,
    make_silent_zone,
    make_suggestion,
    make_ungraded,
    make_zone_record,
    make_zone_suggestion,
)
from tests.skinscore.protocol.patients import confirmed, patient

VOID = {"meta", "link", "img", "input", "br", "hr"}
FORBIDDEN = re.compile(
    r"\b(prescription|prescribe|treatment plan|dose|safe|diagnos\w+|approved|abnormality|"
    r"you have|skin age)\b",
    re.IGNORECASE,
)
DEPTH = re.compile(r"\d\s*mm\b")


class Page(HTMLParser):
    """A parsed page: every tag closed in order, its attributes, the text that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.style = ""
        self.feed(html)
        self.close()
        assert self.open == []
        self.text = re.sub(r"\s+", " ", " ".join(self.pieces))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.pieces.append(data)

    def values(self, name: str) -> list[str]:
        """Return every value of one attribute."""
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


def page(*args: object, **kwargs: object) -> Page:
    return Page(render_report(*args, **kwargs))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def full() -> Page:
    """A graded photo with everything there is to show."""
    nose = {Concern.WRINKLES: make_ungraded(Concern.WRINKLES, ["zone_glare", "low_confidence"])}
    chin = {Concern.WRINKLES: make_grade(Concern.WRINKLES, 3, codes=["zone_blurred"])}
    special = {Zone.NOSE: nose, Zone.CHIN: chin}
    assessment = make_assessment(
        zones=[make_zone_record(zone, special.get(zone)) for zone in ZONES],
        face={Concern.ACNE_SCARRING: 0, Concern.WRINKLES: 4, Concern.PIGMENTATION: None},
        quality=[
            QualityNote(
                photo=0, code="too_dark", zone=None, measured=17.25, limit=20.0, hint="More light."
            )
        ],
        skin_tone=SkinTone(ita_deg=-21.0, ita_range_deg=(-34.0, -8.0)),
        client_ref="visit 7",
        gate=Gate.WARN,
    )
    return page(make_examination(assessment), make_suggestion(assessment))


def test_the_page_is_well_formed_and_says_its_language(full: Page) -> None:
    assert ("html", {"lang": "en"}) in full.tags
    assert len(full.values("id")) == len(set(full.values("id")))


def test_every_zone_and_concern_appears_by_its_plain_name(full: Page) -> None:
    for zone in ZONES:
        assert wording.zone_name(zone) in full.text
    for concern in CONCERNS:
        assert wording.CONCERN_NAMES[concern] in full.text


def test_the_disclaimer_stands_at_both_ends(full: Page) -> None:
    assert full.text.count(DISCLAIMER) == 2


def test_the_page_uses_none_of_the_words_to_avoid(full: Page) -> None:
    refused = page(make_examination(make_refused()), None)
    for shown in (full, refused):
        assert not FORBIDDEN.findall(shown.text.replace(DISCLAIMER, ""))


def test_what_was_not_assessable_says_why_and_what_to_do(full: Page) -> None:
    for code in ("zone_glare", "low_confidence"):
        assert CODES[code].title in full.text
        assert CODES[code].hint in full.text
    assert "Nose (wrinkles)" in full.text
    assert "With reservation: zone blurred." in full.text


def test_quality_notes_tone_and_versions_are_shown(full: Page) -> None:
    assert "measured 17.25, limit 20" in full.text
    assert "\N{MINUS SIGN}21°" in full.text
    assert "never a phototype" in full.text
    assert "Quality limits were only warned about" in full.text
    assert "skinscore-face 0.1.0" in full.text
    assert make_assessment().model.contract_digest in full.text


def test_nothing_is_loaded_from_anywhere_and_nothing_runs(full: Page) -> None:
    loads = [value for name in ("src", "href", "data", "action") for value in full.values(name)]
    assert loads
    assert all(value.startswith(("data:image/", "#")) for value in loads)
    assert "url(" not in full.style
    assert "@import" not in full.style
    assert not {"script", "iframe", "object", "embed", "link"} & {tag for tag, _ in full.tags}
    assert not [name for _, attrs in full.tags for name in attrs if name.startswith("on")]


def test_the_policy_admits_the_one_style_sheet_and_no_inline_style(full: Page) -> None:
    (policy,) = (
        attrs["content"]
        for tag, attrs in full.tags
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )
    digest = base64.b64encode(hashlib.sha256(full.style.encode()).digest()).decode()
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert not full.values("style")


def test_every_fragment_that_is_pointed_at_exists(full: Page) -> None:
    ids = set(full.values("id"))
    targets = {value[1:] for value in full.values("href") if value.startswith("#")}
    assert targets
    assert targets <= ids
    assert set(full.values("for")) <= ids


def test_every_drawing_that_is_not_decoration_has_words(full: Page) -> None:
    for tag, attrs in full.tags:
        if tag == "svg":
            assert attrs.get("aria-hidden") == "true" or attrs.get("aria-label")


def test_embedded_pictures_carry_no_metadata(full: Page) -> None:
    uris = [value for value in full.values("href") if value.startswith("data:")]
    assert len(uris) == 1 + len(CONCERNS)
    for uri in uris:
        data = base64.b64decode(uri.split(",", 1)[1])
        with Image.open(BytesIO(data)) as picture:
            assert not picture.getexif()
            assert not {"exif", "icc_profile", "comment", "xmp"} & set(picture.info)


def test_the_same_examination_gives_the_same_bytes() -> None:
    one, other = (
        render_report(make_examination(document), make_suggestion(document))
        for document in (make_assessment(), make_assessment())
    )
    assert one == other


def test_a_reference_with_markup_in_it_is_shown_as_text() -> None:
    reference = "<script>alert(1)</script>\"'&"
    shown = page(make_examination(make_assessment(client_ref=reference)), None)
    assert reference in shown.text
    assert "script" not in {tag for tag, _ in shown.tags}


def test_without_a_suggestion_there_is_no_section_for_it() -> None:
    shown = page(make_examination(), None)
    assert "Suggestion for clinician review" not in shown.text
    assert not DEPTH.search(shown.text)


@pytest.mark.parametrize("decoded", [True, False], ids=["decoded", "not decoded"])
def test_a_refused_photo_gives_a_report_that_says_why(decoded: bool) -> None:
    refused = make_refused("multiple_faces")
    shown = page(make_examination(refused, photos=None if decoded else [None]), None)
    assert "Photo 1 was not graded" in shown.text
    assert CODES["multiple_faces"].title in shown.text
    assert CODES["multiple_faces"].hint in shown.text
    assert DISCLAIMER in shown.text
    assert ("data:" in " ".join(shown.values("href"))) == decoded
    assert "Zone by zone" not in shown.text


def test_a_fault_of_ours_is_not_blamed_on_the_photo() -> None:
    record = make_photo_record(outcome=Outcome.FAILED, codes=["inference_failed"])
    document = make_assessment(photos=[record], zones=(), face={})
    shown = page(make_examination(document), None)
    assert wording.OUTCOME_SENTENCES[Outcome.FAILED] in shown.text
    assert wording.OUTCOME_SENTENCES[Outcome.REFUSED] not in shown.text


def test_several_photos_of_a_visit_are_all_shown_and_a_refused_one_says_so() -> None:
    records = [
        make_photo_record(),
        make_photo_record(seed="second"),
        make_photo_record(seed="third", outcome=Outcome.REFUSED, codes=["blurred"]),
    ]
    zones = [make_zone_record(zone, photo=place % 2) for place, zone in enumerate(ZONES)]
    shown = page(make_examination(make_assessment(photos=records, zones=zones)), None)
    for number in (1, 2, 3):
        assert f"photo-{number}" in shown.values("id")
    assert "Photo 3 was not graded" in shown.text
    assert CODES["blurred"].title in shown.text


def test_a_close_up_is_shown_without_a_face_grade() -> None:
    document = make_assessment(zones=[make_zone_record(Zone.CHEEK_LEFT)], face={})
    shown = page(make_examination(document), None)
    assert "The face as a whole" not in shown.text
    assert "Cheek, patient's left" in shown.text


def test_a_code_that_this_release_does_not_know_is_shown_as_it_is() -> None:
    grades = {Concern.WRINKLES: make_ungraded(Concern.WRINKLES, ["of_a_later_release"])}
    document = make_assessment(zones=[make_zone_record(Zone.NOSE, grades)])
    assert "of_a_later_release" in page(make_examination(document), None).text


# ---- the suggestion ----------------------------------------------------------------------------


def test_a_confirmed_suggestion_shows_range_cap_course_evidence_label_and_basis() -> None:
    document = make_assessment()
    shown = page(make_examination(document), make_suggestion(document))
    for words in (
        "Suggestion for clinician review",
        "Cheek, front, patient's left",
        "0.5 to 0.75 mm",
        "1.5 mm; up to 2 mm only as a named clinician's logged decision",
        "3 to 4 treatments, 4 to 6 weeks apart",
        "C: review, small series or expert opinion",
        "outside US labelled use",
        "M06",
        "A made-up source, 2020.",
        "Deep static lines",
        "Has isotretinoin been taken",
        "not yet signed off by a clinician",
    ):
        assert words in shown.text, words


def test_no_depth_is_printed_when_the_suggestion_is_withheld() -> None:
    document = make_assessment()
    suggestion = make_suggestion(document, confirmed=False)
    shown = page(make_examination(document), suggestion)
    assert "every depth is withheld" in shown.text
    assert suggestion.zones[0].reasons[0].text in shown.text
    assert not DEPTH.search(shown.text)


def test_zones_withheld_for_one_reason_are_said_once() -> None:
    document = make_assessment()
    reason = Reason(code="not_assessable", text="It could not be assessed.")
    zones = [
        make_silent_zone(TreatmentZone.CHEEK_MALAR, side, reasons=[reason])
        for side in (Side.RIGHT, Side.LEFT)
    ]
    suggestion = make_suggestion(document, confirmed=False, zones=zones)
    text = page(make_examination(document), suggestion).text
    assert text.count(reason.text) == 1
    assert "Cheek, front, both sides" in text


def test_equal_ranges_share_a_card_and_different_ones_do_not() -> None:
    document = make_assessment()

    def cards(right: float, left: float) -> int:
        zones = [
            make_zone_suggestion(TreatmentZone.CHEEK_MALAR, side, depth_range_mm=(0.5, high))
            for side, high in ((Side.RIGHT, right), (Side.LEFT, left))
        ]
        suggestion = make_suggestion(document, zones=zones)
        return page(make_examination(document), suggestion).values("class").count("range")

    assert cards(0.75, 0.75) == 1
    assert cards(0.75, 1.0) == 2


def test_a_range_of_one_depth_is_worded_as_a_limit() -> None:
    document = make_assessment()
    zones = [make_zone_suggestion(depth_range_mm=(0.25, 0.25))]
    text = page(make_examination(document), make_suggestion(document, zones=zones)).text
    assert "at most 0.25 mm" in text


def test_a_suggestion_of_another_assessment_is_refused() -> None:
    other = make_suggestion(make_assessment(client_ref="another"))
    with pytest.raises(RequestRefused, match="another assessment"):
        render_report(make_examination(), other)


def test_what_the_rulebook_suggests_is_shown_whole_and_in_permitted_words() -> None:
    document = make_assessment()
    suggestion = suggest(document, patient(), confirmed(document))
    text = page(make_examination(document), suggestion).text
    ranges = [zone.depth_range_mm for zone in suggestion.zones if zone.depth_range_mm is not None]
    assert ranges
    for limits in ranges:
        assert wording.depth_words(limits) in text
    for question in suggestion.open_questions:
        assert question.question in text
    for source in suggestion.sources:
        assert source.key in text
    assert not FORBIDDEN.findall(text.replace(DISCLAIMER, ""))


def test_a_note_on_a_zone_that_another_photo_shows_is_no_reservation() -> None:
    examination = make_examination()
    assessment = examination.assessment
    record = next(record for record in assessment.zones if record.photo is not None)
    elsewhere = QualityNote(
        photo=(record.photo or 0) + 1,
        code="zone_shadow",
        zone=record.zone,
        measured=1.0,
        limit=20.0,
        hint="a note of another photo",
    )
    here = elsewhere.model_copy(update={"photo": record.photo, "hint": "a note of this photo"})
    noted = assessment.model_copy(update={"quality": (elsewhere, here)})
    page = render_report(replace(examination, assessment=noted), None)
    assert "a note of this photo" in page
    assert "a note of another photo" not in page
