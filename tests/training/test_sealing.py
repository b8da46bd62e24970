"""A sealed file opens, answers like torch, and keeps its graph when its figures are added."""

import numpy as np
import pytest
import torch

from skinscore.contract import onnx_file, release
from skinscore.contract.contract import Figure
from skinscore.contract.golden import self_test
from skinscore.domain.concerns import Concern
from skinscore.errors import InternalFault, RequestRefused
from skinscore_training import rules, sealing
from skinscore_training.card import write_card
from skinscore_training.model import network, onnx_graph
from skinscore_training.proof.findings import Part, at_most, found
from skinscore_training.proof.report import Proof
from tests.models import SMALL, untrained_model


@pytest.fixture(scope="module")
def sealed(request: pytest.FixtureRequest) -> bytes:
    return untrained_model(request.config.cache.mkdir("models"))


@pytest.fixture(scope="module")
def servable() -> network.Servable:
    """The network that ``untrained_model`` exports."""
    return network.Servable(network.build(SMALL, rules.GEOMETRY, seed=1), (1.0, 1.0, 1.0)).eval()


def figure(dataset: str, value: float = 0.5) -> Figure:
    return Figure(
        name="mean_absolute_error",
        concern=Concern.WRINKLES,
        dataset=dataset,
        value=value,
        low=value - 0.1,
        high=value + 0.1,
        n=40,
    )


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_the_file_answers_like_torch(sealed: bytes, servable: network.Servable, batch: int) -> None:
    crops, masks = onnx_graph.random_inputs(rules.GEOMETRY, seed=batch, batch=batch)
    run = onnx_graph.runner(sealed)
    assert onnx_graph.require_parity(servable, run, crops, masks, tolerance=1e-4) < 1e-5


