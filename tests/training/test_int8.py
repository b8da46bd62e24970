"""int8: the graph is what was asked for, and only a file inside its margins is released."""

from collections.abc import Iterable

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from skinscore.contract import release
from skinscore.contract.contract import Identity
from skinscore.domain.concerns import Concern
from skinscore.grading.session import Session
from skinscore_training import comparison, int8, rules, sealing
from skinscore_training.comparison import Difference
from skinscore_training.int8 import Variant, Verdict
from skinscore_training.model import onnx_graph, quantize
from tests.models import untrained_model

FP32 = Identity(
    name="test",
    version="1.2.0",
    precision="fp32",
    released="2026-01-01",
    licence="Apache-2.0",
    changes=(),
)


@pytest.fixture(scope="module")
def graph(request: pytest.FixtureRequest) -> bytes:
    return untrained_model(request.config.cache.mkdir("models"))


@pytest.fixture(scope="module", params=list(Variant))
def variant(request: pytest.FixtureRequest) -> Variant:
    return Variant(request.param)


@pytest.fixture(scope="module")
def quantized(graph: bytes, variant: Variant) -> bytes:
    batches = [onnx_graph.random_inputs(rules.GEOMETRY, seed, 2) for seed in range(2)]
    return quantize.to_int8(
        graph, batches, moving_average=False, reduce_range=variant is Variant.REDUCED
    )


def test_convolutions_are_integers_per_channel_and_the_head_is_not(
    quantized: bytes, variant: Variant
) -> None:
    model = onnx.load_model_from_string(quantized)
    values = {entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer}
    makers = {output: node for node in model.graph.node for output in node.output}
    readers: dict[str, list[str]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node.op_type)
    weights = []
    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[1] in makers:
            weight, scale, _ = makers[node.input[1]].input
            weights.append(values[weight])
            assert values[scale].shape == (len(values[weight]),)
            assert makers[node.input[0]].op_type == "DequantizeLinear"
    kept = [
        node.input[1]
        for node in model.graph.node
        if node.op_type == "Conv" and node.input[1] in values
    ]
    assert kept == ["network.maps.weight"]
    assert {weight.dtype for weight in weights} == {np.dtype(np.int8)}
    assert max(np.abs(weight.astype(int)).max() for weight in weights) <= (
        64 if variant is Variant.REDUCED else 127
    )
    zeros = {
        values[node.input[2]].dtype for node in model.graph.node if node.op_type == "QuantizeLinear"
    }
    assert zeros == {np.dtype(np.uint8)}
    for node in model.graph.node:
        if node.op_type in ("MatMul", "Softmax", "LayerNormalization"):
            assert all(
                makers[name].op_type != "DequantizeLinear" for name in node.input if name in makers
            )


def test_the_file_seals_opens_and_answers_nearly_like_fp32(
    quantized: bytes, graph: bytes, variant: Variant
) -> None:
    fp32 = release.open_model(graph).contract
    sealed = sealing.seal(
        quantized,
        int8.identity(FP32, variant),
        fp32.provenance,
        fp32.calibration,
        0.02,
        sealing.LIMITS,
    )
    model = release.open_model(sealed)
    assert Session(model, threads=1).self_test_deviation < 1e-3
    assert model.contract.identity.precision == "int8"
    apart = {"identity", "graph_sha256", "golden"}
    assert model.contract.model_dump(exclude=apart) == fp32.model_dump(exclude=apart)
    assert len(quantized) < len(graph)
    inputs = onnx_graph.random_inputs(rules.GEOMETRY, seed=7, batch=3)
    for ours, theirs in zip(
        onnx_graph.runner(quantized)(*inputs), onnx_graph.runner(graph)(*inputs), strict=True
    ):
        assert 0 < np.abs(ours - theirs).max() < 0.05


def test_each_int8_release_has_a_version_of_its_own() -> None:
    assert int8.identity(FP32, Variant.VNNI).version == "1.2.0+int8"
    rc = FP32.model_copy(update={"version": "1.2.0-rc.1"})
    assert int8.identity(rc, Variant.REDUCED).version == "1.2.0-rc.1.int8-reduced"


def kappa(
    by: str, group: str, first: float, second: float, concern: Concern = Concern.WRINKLES
) -> Difference:
    change = second - first
    return Difference(
        concern, by, group, comparison.KAPPA, first, second, change, change, change, people=9
    )


EVEN = tuple(
    kappa("all", "all", 0.8, 0.8, concern)
    for concern in (Concern.ACNE_SCARRING, Concern.PIGMENTATION)
)  # what the other two concerns lose: nothing


def judged(rows: Iterable[Difference], speed_up: float = 1.3) -> Verdict:
    return int8.judge(Variant.VNNI, 2.0, speed_up, rows, kappa_drop=0.01)


def test_inside_the_margins_and_faster_is_released() -> None:
    rows = [*EVEN, kappa("all", "all", 0.8, 0.791), kappa("tone", "dark", 0.7, 0.75)]
    assert judged(rows).released


@pytest.mark.parametrize(
    ("rows", "speed_up", "reason"),
    [
        ([kappa("all", "all", 0.8, 0.785)], 2.0, "falls from 0.800 to 0.785"),
        (
            [kappa("all", "all", 0.8, 0.8), kappa("tone", "dark", 0.8, 0.78)],
            2.0,
            "kappa, dark falls",
        ),
        ([kappa("all", "all", np.nan, 0.8)], 2.0, "wrinkles cannot be compared"),
        ([], 2.0, "wrinkles cannot be compared"),
        ([kappa("tone", "dark", 0.8, 0.8)], 2.0, "wrinkles cannot be compared"),
        ([kappa("all", "all", 0.8, 0.8)], 1.0, "not faster: 1.00 times"),
        ([kappa("all", "all", 0.8, 0.8)], np.nan, "not faster"),
    ],
)
def test_one_broken_margin_is_enough(rows: list[Difference], speed_up: float, reason: str) -> None:
    verdict = judged([*EVEN, *rows], speed_up)
    assert not verdict.released
    assert [reason in found for found in verdict.reasons] == [True]


def test_a_tone_of_one_grade_is_told_and_holds_nothing_up() -> None:
    verdict = judged([*EVEN, kappa("all", "all", 0.8, 0.8), kappa("tone", "dark", np.nan, np.nan)])
    assert verdict.released
    assert [row.group for row in verdict.kappas if not row.defined] == ["dark"]


def test_a_zone_is_no_group_of_this_gate() -> None:
    rows = [*EVEN, kappa("all", "all", 0.8, 0.8), kappa("zone_kind", "chin", 0.8, 0.5)]
    assert judged(rows).released
