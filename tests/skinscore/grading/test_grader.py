"""The grader's promises, with a real model file that knows only darkness (tests/tiny_model.py)."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skinscore import Grader
from skinscore.assets.shipped import sample_photos
from skinscore.domain.assessment import Assessment, Gate, Outcome
from skinscore.domain.concerns import CONCERNS
from skinscore.domain.zones import ZONES, View, Zone
from skinscore.errors import InternalFault, NotReady, RequestRefused
from skinscore.grading.viewing import CloseUp
from tests.tiny_model import tiny_contract, tiny_graph, tiny_model


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Grader:
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(tiny_model())
    return Grader.load(path)


@pytest.fixture(scope="module")
def views() -> list[bytes]:
    return [path.read_bytes() for path in sample_photos()]


def timeless(document: Assessment) -> dict[str, object]:
    return document.model_dump(exclude={"created_at"})


def edited(data: bytes, edit: Callable[[Image.Image], Image.Image]) -> bytes:
    out = BytesIO()
    edit(Image.open(BytesIO(data)).convert("RGB")).save(out, "PNG")
    return out.getvalue()


def test_the_same_bytes_give_the_same_document_but_for_the_time(
    grader: Grader, views: list[bytes]
) -> None:
    first, second = grader.assess(views[0]), grader.assess(views[0])
    assert timeless(first) == timeless(second)
    assert grader.assess(views[1]).id != first.id


def test_a_document_survives_json(grader: Grader, views: list[bytes]) -> None:
    document = grader.assess(views[0], client_ref="ümlaut <b>")
    assert Assessment.parse(document.to_json()) == document


def test_every_zone_and_concern_is_listed_in_the_fixed_order(
    grader: Grader, views: list[bytes]
) -> None:
    document = grader.assess(views[0])
    assert document.outcome is Outcome.GRADED
    assert tuple(record.zone for record in document.zones) == ZONES
    assert tuple(row.concern for row in document.face) == CONCERNS


def test_alone_equals_in_company(grader: Grader, views: list[bytes]) -> None:
    visit = grader.assess_visit(views)
    alone = [grader.assess(view) for view in views]
    assert visit.photos == tuple(document.photos[0] for document in alone)
    for record in visit.zones:
        if record.photo is not None:
            same = alone[record.photo].zone(record.zone)
            assert record == same.model_copy(update={"photo": record.photo})


def test_the_best_view_of_each_zone_wins_and_says_so(grader: Grader, views: list[bytes]) -> None:
    visit = grader.assess_visit(views)
    by_view = {photo.view: index for index, photo in enumerate(visit.photos)}
    assert set(by_view) == {View.FRONTAL, View.RIGHT, View.LEFT}
    assert visit.zone(Zone.TEMPLE_RIGHT).photo == by_view[View.RIGHT]
    assert visit.zone(Zone.TEMPLE_LEFT).photo == by_view[View.LEFT]
    assert visit.zone(Zone.GLABELLA).photo == by_view[View.FRONTAL]

    def assessable(document: Assessment) -> int:
        return sum(row.assessable for record in document.zones for row in record.grades)

    assert assessable(visit) > max(assessable(grader.assess(view)) for view in views)


def test_a_mirrored_photo_swaps_left_and_right(grader: Grader, views: list[bytes]) -> None:
    straight = grader.assess(edited(views[0], lambda image: image), gate=Gate.WARN)
    flip = Image.Transpose.FLIP_LEFT_RIGHT
    mirrored = grader.assess(edited(views[0], lambda image: image.transpose(flip)), gate=Gate.WARN)
    for zone in ZONES:
        for here, there in zip(
            straight.zone(zone).grades, mirrored.zone(zone.mirrored).grades, strict=True
        ):
            if here.score is not None and there.score is not None:
                assert there.score == pytest.approx(here.score, abs=0.1)


def test_darker_skin_pixels_raise_the_score_of_a_model_that_knows_only_darkness(
    grader: Grader, views: list[bytes]
) -> None:
    bright = grader.assess(views[0], gate=Gate.WARN)
    dark = grader.assess(
        edited(views[0], lambda image: image.point([value // 2 for value in range(256)] * 3)),
        gate=Gate.WARN,
    )
    assert (dark.face[0].score or 0) > (bright.face[0].score or 4)


def test_gates_differ_only_in_what_limits_do(grader: Grader, views: list[bytes]) -> None:
    small = edited(views[0], lambda image: image.resize((image.width // 3, image.height // 3)))
    strict, warn, off = (grader.assess(small, gate=gate) for gate in Gate)
    for zone in ZONES:
        for hard, soft, none in zip(
            strict.zone(zone).grades, warn.zone(zone).grades, off.zone(zone).grades, strict=True
        ):
            assert not none.codes or not none.assessable
            assert (soft.score, soft.assessable) == (none.score, none.assessable)
            if hard.assessable:
                assert hard == soft
            elif soft.assessable:
                assert set(hard.codes) <= set(soft.codes)
    assert off.quality == warn.quality, "measured under every gate"
    assert any(
        "zone_too_small" in row.codes and not row.assessable
        for record in strict.zones
        for row in record.grades
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "file_empty"), (b"%PDF-1.7", "unsupported_type")],
    ids=["empty", "another type"],
)
def test_a_bad_file_is_refused_in_the_document_and_the_other_views_still_count(
    grader: Grader, views: list[bytes], data: bytes, code: str
) -> None:
    alone = grader.assess(data)
    assert (alone.outcome, alone.photos[0].codes) == (Outcome.REFUSED, (code,))
    assert (alone.zones, alone.face, alone.skin_tone) == ((), (), None)
    visit = grader.assess_visit([data, views[0]])
    assert [photo.outcome for photo in visit.photos] == [Outcome.REFUSED, Outcome.GRADED]
    assert {record.photo for record in visit.zones} <= {1, None}


def test_a_close_up_has_one_zone_and_no_face(grader: Grader) -> None:
    skin = np.full((300, 400, 3), (200, 150, 130), np.uint8)
    out = BytesIO()
    Image.fromarray(skin).save(out, "PNG")
    document = grader.assess_close_up(
        out.getvalue(), zone=Zone.CHEEK_LEFT, px_per_mm=10.0, gate=Gate.OFF
    )
    assert [record.zone for record in document.zones] == [Zone.CHEEK_LEFT]
    assert document.face == ()
    assert document.photos[0].view is View.CLOSE_UP
    scores = {row.score for row in document.zones[0].grades}
    assert len(scores) == 1
    assert None not in scores
    other = grader.assess_close_up(
        out.getvalue(), zone=Zone.CHEEK_RIGHT, px_per_mm=10.0, gate=Gate.OFF
    )
    assert other.zones[0].grades == document.zones[0].grades, "sides differ by mirroring only"


def test_our_own_fault_is_failed_never_refused(
    grader: Grader, views: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise InternalFault("inference_failed", "a test", "none")

    monkeypatch.setattr(grader, "grade_crops", broken)
    document = grader.assess(views[0])
    assert (document.outcome, document.photos[0].codes) == (Outcome.FAILED, ("inference_failed",))


def test_a_fault_of_any_kind_costs_one_view_and_is_told_by_its_place(
    grader: Grader,
    views: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("Anna Example, /photos/anna.jpg")

    monkeypatch.setattr(grader, "grade_crops", broken)
    document = grader.assess(views[0])
    assert (document.outcome, document.photos[0].codes) == (Outcome.FAILED, ("internal",))
    assert "internal: ValueError at grading/viewing.py:" in caplog.text
    assert "nna" not in caplog.text


def test_a_photo_that_was_decoded_keeps_its_size_and_picture_when_no_face_is_found(
    grader: Grader,
) -> None:
    out = BytesIO()
    Image.new("RGB", (320, 240), (180, 140, 120)).save(out, "PNG")
    examination = grader.examine([out.getvalue(), b"no photo"])
    plain, unread = examination.assessment.photos
    assert (plain.codes, plain.width, plain.height) == (("no_face",), 320, 240)
    assert (unread.width, unread.height) == (None, None)
    assert [photo is not None for photo in examination.photos] == [True, False]


def test_maps_belong_to_the_zones_that_were_graded_in_their_photo(
    grader: Grader, views: list[bytes]
) -> None:
    examination = grader.examine(views)
    shown = [(zone, item.photo) for item in examination.maps for zone in item.zones]
    graded = {
        (record.zone, record.photo)
        for record in examination.assessment.zones
        if any(row.assessable for row in record.grades)
    }
    assert set(shown) == graded
    assert all(item.mask.any() for item in examination.maps)


@pytest.mark.parametrize("photos", [0, 2], ids=["none", "two close-ups"])
def test_a_request_that_makes_no_sense_is_an_error(grader: Grader, photos: int) -> None:
    with pytest.raises(RequestRefused, match="bad_request"):
        grader.examine([b"x"] * photos, close_up=CloseUp(zone=Zone.CHIN, px_per_mm=5.0))


def test_wrong_golden_answers_refuse_to_load(tmp_path: Path) -> None:
    graph = tiny_graph()
    golden = tiny_contract(graph).golden
    case = golden.cases[0]
    changed = case.model_copy(update={"severity_mean": (0.9, 0.9, 0.9)})
    path = tmp_path / "wrong.onnx"
    path.write_bytes(tiny_model(golden=golden.model_copy(update={"cases": (changed,)})))
    with pytest.raises(NotReady, match="self_test_failed: case bands deviates"):
        Grader.load(path)


def test_a_promised_tensor_that_is_not_there_refuses_to_load(tmp_path: Path) -> None:
    tensors = tiny_contract(tiny_graph()).tensors
    renamed = tensors.crops.model_copy(update={"name": "pictures"})
    path = tmp_path / "renamed.onnx"
    path.write_bytes(tiny_model(tensors=tensors.model_copy(update={"crops": renamed})))
    with pytest.raises(NotReady, match="signature_mismatch: tensor pictures"):
        Grader.load(path)


@pytest.mark.parametrize("px_per_mm", [0.0, 1e-4, 1e9, float("nan"), float("inf"), -5.0])
def test_a_scale_that_no_close_up_has_is_refused_before_any_work(px_per_mm: float) -> None:
    with pytest.raises(RequestRefused, match="px per mm"):
        CloseUp(zone=Zone.CHIN, px_per_mm=px_per_mm)


def test_the_coarsest_close_up_stays_cheap(grader: Grader) -> None:
    out = BytesIO()
    Image.new("RGB", (3000, 2000), (200, 150, 130)).save(out, "PNG")
    document = grader.assess_close_up(out.getvalue(), zone=Zone.CHIN, px_per_mm=0.1)
    assert document.outcome is not Outcome.FAILED
