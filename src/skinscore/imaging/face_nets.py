"""BlazeFace (short range) and Face Mesh as plain functions of pixels.

Both are the published float models, run by LiteRT on one thread. What the tensors mean (anchor
grid, scales, order of the key points) is fixed by the models and written here once.
"""

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skinscore.imaging.types import Pixels, Points

DETECTOR_SIDE: Final = 128  # px, input of BlazeFace
MESH_SIDE: Final = 192  # px, input of Face Mesh
MESH_POINTS: Final = 468

MIN_SCORE: Final = 0.5
MAX_IOU: Final = 0.3  # boxes that overlap more are the same face
RIGHT_EYE, LEFT_EYE = 0, 1  # key points, the subject's sides

_NOTICE: Final = re.compile(rb"INFO: .*TensorFlow Lite")
_STDERR: Final = threading.Lock()  # its descriptor belongs to the whole process


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A face box in units of the detector's square input, 0..1 across it."""

    score: float
    centre: NDArray[np.float64]  # (2,) x, y
    size: NDArray[np.float64]  # (2,) width, height
    key_points: Points  # (6, 2) right eye, left eye, nose tip, mouth, right ear, left ear

    @property
    def side(self) -> float:
        return float(self.size.max())


class BlazeFace:
    """Finds face boxes in a 128 x 128 picture."""

    def __init__(self, model: bytes) -> None:
        self._net = _Net(model)
        self._anchors = _anchors()

    def detect(self, square: Pixels) -> list[Detection]:
        """Return the faces in ``square`` (128, 128, 3), largest first."""
        outputs = self._net.run(square.astype(np.float32) / 127.5 - 1.0)
        scores = _sigmoid(outputs["classificators"].reshape(-1))
        keep = np.flatnonzero(scores >= MIN_SCORE)
        raw = outputs["regressors"].reshape(-1, 8, 2)[keep] / DETECTOR_SIDE
        anchors = self._anchors[keep]
        found = [
            Detection(float(score), row[0] + anchor, row[1], row[2:] + anchor)
            for score, row, anchor in zip(scores[keep], raw, anchors, strict=True)
        ]
        return sorted(_suppress(found), key=lambda face: face.side, reverse=True)


class FaceMesh:
    """Places 468 points on the face in a 192 x 192 picture."""

    def __init__(self, model: bytes) -> None:
        self._net = _Net(model)

    def place(self, square: Pixels) -> tuple[NDArray[np.float64], float]:
        """Return points (468, 3) in px of ``square`` (192, 192, 3), pixel centres at whole
        numbers, z on the scale of x, and the presence of a face, 0..1."""
        outputs = self._net.run(square.astype(np.float32) / 255.0)
        by_size = {values.size: values for values in outputs.values()}
        points = by_size[MESH_POINTS * 3].reshape(MESH_POINTS, 3).astype(np.float64)
        points[:, :2] -= 0.5  # the model counts from the corner of the first pixel
        return points, float(_sigmoid(by_size[1].reshape(-1))[0])


class _Net:
    """One LiteRT interpreter; calls from several threads take turns."""

    def __init__(self, model: bytes) -> None:
        with _without_delegate_notice():
            from ai_edge_litert.interpreter import Interpreter

            self._interpreter: Any = Interpreter(model_content=model, num_threads=1)
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = {
            row["name"]: row["index"] for row in self._interpreter.get_output_details()
        }
        self._lock = threading.Lock()

    def run(self, values: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        with self._lock:
            self._interpreter.set_tensor(self._input, values[None])
            self._interpreter.invoke()
            return {
                name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()
            }


def _anchors() -> NDArray[np.float64]:
    """Return (896, 2) anchor centres: 16 x 16 cells with 2 each, then 8 x 8 cells with 6 each."""
    rows = []
    for cells, per_cell in ((16, 2), (8, 6)):
        y, x = np.divmod(np.arange(cells * cells), cells)
        rows.append(np.repeat((np.stack((x, y), axis=1) + 0.5) / cells, per_cell, axis=0))
    return np.concatenate(rows)


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float64), -80.0, 80.0)))


def _suppress(faces: list[Detection]) -> list[Detection]:
    """Keep the best-scored box of every group that overlaps (non-maximum suppression)."""
    kept: list[Detection] = []
    for face in sorted(faces, key=lambda face: face.score, reverse=True):
        if all(_iou(face, other) <= MAX_IOU for other in kept):
            kept.append(face)
    return kept


def _iou(a: Detection, b: Detection) -> float:
    low = np.maximum(a.centre - a.size / 2, b.centre - b.size / 2)
    high = np.minimum(a.centre + a.size / 2, b.centre + b.size / 2)
    shared = float(np.prod(np.maximum(high - low, 0.0)))
    return shared / (float(np.prod(a.size)) + float(np.prod(b.size)) - shared)


@contextlib.contextmanager
def _without_delegate_notice() -> Iterator[None]:
    """Drop LiteRT's start-up notices from stderr and pass everything else on.

    The library writes to the file descriptor itself, so that is what is redirected; where it
    cannot be (no stderr, no place for a temporary file) the notices stay.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_STDERR)
        try:
            kept = os.dup(2)  # first: without one, the temporary file would take its place
            stack.callback(os.close, kept)
            said = stack.enter_context(tempfile.TemporaryFile())
        except OSError:
            yield
            return
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            said.seek(0)
            for line in said:
                if not _NOTICE.match(line):
                    os.write(2, line)
