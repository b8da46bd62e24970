"""The drawing of the house is a failing test when someone builds against it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

HEAVY = ("cv2", "onnxruntime", "ai_edge_litert", "PIL", "pyarrow", "torch", "fastapi", "mlflow")


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_imports_run_one_way_through_the_house() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", ["skinscore", "skinscore.cli.main", "skinscore.protocol"])
def test_importing_brings_no_heavy_library(module: str) -> None:
    loaded = run_python(f"import sys, {module}; print(' '.join(sys.modules))").split()
    assert not set(HEAVY) & set(loaded)


def test_importing_skinscore_is_cheap_next_to_importing_numpy() -> None:
    def seconds(module: str) -> float:
        code = (
            f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
        )
        return min(float(run_python(code)) for _ in range(3))

    started = time.perf_counter()
    assert seconds("skinscore") < seconds("numpy")
    assert time.perf_counter() - started < 60


def test_the_front_door_names_only_what_it_has() -> None:
    import skinscore

    with pytest.raises(AttributeError, match="no attribute 'Grade'"):
        _ = skinscore.Grade
