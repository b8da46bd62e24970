"""``skinscore doctor``: the one thing to paste in a bug report."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import typer

from skinscore import __version__
from skinscore.cli.options import ModelOption
from skinscore.errors import Exit, SkinscoreError

LIBRARIES: Final = (
    "numpy",
    "pillow",
    "pillow-heif",
    "simplejpeg",
    "opencv-python-headless",
    "onnxruntime",
    "ai-edge-litert",
    "pydantic",
    "torch",
    "fastapi",
)
# What int8 files and a training in bfloat16 are fast on.
_CPU_FEATURES: Final = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")


def doctor(model: ModelOption = None) -> None:
    """Show versions, CPU features, face models and the model's self-test. Exit 1 when unfit."""
    print(f"skinscore {__version__}, Python {platform.python_version()}, {platform.platform()}")
    print("libraries: " + ", ".join(f"{name} {_version(name)}" for name in LIBRARIES))
    print(f"cpu: {_cpu()}")
    fit = [_face_models(), _model(model)]
    raise typer.Exit(Exit.OK if all(fit) else Exit.FAILED)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _cpu() -> str:
    from skinscore.grading.session import usable_cpus

    features = "unknown"
    info = Path("/proc/cpuinfo")
    if info.is_file():
        flags = info.read_text().partition("flags")[2].partition("\n")[0].split()
        features = " ".join(flag for flag in _CPU_FEATURES if flag in flags)
    return f"{platform.machine()}, {usable_cpus()} usable, features: {features or 'none of note'}"


def _face_models() -> bool:
    from skinscore.imaging.face_models import require

    try:
        require()
    except SkinscoreError as refusal:
        print(f"face models: {refusal}")
        return False
    print("face models: present, sha256 as pinned")
    return True


def _model(model: str | None) -> bool:
    from skinscore.contract.locate import locate
    from skinscore.contract.release import read_model
    from skinscore.grading.session import Session

    try:
        file = read_model(locate(model))
        session = Session(file, threads=1)
    except SkinscoreError as refusal:
        print(f"model: {refusal}")
        return False
    identity = file.contract.identity
    print(f"model: {identity.name} {identity.version} {identity.precision}, digest {file.digest}")
    print(f"self-test: passed, largest deviation {session.self_test_deviation:.2g}")
    return True
