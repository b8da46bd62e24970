"""The archive room on the real grader: the same answers as one photo at a time."""

from pathlib import Path

import pytest

from skinscore.archive.records import Settings
from skinscore.archive.scoring import GraderLoader
from skinscore.archive.worker import Limits
from skinscore.assets.shipped import model_path, sample_photos
from skinscore.contract.release import read_model
from skinscore.domain.assessment import Gate, Outcome
from skinscore.errors import NotReady
from skinscore.imaging.face_models import require
from tests.skinscore.archive.archives import grade_rows, make_batch, photo_rows, run_quietly


@pytest.fixture
def settings() -> Settings:
    if not model_path().is_file() or not sample_photos()[0].is_file():
        pytest.skip("no shipped model or sample photo in this checkout")
    require()
    contract = read_model(model_path()).contract
    return Settings(
        model_name=contract.identity.name,
        model_version=contract.identity.version,
        contract_digest=contract.digest,
        gate=Gate.WARN,
        assessment_schema="skinscore.assessment/1",
        journal_schema="skinscore.journal/1",
    )


def test_the_tables_hold_what_the_grader_answers(tmp_path: Path, settings: Settings) -> None:
    load = GraderLoader(None, settings.contract_digest, Gate.WARN)
    photo = sample_photos()[0].read_bytes()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "photo.jpg").write_bytes(photo)
    (tmp_path / "in" / "no photo.jpg").write_bytes(b"\xff\xd8\xff" + bytes(100))
    out, limits = tmp_path / "out", Limits(60.0, 32 * 2**20)
    run_quietly(make_batch(tmp_path / "in", out, load, settings=settings, limits=limits))

    document = load()(photo)
    rows = photo_rows(out)
    assert rows["no photo.jpg"]["outcome"] == Outcome.REFUSED
    row = rows["photo.jpg"]
    for name in ("sha256", "width", "height", "view", "px_per_mm"):
        assert row[name] == getattr(document.photos[0], name), name
    assert row["contract_digest"] == document.model.contract_digest
    graded = {(row["zone"], row["concern"]): row for row in grade_rows(out)}
    assert len(graded) == sum(len(zone.grades) for zone in document.zones)
    for zone in document.zones:
        for grade in zone.grades:
            found = graded[zone.zone, grade.concern]
            assert (found["grade"], found["score"]) == (grade.grade, grade.score)
            assert found["codes"] == list(grade.codes)
            if grade.probabilities is not None:
                assert [found[f"p{value}"] for value in range(5)] == list(grade.probabilities)


def test_an_exchanged_model_file_is_noticed(settings: Settings) -> None:
    with pytest.raises(NotReady, match="exchanged"):
        GraderLoader(None, "0" * 64, Gate.STRICT)()
