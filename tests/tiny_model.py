"""A real, sealed model file without a weight: the darker the skin under a mask, the worse.

Built in milliseconds, it goes through the same loading, self-test and grading as a trained one.
"""

from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from skinscore.contract import golden, onnx_file, release
from skinscore.contract.contract import (
    Calibration,
    ConcernCalibration,
    Contract,
    Golden,
    Identity,
    IntendedUse,
    Provenance,
    Tensors,
    TensorSpec,
)
from skinscore.domain.concerns import CONCERNS, GRADES
from skinscore.domain.document import DISCLAIMER
from skinscore.domain.zones import ZONES
from skinscore_training.rules import DECODE, FACE, GATE, GEOMETRY

STRIDE = 4


def tiny_graph(slope: float = 4) -> bytes:
    """ONNX bytes with the contract's signature and no metadata; ``slope``: grades per darkness."""
    side, slots = GEOMETRY.side_px, GEOMETRY.slots
    constants = {
        "byte": np.float32(255),
        "one": np.float32(1),
        "slope": np.float32(slope),
        "minus_two": np.float32(-2),
        "channel": np.array([3], np.int64),
        "plane": np.array([2, 3], np.int64),
        "first": np.array([1], np.int64),
        "tail": np.array([2, 3], np.int64),
        "grades": np.tile(np.arange(5, dtype=np.float32), (1, 1, 3, 1)),
        "concerns": np.ones((1, 3, 1, 1), np.float32),
    }
    node = helper.make_node
    nodes = [
        node("Cast", ["crops"], ["float_crops"], to=TensorProto.FLOAT),
        node("Cast", ["masks"], ["float_masks"], to=TensorProto.FLOAT),
        node("ReduceMean", ["float_crops", "channel"], ["grey"], keepdims=0),
        node("Div", ["grey", "byte"], ["light"]),
        node("Sub", ["one", "light"], ["dark_plane"]),
        node("Unsqueeze", ["dark_plane", "first"], ["dark"]),
        node("Div", ["float_masks", "byte"], ["inside"]),
        node("ReduceSum", ["inside", "plane"], ["area"], keepdims=0),
        node("Add", ["area", "one"], ["area_one"]),
        node("Mul", ["inside", "dark"], ["dark_inside"]),
        node("ReduceSum", ["dark_inside", "plane"], ["dark_sum"], keepdims=0),
        node("Div", ["dark_sum", "area_one"], ["darkness"]),
        node("Unsqueeze", ["darkness", "tail"], ["darkness_4d"]),
        node("Mul", ["darkness_4d", "slope"], ["wanted"]),
        node("Sub", ["wanted", "grades"], ["distance"]),
        node("Mul", ["distance", "distance"], ["squared"]),
        node("Mul", ["squared", "minus_two"], ["logits"]),
        node("Softmax", ["logits"], ["probabilities"], axis=3),
        node("AveragePool", ["dark"], ["small"], kernel_shape=[STRIDE] * 2, strides=[STRIDE] * 2),
        node("Mul", ["small", "concerns"], ["severity_map"]),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "darkness",
        [
            info("crops", TensorProto.UINT8, ["n", side, side, 3]),
            info("masks", TensorProto.UINT8, ["n", slots, side, side]),
        ],
        [
            info("probabilities", TensorProto.FLOAT, ["n", slots, 3, 5]),
            info("severity_map", TensorProto.FLOAT, ["n", 3, side // STRIDE, side // STRIDE]),
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def tiny_contract(graph: bytes, **changes: Any) -> Contract:
    """The contract of ``graph``; ``changes`` replace whole fields."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])

    def run(crops: golden.Crops, masks: golden.Masks) -> golden.Answers:
        probabilities, severity_map = session.run(None, {"crops": crops, "masks": masks})
        return probabilities, severity_map

    side, slots = GEOMETRY.side_px, GEOMETRY.slots
    small = side // STRIDE

    def spec(name: str, dtype: str, *shape: int) -> TensorSpec:
        return TensorSpec.model_validate(
            {"name": name, "dtype": dtype, "shape": shape, "meaning": "see tests/tiny_model.py"}
        )

    fields: dict[str, Any] = {
        "schema": "skinscore.contract/1",
        "identity": Identity(
            name="darkness",
            version="0.0.1",
            precision="fp32",
            released="2026-01-01",
            licence="Apache-2.0",
            changes=(),
        ),
        "provenance": Provenance(
            git_commit="none",
            preset="none",
            seed=0,
            manifest_sha256="0" * 64,
            mlflow_run_id="none",
            label_source="rendered",
            libraries={"onnx": onnx.__version__},
        ),
        "graph_sha256": onnx_file.inspect(graph).graph_sha256,
        "decode": DECODE,
        "face": FACE,
        "geometry": GEOMETRY,
        "tensors": Tensors(
            crops=spec("crops", "uint8", -1, side, side, 3),
            masks=spec("masks", "uint8", -1, slots, side, side),
            probabilities=spec("probabilities", "float32", -1, slots, 3, 5),
            severity_map=spec("severity_map", "float32", -1, 3, small, small),
        ),
        "concerns": CONCERNS,
        "zones": ZONES,
        "grades": GRADES,
        "calibration": Calibration(
            source="rendered",
            people=0,
            coverage=0.9,
            concerns=tuple(
                ConcernCalibration(
                    concern=concern,
                    temperature=1.0,
                    score_knots=(0.2, 1.05, 2.0, 2.95, 3.8),
                    conformal_threshold=0.4,
                )
                for concern in CONCERNS
            ),
        ),
        "gate": GATE,
        "intended_use": IntendedUse(use="tests", limits=("tests only",), disclaimer=DISCLAIMER),
        "figures": (),
        "golden": Golden(
            tolerance=1e-5,
            cases=tuple(golden.golden_case(run, formula, GEOMETRY) for formula in golden.FORMULAS),
        ),
    }
    return Contract(**(fields | changes))


def tiny_model(slope: float = 4, **changes: Any) -> bytes:
    """The bytes of a sealed model file."""
    graph = tiny_graph(slope)
    return release.seal(graph, tiny_contract(graph, **changes))
