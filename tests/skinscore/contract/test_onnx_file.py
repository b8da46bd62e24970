"""The walk over the bytes: what may be inside a model file and what may not."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from skinscore.contract.onnx_file import MAX_BYTES, inspect, with_metadata
from skinscore.errors import NotReady
from tests.tiny_model import tiny_graph


def model(
    *nodes: onnx.NodeProto, initializers: tuple[onnx.TensorProto, ...] = ()
) -> onnx.ModelProto:
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        list(nodes) or [helper.make_node("Identity", ["x"], ["y"])],
        "g",
        [info("x", TensorProto.FLOAT, [1])],
        [info("y", TensorProto.FLOAT, [1])],
        list(initializers),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def external_tensor() -> onnx.TensorProto:
    tensor = numpy_helper.from_array(np.ones(1, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    return tensor


def if_branch_with(tensor: onnx.TensorProto) -> onnx.NodeProto:
    constant = helper.make_node("Constant", [], ["y"], value=tensor)
    branch = helper.make_graph(
        [constant], "branch", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])]
    )
    return helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)


def nested_ifs(depth: int) -> onnx.NodeProto:
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    node = helper.make_node("Identity", ["x"], ["y"])
    for _ in range(depth):
        branch = helper.make_graph([node], "branch", [], [output])
        node = helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    return node


def with_function() -> onnx.ModelProto:
    made = model()
    made.functions.append(
        helper.make_function(
            "local", "f", ["a"], ["b"], [helper.make_node("Neg", ["a"], ["b"])], []
        )
    )
    return made


def with_foreign_opset() -> onnx.ModelProto:
    made = model()
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made


def with_training() -> onnx.ModelProto:
    made = model()
    made.training_info.add()
    return made


@pytest.mark.parametrize(
    ("made", "words"),
    [
        pytest.param(model(initializers=(external_tensor(),)), "outside the file", id="external"),
        pytest.param(
            model(if_branch_with(external_tensor())), "outside the file", id="in a branch"
        ),
        pytest.param(
            model(helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")),
            "foreign domain",
            id="foreign node",
        ),
        pytest.param(with_foreign_opset(), "foreign domain", id="foreign opset"),
        pytest.param(with_function(), "local functions", id="local function"),
        pytest.param(with_training(), "training info", id="training info"),
        pytest.param(model(nested_ifs(9)), "nested", id="too deep"),
    ],
)
def test_a_file_that_could_read_or_run_something_else_is_refused(
    made: onnx.ModelProto, words: str
) -> None:
    with pytest.raises(NotReady, match=words) as refusal:
        inspect(made.SerializeToString())
    assert refusal.value.code == "model_unsafe"


@pytest.mark.parametrize("made", [model(), model(nested_ifs(3))], ids=["plain", "branches"])
def test_a_plain_file_passes(made: onnx.ModelProto) -> None:
    assert inspect(made.SerializeToString()).metadata == {}


def test_a_file_cut_anywhere_or_made_of_noise_is_no_model() -> None:
    data = tiny_graph()
    for length in range(0, len(data), 37):
        with pytest.raises(NotReady, match="model_not_onnx"):
            inspect(data[:length])
    noise = np.random.default_rng(3)
    for size in (1, 10, 1000):
        with pytest.raises(NotReady):
            inspect(noise.integers(0, 256, size, dtype=np.uint8).tobytes())


def test_a_file_over_the_size_limit_is_refused_unread() -> None:
    with pytest.raises(NotReady, match="at most"):
        inspect(b"\0" * (MAX_BYTES + 1))


def test_metadata_is_replaced_whole_and_read_by_the_onnx_library() -> None:
    data = with_metadata(tiny_graph(), {"a": "1", "ü": "grün"})
    assert inspect(data).metadata == {"a": "1", "ü": "grün"}
    parsed = onnx.load_model_from_string(data)
    assert {entry.key: entry.value for entry in parsed.metadata_props} == {"a": "1", "ü": "grün"}
    assert with_metadata(data, {}) == tiny_graph()


def test_repeated_metadata_is_refused() -> None:
    data = with_metadata(tiny_graph(), {"a": "1"})
    twice = data + with_metadata(b"", {"a": "2"})
    with pytest.raises(NotReady, match="repeats"):
        inspect(twice)


def test_a_tag_wider_than_32_bits_is_refused_because_others_read_it_otherwise() -> None:
    # Field 14 of a tensor (data_location) with bit 33 of the tag set: 5 bytes instead of one.
    wide = (14 << 3 | 1 << 33).to_bytes(8, "little")
    value = int.from_bytes(wide, "little")
    tag = bytearray()
    while value > 0x7F:
        tag.append(value & 0x7F | 0x80)
        value >>= 7
    tag.append(value)
    with pytest.raises(NotReady, match="model_not_onnx"):
        inspect(tiny_graph() + bytes(tag) + b"\x01")
