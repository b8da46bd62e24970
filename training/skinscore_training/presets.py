"""Training presets: one strict YAML file per preset, one section per stage.

``configs/<name>.yaml`` holds every value; there are no defaults, so that a reader sees the whole
recipe and DVC can depend on each key. Unknown keys are refused.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from skinscore.contract.contract import Day, ModelName, ModelVersion
from skinscore.domain.document import Document, field_problems
from skinscore.errors import RequestRefused

CONFIGS: Final = Path("configs")
RUNS: Final = Path("runs")
PARAMS: Final = Path("params.yaml")
NOTHING: Final = "configs/nothing"
PARAMS_TEXT: Final = """\
# Which preset `dvc repro` runs: the name of a file in configs/, where every value stands, and what
# it reads beside its own run, for dvc to watch. Written by `skinscore train use NAME`.
preset: {name}
photos: {photos}
start: {start}
"""

Count = Annotated[int, Field(ge=1)]
NoneOrMore = Annotated[int, Field(ge=0)]
SourceName = Literal["rendered", "graded"]  # skinscore_training.data.shards.Source
FourCounts = tuple[Count, Count, Count, Count]
Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]  # what torch and numpy both take


class RenderSettings(Document):
    """Which rendered people are made."""

    people: NoneOrMore  # subjects; 0 for graded photos alone
    views: Annotated[int, Field(ge=2, le=4)]  # same skin, other light and camera; 2 for consistency
    people_per_shard: Count  # unit of resuming and of memory
    workers: Count  # processes
    seed: Seed


class PhotoSettings(Document):
    """Graded photos that take part, cut into crops like those of the product."""

    manifest: str  # path; see skinscore_training.data.manifest
    # Your own ways from foreign scales to the engine's: files beside the manifest, one per scale,
    # see skinscore_training.data.scales.ScaleMapping; [] when there are none.
    mappings: tuple[Annotated[str, Field(pattern=r"^[^/\\]+$")], ...]
    raters: Literal["equal", "agreement"]  # how much each counts; see raters.rater_weights
    share: Annotated[float, Field(gt=0, le=1)]  # of the crops of a training batch
    photos_per_shard: Count


class SplitSettings(Document):
    """How subjects are divided; what remains is for training."""

    calibration: Share  # share of subjects
    test: Share
    seed: Seed


class ModelSettings(Document):
    """Size of the network; see skinscore_training.model."""

    stem: Count  # channels at stride 2
    stem_blocks: NoneOrMore  # at stride 2, behind the first convolution
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

    start: str | None  # a model file or the folder of a finished run to go on from; null: none
    # Blocks of the start where it has fewer than model.depths; null: as many. The added ones answer
    # as if they were not there until they have learned something.
    start_depths: FourCounts | None
    frozen_stages: Annotated[int, Field(ge=0, le=5)]  # of the encoder, first ones, kept as started
    epochs: NoneOrMore  # 0: the start's weights as they are
    batch_crops: Count  # per step, over all processes; every view of a crop is in the same step
    accumulate: Count  # parts that a step's batch is computed in, one after another
    checkpoint_steps: Count  # a killed training loses at most so many; no effect on its end
    learning_rate: Positive  # peak
    weight_decay: Weight
    warm_up: Annotated[float, Field(ge=0, lt=1)]  # share of all steps
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    gradient_clip: Positive  # global norm
    precision: Literal["32-true", "bf16-mixed"]  # bf16: half the time where the CPU or GPU has it
    threads: Count
    seed: Seed
    loss: LossWeights


class CalibrateSettings(Document):
    """How probabilities become ranges."""

    source: SourceName  # whose held-out people
    coverage: Share  # nominal share of truths inside the likely range


class ExportSettings(Document):
    """What the release is called, and how exact it must be."""

    name: ModelName
    version: ModelVersion
    released: Day
    changes: tuple[str, ...]
    parity_tolerance: Positive  # largest difference to torch, probabilities and maps
    golden_tolerance: Positive  # largest difference on another machine
    max_megabytes: Positive


class Int8Settings(Document):
    """How the int8 files are made, and what they may cost; docs/decisions/0018."""

    crops: Count  # of the training part, spread over all tones; they set the ranges
    ranges: Literal["extremes", "mean"]  # over all crops, or the mean over batches of them
    golden_tolerance: Positive  # wider than fp32's: a rounding step more or less is no fault
    kappa_drop: Weight  # largest loss of quadratic weighted kappa, overall and in each tone


class EvaluateSettings(Document):
    """On whom figures are measured, and how intervals are made."""

    source: SourceName  # whose held-out people
    resamples: Count  # bootstrap by subject
    seed: Seed


class PromoteSettings(Document):
    """How much a challenger may lose in a group and still become champion; docs/decisions/0012."""

    kappa_margin: Weight  # quadratic weighted kappa
    error_margin: Weight  # mean absolute error, grades


class Preset(Document):
    """One recipe, from rendered skin and graded photos to model card."""

    schema_: Literal["skinscore.preset/1"] = Field(alias="schema")
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    render: RenderSettings
    photos: PhotoSettings | None  # null: rendered skin only
    split: SplitSettings
    model: ModelSettings
    fit: FitSettings
    calibrate: CalibrateSettings
    export: ExportSettings
    int8: Int8Settings
    evaluate: EvaluateSettings
    promote: PromoteSettings

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        problems = list(self._disagreements())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _disagreements(self) -> Iterator[str]:
        held_out = {
            "calibrate.source": self.calibrate.source,
            "evaluate.source": self.evaluate.source,
        }
        for key, source in held_out.items():
            if source == "graded" and self.photos is None:
                yield f"{key} is graded, but photos is null"
            if source == "rendered" and not self.render.people:
                yield f"{key} is rendered, but render.people is 0"
        if self.photos is None and not self.render.people:
            yield "photos is null and render.people is 0: there is nothing to learn from"
        if self.split.calibration + self.split.test >= 1:
            yield "split.calibration and split.test leave nobody to train on"
        grouped = [*self.model.widths, *([self.model.stem] if self.model.stem_blocks else [])]
        if any(width % self.model.group_width for width in grouped):
            yield "model.widths (and model.stem with stem_blocks) are multiples of group_width"
        mixed = self.photos is not None and self.photos.share < 1
        if mixed and self.render.people and self.fit.batch_crops < 2:
            yield "fit.batch_crops is 1, but a batch holds photos and rendered crops"
        if self.fit.epochs and mixed and not self.render.people:
            yield "photos.share is below 1, but render.people is 0"
        if not self.fit.epochs and self.fit.start is None:
            yield "fit.epochs is 0, but fit.start is null: there would be no weights"
        if self.fit.frozen_stages and self.fit.start is None:
            yield "fit.frozen_stages keeps what fit.start brings, but fit.start is null"
        if self.fit.start_depths is not None:
            if self.fit.start is None:
                yield "fit.start_depths is said of fit.start, but fit.start is null"
            pairs = zip(self.fit.start_depths, self.model.depths, strict=True)
            if any(start > own for start, own in pairs):
                yield "fit.start_depths is above model.depths: blocks are added, never dropped"


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


def choose(preset: Preset, params: Path = PARAMS) -> None:
    """Make ``preset`` the one that ``dvc repro`` runs; the file is touched only if it changes.

    Raises:
        RequestRefused: ``stage_input_missing`` when what the preset starts from is not there: DVC
            could not watch it; ``preset_invalid`` when the photos' folder holds the run's.
    """
    require_start(preset)
    _require_apart_from_run(preset)
    photos, start = preset.photos, preset.fit.start
    text = PARAMS_TEXT.format(
        name=preset.name,
        photos=NOTHING if photos is None else Path(photos.manifest).parent.as_posix(),
        start=NOTHING if start is None else _tracked(Path(start)).as_posix(),
    )
    if not params.exists() or params.read_text(encoding="utf-8") != text:
        params.write_bytes(text.encode())


def require_start(preset: Preset) -> None:
    """Refuse a preset whose start is not there, before hours of rendering; opens no file.

    Raises:
        RequestRefused: ``stage_input_missing``.
    """
    start = preset.fit.start
    if start is not None and not Path(start).exists():
        raise RequestRefused(
            "stage_input_missing",
            f"fit.start of preset {preset.name}: there is nothing at {start}",
            "a float model file, or the folder of a finished run",
            f"The first lines of configs/{preset.name}.yaml say where it comes from.",
        )


def _require_apart_from_run(preset: Preset) -> None:
    """DVC watches the folder of the photos, and refuses one that holds what its stages write."""
    if preset.photos is None:
        return
    watched = Path(preset.photos.manifest).parent
    if (RUNS / preset.name).resolve().is_relative_to(watched.resolve()):
        raise RequestRefused(
            "preset_invalid",
            f"photos.manifest of preset {preset.name}: {preset.photos.manifest} lies in a folder "
            f"that holds {RUNS.as_posix()}/{preset.name} too",
            "a folder of the photos and their manifest, apart from what the stages write",
            "Move both to a folder of their own, say data/graded/, which git leaves out.",
        )


def _tracked(start: Path) -> Path:
    """The file that changes when the weights to start from do."""
    return start if start.is_file() else start / "fit" / "weights.pt"
