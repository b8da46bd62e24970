"""A real, tiny model for every test of the service."""

import pytest

from skinscore import Grader
from tests.tiny_model import tiny_model


@pytest.fixture(scope="module")
def grader(tmp_path_factory: pytest.TempPathFactory) -> Grader:
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(tiny_model())
    return Grader.load(path)
