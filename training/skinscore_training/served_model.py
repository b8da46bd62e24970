"""The registered model as an MLflow pyfunc: photos in, assessments out.

MLflow copies this file into every version and runs it where the model is loaded: ``mlflow models
serve``, ``mlflow.pyfunc.load_model``, a Spark UDF. It needs the library, not the studio. One row is
one photo: its bytes in ``photo`` (base64 in JSON) or the name of a file in ``path``. The answer is
one ``skinscore.assessment/1`` document (JSON text) per row; a photo that cannot be graded is a
document with its codes. For notebooks and archives only: MLflow's server has no access control
and repeats its input in error texts. A clinic runs ``skinscore serve``.
"""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from skinscore.domain.assessment import Gate
from skinscore.errors import RequestRefused
from skinscore.grading.grader import Grader


class PhotoGrader(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Grades photos with the model file of this version."""

    def load_context(self, context: Any) -> None:
        """Open and self-test the file; see :meth:`skinscore.grading.grader.Grader.load`."""
        self._grader = Grader.load(Path(context.artifacts["model"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> list[str]:
        """Return one assessment per row.

        Args:
            context: not used; the file is loaded already.
            model_input: columns ``photo`` (bytes) or ``path``, exactly one given per row.
            params: ``gate``: strict, warn or off.

        Raises:
            RequestRefused: ``usage`` without either column, for a row with none or both, or for
                a gate that there is not; ``file_unreadable``.
        """
        if not {"photo", "path"} & set(model_input.columns):
            # MLflow leaves out columns that the signature does not know: a misspelt one would be
            # answered with nothing, and success.
            raise RequestRefused(
                "usage",
                "there is no column `photo` and none `path`",
                "one of them, a photo per row",
            )
        asked = (params or {}).get("gate", Gate.STRICT)
        if asked not in set(Gate):
            raise RequestRefused("usage", f"gate is {asked!r}", f"one of {', '.join(Gate)}")
        rows = model_input.to_dict(orient="records")
        return [
            self._grader.assess(_bytes(place, row), gate=Gate(asked)).to_json()
            for place, row in enumerate(rows, start=1)
        ]


def _bytes(place: int, row: dict[Any, Any]) -> bytes:
    photo, path = row.get("photo"), row.get("path")
    given = [isinstance(photo, bytes | bytearray), isinstance(path, str)]
    if sum(given) != 1:
        raise RequestRefused(
            "usage", f"row {place} gives {sum(given)} photos", "either `photo` or `path` per row"
        )
    if isinstance(photo, bytes | bytearray):
        return bytes(photo)
    try:
        return Path(str(path)).read_bytes()
    except OSError:
        raise RequestRefused(
            "file_unreadable", f"the file of row {place}", "a readable photo"
        ) from None


mlflow.models.set_model(PhotoGrader())