def test_a_file_that_answers_otherwise_is_not_exported(servable: network.Servable) -> None:
    inputs = onnx_graph.random_inputs(rules.GEOMETRY, seed=1, batch=2)

    def wrong(crops: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.inference_mode():
            found = servable(torch.from_numpy(crops), torch.from_numpy(masks))
        return found[0].numpy() + np.float32(0.001), found[1].numpy()

    with pytest.raises(InternalFault, match=r"parity_failed: onnxruntime differs .* by 0.001"):
        onnx_graph.require_parity(servable, wrong, *inputs, tolerance=1e-4)


def test_the_file_opens_and_passes_its_own_test(sealed: bytes) -> None:
    contract = release.open_model(sealed).contract
    assert contract.figures == ()
    deviation = self_test(
        onnx_graph.runner(sealed),
        contract.golden.cases,
        contract.golden.tolerance,
        contract.geometry,
    )
    assert deviation < 1e-6


def test_figures_change_the_contract_and_nothing_else(sealed: bytes) -> None:
    before = release.open_model(sealed)
    after = release.open_model(sealing.with_figures(sealed, (figure("rendered"),)))
    assert after.digest != before.digest
    assert after.contract.figures == (figure("rendered"),)
    assert after.contract.model_copy(update={"figures": ()}) == before.contract
    graphs = [onnx_file.inspect(model.data).graph_sha256 for model in (before, after)]
    assert graphs[0] == graphs[1] == after.contract.graph_sha256


def test_the_card_says_what_the_model_is_and_shows_every_figure(sealed: bytes) -> None:
    figures = (figure("rendered skin", 0.71), figure("rendered skin, tone dark", 0.93))
    model = release.open_model(sealing.with_figures(sealed, figures))
    card = write_card(model.contract, model.digest, None, {})
    assert "**Trained on rendered skin only; no photo of a person was used.**" in card
    assert "**Every figure of this section is on rendered skin**" in card
    assert "not validated against graders" in card
    assert "0.71 [0.61, 0.81]" in card
    assert "| dark | 40 | not defined | 0.93 [0.83, 1.03] | not defined |" in card
    assert model.digest in card
    assert "Not measured on this file" in card


INT8 = {
    "int8": {
        "released": 0,
        "reasons": ["it is not faster"],
        "megabytes": 2.1,
        "speed_up": 0.9,
        "largest_kappa_drop": 0.003,
        "not_compared": ["wrinkles.quadratic_weighted_kappa, dark"],
    },
    "int8-reduced": {
        "released": 0,
        "reasons": ["wrinkles cannot be compared"],
        "megabytes": 2.1,
        "speed_up": 1.2,
        "largest_kappa_drop": None,
        "not_compared": [],
    },
}


def test_the_card_shows_the_worst_of_what_was_proven(sealed: bytes) -> None:
    figures = (figure("rendered skin", 0.71), figure("rendered skin, tone dark", 0.93))
    model = release.open_model(sealing.with_figures(sealed, figures))
    shifts = tuple(
        found("shift", value, None, n=9, subjects="skins", group=name, target=at_most(0.25))
        for name, value in (("moles", 0.31), ("glasses", 0.02))
    )
    part = Part(name="p", title="Distractors", method="", findings=shifts, tables=())
    proof = Proof(
        schema="skinscore.proof/1",
        model="m",
        version="1",
        contract_digest=model.digest,
        seed=0,
        people=9,
        parts=(part,),
        not_measured={"photos": "no folder"},
    )
    card = write_card(model.contract, model.digest, proof, INT8)
    assert "does not say otherwise: Distractors. " in card
    assert "**Not measured**: photos: no folder." in card
    assert "| Distractors | shift | value | 0.31 | moles | ≤ 0.25 | 1 of 2 |" in card
    assert "| int8 | it is not faster | 2.1 | 0.90 | 0.0030 |" in card
    assert "wrinkles cannot be compared | 2.1 | 1.20 | nothing compared |" in card
    assert "kappa is not defined there: wrinkles.quadratic_weighted_kappa, dark." in card


def test_the_card_of_graded_photos_claims_no_rendered_skin(sealed: bytes) -> None:
    figures = (figure("graded photos", 0.71), figure("graded photos, tone dark", 0.93))
    model = release.open_model(sealing.with_figures(sealed, figures))
    calibration = model.contract.calibration.model_copy(update={"source": "graded"})
    use = model.contract.intended_use.model_copy(update={"limits": sealing.LIMITS_GRADED})
    contract = model.contract.model_copy(update={"calibration": calibration, "intended_use": use})
    card = write_card(contract, model.digest, None, {})
    assert "rendered skin" not in card
    assert sealing.LIMITS_GRADED[0] in card


def test_a_card_without_a_tone_table_is_not_written(sealed: bytes) -> None:
    model = release.open_model(sealing.with_figures(sealed, (figure("rendered skin"),)))
    with pytest.raises(RequestRefused, match="1 overall figures and 0 by known tone"):
        write_card(model.contract, model.digest, None, {})


def test_the_card_says_whom_the_figures_between_views_rest_on(sealed: bytes) -> None:
    icc = figure("rendered skin").model_copy(update={"name": "icc_2_1_between_views", "n": 17})
    contract = release.open_model(sealed).contract
    figures = (figure("rendered skin"), figure("rendered skin, tone dark"), icc)
    with_icc = contract.model_copy(update={"figures": figures})
    without = contract.model_copy(update={"figures": figures[:2]})
    assert f"can be graded ({icc.concern} 17)" in write_card(with_icc, "", None, {})
    assert "Between views" not in write_card(without, "", None, {})


def test_people_of_unknown_tone_are_told_and_are_no_tone_table(sealed: bytes) -> None:
    overall = figure("graded photos", 0.71)
    unknown = figure("graded photos, tone unknown", 0.77)
    dark = figure("graded photos, tone dark", 0.93)

    def card(*figures: Figure) -> str:
        model = release.open_model(sealing.with_figures(sealed, figures))
        return write_card(model.contract, model.digest, None, {})

    assert "| unknown | 40 | not defined | 0.77" in card(overall, unknown, dark)
    assert "| unknown |" not in card(overall, dark)
    with pytest.raises(RequestRefused, match="0 by known tone"):
        card(overall, unknown)
