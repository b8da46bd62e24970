"""From the fp32 graph to an int8 one: convolutions in integers, pooling and grade head in floats.

Static QDQ by onnxruntime: activations U8, weights S8 per output channel, ranges measured on
training crops. The options stand here in full: onnxruntime's own defaults (S8 activations) are up
to three times slower on ordinary CPUs. What is summed over a zone and graded stays float, and so
does the last layer of the severity maps. The exporter has folded batch statistics into the
convolutions already, so no pre-processing pass is needed. Why: docs/decisions/0018.
"""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from skinscore.contract.golden import Crops, Masks
from skinscore.errors import InternalFault

QUANTIZED: Final = ("Conv", "Relu", "Clip", "Add", "Resize")  # of the encoder and the decoder
_MAPS: Final = "severity_map"  # its last convolution ends what is quantised


def to_int8(
    graph: bytes,
    batches: Iterable[tuple[Crops, Masks]],
    *,
    moving_average: bool,
    reduce_range: bool,
) -> bytes:
    """Return ``graph`` with encoder and decoder in int8; inputs, outputs and their types stay.

    Args:
        graph: fp32, as skinscore_training.model.onnx_graph.to_onnx returns it.
        batches: crops (N, S, S, 3) and masks (N, K, S, S), uint8, that set the ranges.
        moving_average: ranges are means over the batches instead of extremes over all crops.
        reduce_range: weights of 7 bits, for CPUs without VNNI, where sums of two 8-bit products
            saturate at 16 bits.

    Raises:
        InternalFault: ``quantization_failed`` when nothing in the graph could be quantised.
    """
    model = onnx.load_model_from_string(graph)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        target = Path(folder) / "int8.onnx"
        quantize_static(
            model,
            target,
            _Reader(batches),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTIZED),
            per_channel=True,
            reduce_range=reduce_range,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=convolutional(model),
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={
                "ActivationSymmetric": False,
                "WeightSymmetric": True,
                "QuantizeBias": True,
                "CalibMovingAverage": moving_average,
            },
        )
        quantized = onnx.load_model(target)
    if not any(node.op_type == "QuantizeLinear" for node in quantized.graph.node):
        raise InternalFault(
            "quantization_failed", "no node of the graph became int8", "convolutions that can be"
        )
    _plain(quantized)
    data: bytes = quantized.SerializeToString(deterministic=True)
    return data


def convolutional(model: onnx.ModelProto) -> list[str]:
    """Return the names of the nodes that the severity map's last layer reads from.

    That is the encoder and the decoder: pooling and grade head come after the maps, and the maps'
    own last layer is left out.
    """
    makers = {output: node for node in model.graph.node for output in node.output}
    last = makers[_MAPS]
    while last.op_type != "Conv":
        last = makers[last.input[0]]
    found: dict[str, onnx.NodeProto] = {}
    waiting = [last.input[0]]
    while waiting:
        node = makers.get(waiting.pop())
        if node is not None and node.name not in found:
            found[node.name] = node
            waiting.extend(node.input)
    return sorted(name for name, node in found.items() if node.op_type in QUANTIZED)


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Feeds batches to onnxruntime's calibration, one at a time, until None ends it."""

    def __init__(self, batches: Iterable[tuple[Crops, Masks]]) -> None:
        self._batches: Iterator[tuple[Crops, Masks]] = iter(batches)

    def get_next(self) -> dict[str, Crops | Masks] | None:
        batch = next(self._batches, None)
        if batch is None:
            return None
        crops, masks = batch
        return {"crops": crops, "masks": masks}


def _plain(model: onnx.ModelProto) -> None:
    """Drop declared operator domains that no node uses: a release names standard ones only."""
    used = {node.domain for node in model.graph.node} | {""}
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep onnxruntime's advice to pre-process, which is not needed here, off the display."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
