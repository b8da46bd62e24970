"""Training presets: one strict YAML file per preset, one section per stage.

``configs/<name>.yaml`` holds every value; there are no defaults, so that a reader sees the whole
recipe and DVC can depend on each key. Unknown keys are refused.
"""

import json
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import Field, ValidationError

from skinscore.domain.document import Document, field_problems
from skinscore.errors import RequestRefused

CONFIGS: Final = Path("configs")
RUNS: Final = Path("runs")
PARAMS: Final = Path("params.yaml")
PARAMS_TEXT: Final = """\
# Which preset `dvc repro` runs: the name of a file in configs/, where every value stands.
# Change it with `skinscore train use NAME`, or for one experiment: dvc exp run -S preset=NAME
preset: {name}
"""

Count = Annotated[int, Field(ge=1)]
FourCounts = tuple[Count, Count, Count, Count]
Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]


class RenderSettings(Document):
    """Which rendered people are made."""

    people: Count  # subjects; each gives every crop of the geometry
    views: Annotated[int, Field(ge=2, le=4)]  # same skin, other light and camera; 2 for consistency
    people_per_shard: Count  # unit of resuming and of memory
    workers: Count  # processes
    seed: int


class SplitSettings(Document):
    """How subjects are divided; what remains is for training."""

    calibration: Share  # share of subjects
    test: Share
    seed: int


class ModelSettings(Document):
    """Size of the network; see skinscore_training.model."""

    stem: Count  # channels at stride 2
    depths: FourCounts  # blocks at strides 4, 8, 16, 32
    widths: FourCounts  # channels at strides 4, 8, 16, 32; multiples of group_width
    group_width: Count  # channels of a group in the 3 x 3 convolutions
    decoder_channels: Count
    hidden: Count
    dropout: Annotated[float, Field(ge=0, lt=1)]


class LossWeights(Document):
    """Weights of the terms of skinscore_training.model.losses; grade KL has weight 1."""

    mean: Weight
    maps: Weight
    relief: Weight
    consistency: Weight


class FitSettings(Document):
    """How the network is trained."""

    epochs: Count
    batch_crops: Count  # per step; every view of a crop is in the same step
    learning_rate: Positive  # peak
    weight_decay: Weight
    warm_up: Annotated[float, Field(ge=0, lt=1)]  # share of all steps
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    gradient_clip: Positive  # global norm
    precision: Literal["32-true", "bf16-mixed"]  # bf16: half the time where the CPU or GPU has it
    threads: Count
    seed: int
    loss: LossWeights


class CalibrateSettings(Document):
    """How probabilities become ranges."""

    coverage: Share  # nominal share of truths inside the likely range


class ExportSettings(Document):
    """What the release is called, and how exact it must be."""

    name: str
    version: str
    released: str  # YYYY-MM-DD
    changes: tuple[str, ...]
    parity_tolerance: Positive  # largest difference to torch, probabilities and maps
    golden_tolerance: Positive  # largest difference on another machine
    max_megabytes: Positive


class EvaluateSettings(Document):
    """How intervals are made."""

    resamples: Count  # bootstrap by subject
    seed: int


class Preset(Document):
    """One recipe, from rendered skin to model card."""

    schema_: Literal["skinscore.preset/1"] = Field(alias="schema")
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    render: RenderSettings
    split: SplitSettings
    model: ModelSettings
    fit: FitSettings
    calibrate: CalibrateSettings
    export: ExportSettings
    evaluate: EvaluateSettings


def load(name: str, configs: Path = CONFIGS) -> Preset:
    """Return the preset ``name``.

    Raises:
        RequestRefused: ``preset_invalid`` when there is no such file, it is not YAML, a key is
            missing or unknown, or the name inside differs from the file's.
    """
    path = configs / f"{name}.yaml"
    known = ", ".join(sorted(file.stem for file in configs.glob("*.yaml"))) or "none"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise RequestRefused(
            "preset_invalid", f"there is no preset {name!r}", f"presets here: {known}"
        ) from None
    except yaml.YAMLError as problem:
        raise RequestRefused(
            "preset_invalid", f"preset {name!r} is not YAML ({problem})", "one YAML mapping"
        ) from None
    try:
        # Through JSON, where pydantic's strict mode takes a list for a tuple and 1 for 1.0.
        preset = Preset.model_validate_json(json.dumps(content, default=str))
    except ValidationError as problem:
        raise RequestRefused(
            "preset_invalid",
            f"preset {name!r} has {problem.error_count()} problems: {field_problems(problem)}",
            "exactly the keys of skinscore_training.presets.Preset",
        ) from None
    if preset.name != name:
        raise RequestRefused(
            "preset_invalid",
            f"the file {name}.yaml holds preset {preset.name!r}",
            "file and name agree",
        )
    return preset


def choose(name: str, params: Path = PARAMS) -> None:
    """Make ``name`` the preset that ``dvc repro`` runs; the file is touched only if it changes."""
    text = PARAMS_TEXT.format(name=name)
    if not params.exists() or params.read_text(encoding="utf-8") != text:
        params.write_bytes(text.encode())
