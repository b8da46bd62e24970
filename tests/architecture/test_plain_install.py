"""A plain ``pip install .`` gives the library and the command, no torch, no web framework."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FOREIGN = ("torch", "torchvision", "fastapi", "starlette", "uvicorn", "mlflow", "dvc", "pandas")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, cwd=REPOSITORY
    )


@pytest.mark.slow
def test_a_plain_install_has_the_command_but_neither_torch_nor_a_web_framework(
    tmp_path: Path,
) -> None:
    uv = Path(sys.executable).with_name("uv")
    environment = tmp_path / "plain"
    python = environment / "bin" / "python"
    assert run(uv, "venv", "-q", "--python", sys.executable, environment).returncode == 0
    installed = run(
        uv, "pip", "install", "-q", "--python", python, "--require-hashes",
        "-r", REPOSITORY / "requirements" / "base.txt",
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    # Not editable: the wheel itself is what a user gets.
    installed = run(uv, "pip", "install", "-q", "--python", python, "--no-deps", REPOSITORY)
    assert installed.returncode == 0, installed.stderr

    listed = run(uv, "pip", "list", "--python", python, "--format", "freeze").stdout
    names = {line.partition("==")[0] for line in listed.splitlines()}
    assert not set(FOREIGN) & names
    assert not [name for name in names if name.startswith("nvidia")]

    command = environment / "bin" / "skinscore"
    assert "score" in run(command, "--help").stdout
    verified = run(command, "model", "verify")
    assert verified.returncode == 0, verified.stderr

    for arguments, extra in ((["train", "fit", "--preset", "tiny"], "train"), (["serve"], "serve")):
        refused = run(command, *arguments)
        assert refused.returncode == 2
        assert f"skinscore[{extra}]" in refused.stderr
