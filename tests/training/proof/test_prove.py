"""Parts are kept for the model, seed and number of people that they were measured on."""

from dataclasses import replace
from pathlib import Path

import pytest

from skinscore.assets.shipped import model_path
from skinscore.errors import RequestRefused
from skinscore_training import runs
from skinscore_training.proof import prove as proving
from skinscore_training.proof.findings import Part, at_most, found
from skinscore_training.proof.report import Proof


def request_in(folder: Path) -> proving.Request:
    return proving.Request(
        model=model_path(),
        out=folder,
        rendered=folder / "patients",
        people=2,
        seed=0,
        portraits=None,
        masks=None,
    )


@pytest.fixture
def measured(tmp_path: Path) -> proving.Bench:
    """A folder in which the part of doses has been measured."""
    bench = proving.Bench.load(request_in(tmp_path))
    row = found("cross_talk", 0.2, None, n=2, subjects="skins", target=at_most(0.15))
    part = Part(name="dose", title="Doses", method="How.", findings=(row,), tables=())
    runs.write(tmp_path / "parts" / "dose.json", proving._kept(bench, part).to_json())
    return bench


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestRefused, match="no part is called nonsense"):
        proving.prove(request_in(tmp_path), ["nonsense"])


def test_a_kept_part_stands_in_the_report_with_what_is_missing(measured: proving.Bench) -> None:
    proof = proving.write_report(measured, {"photos": "no folder"})
    assert [part.name for part in proof.parts] == ["dose"]
    assert proof.not_measured["photos"] == "no folder"
    assert set(proof.not_measured) == set(proving.PARTS) - {"dose"}
    out = measured.request.out
    assert Proof.parse((out / "proof.json").read_bytes()) == proof
    assert "**no**" in (out / "proof.md").read_text(encoding="utf-8")


def test_a_part_of_another_seed_or_model_is_not_taken(measured: proving.Bench) -> None:
    other_seed = replace(measured, request=replace(measured.request, seed=1))
    other_model = replace(measured, contract_digest="0" * 64)
    for bench in (other_seed, other_model):
        assert proving.write_report(bench, {}).parts == ()


def test_parts_that_need_folders_say_so_without_them(tmp_path: Path) -> None:
    proof = proving.prove(request_in(tmp_path), ["photos", "perturbed", "lines"])
    assert proof.parts == ()
    assert all(
        proof.not_measured[name] == proving.PORTRAITS_MISSING
        for name in ("photos", "perturbed", "lines")
    )
