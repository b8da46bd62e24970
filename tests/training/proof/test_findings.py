"""A figure is judged by its value, and the report shows the worst group first."""

import numpy as np
import pytest

from skinscore.domain.concerns import Concern
from skinscore_training.proof.findings import Finding, Part, Table, at_least, at_most, found
from skinscore_training.proof.report import Proof, markdown


def finding(value: float, group: str = "all") -> Finding:
    return found(
        "shift",
        value,
        (value - 0.1, value + 0.1),
        n=7,
        subjects="skins",
        concern=Concern.WRINKLES,
        group=group,
        target=at_most(0.25),
    )


@pytest.mark.parametrize(
    ("value", "met"), [(0.1, True), (0.25, True), (0.26, False), (float("nan"), False)]
)
def test_a_target_is_met_by_the_value_and_never_by_none(value: float, met: bool) -> None:
    assert finding(value).met is met


def test_at_least_looks_the_other_way() -> None:
    assert at_least(0.9).met_by(0.9)
    assert not at_least(0.9).met_by(0.89)


def test_a_finding_cannot_claim_what_its_value_denies() -> None:
    row = finding(0.5).model_dump() | {"met": True}
    with pytest.raises(ValueError, match="met says"):
        Finding.model_validate(row)


def test_a_reported_figure_is_not_judged() -> None:
    assert found("slope", 0.9, None, n=3, subjects="skins").met is None


def proof(*rows: Finding) -> Proof:
    table = Table(caption="Rows", header=("a", "b"), rows=(("1", "2"),))
    part = Part(name="p", title="Part", method="How.", findings=rows, tables=(table,))
    return Proof(
        schema="skinscore.proof/1",
        model="m",
        version="1",
        contract_digest="0" * 64,
        seed=0,
        people=2,
        parts=(part,),
        not_measured={"lines": "no folder"},
    )


def test_the_report_names_the_worst_group_and_what_was_not_measured() -> None:
    text = markdown(proof(finding(0.1, "moles"), finding(0.4, "strands"), finding(0.2, "stubble")))
    summary = next(line for line in text.splitlines() if line.startswith("| Part | shift"))
    assert "0.40 [0.30, 0.50] | strands | ≤ 0.25 | 2 of 3" in summary
    assert "- lines: no folder" in text
    assert "| 1 | 2 |" in text


def test_a_proof_comes_back_from_its_json() -> None:
    one = proof(finding(0.1), finding(float("nan"), "moles"))
    assert Proof.parse(one.to_json()) == one
    assert np.isfinite([row.value for row in one.parts[0].findings if row.value is not None]).all()
