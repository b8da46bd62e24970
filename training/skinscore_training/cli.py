"""``skinscore train``: the stages of the pipeline. ``dvc.yaml`` calls exactly these.

Imports stay inside the commands: ``skinscore --help`` must not wait for torch.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from skinscore.domain.concerns import CONCERNS
from skinscore_training import cli_data, presets, runs, tracking
from skinscore_training.interruption import stopped_in_words
from skinscore_training.progress import console


class _Stages(TyperGroup):
    """The commands, each of which may be stopped."""

    def invoke(self, ctx: Any) -> Any:
        with stopped_in_words():
            return super().invoke(ctx)


app = typer.Typer(
    help="""Make a model: render, split, fit, calibrate, export, evaluate, card.

    Choose a recipe, then let dvc run the stages that need it:

      $ skinscore train use tiny
      $ dvc repro

    The runbook is training/README.md. A stage that is stopped or killed leaves
    no half file: run the same command again.
    """,
    cls=_Stages,
    no_args_is_help=True,
)

app.add_typer(cli_data.app)  # without a name: its commands stand beside these

_NO_RANGE = (
    "Every likely range is 0 to 4 then, and gate strict withholds every grade: raise "
    "split.calibration, have more people graded, or let rendered people calibrate "
    "(calibrate.source), which promises nothing on photos."
)

PresetOption = Annotated[
    str, typer.Option("--preset", help="A recipe: NAME of configs/NAME.yaml, e.g. tiny or full.")
]


@app.callback()
def _before_torch() -> None:
    # Threads that spin while they wait for each other come to a standstill on a machine that is
    # not idle (40 times slower, measured with a load of 6 on 2 CPUs). Read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@app.command()
def use(name: Annotated[str, typer.Argument(help="Name of a file in configs/.")]) -> None:
    """Choose the preset that `dvc repro` runs (writes params.yaml).

    $ skinscore train use finetune
    $ dvc repro
    """
    preset = presets.load(name)
    presets.choose(preset)
    _say(f"dvc repro now runs preset {preset.name}")


@app.command()
def render(preset: PresetOption) -> None:
    """Render people and cut graded photos; continues after an interruption.

    Grades on scales other than the engine's need your written mapping, a file beside the manifest
    that the preset names in photos.mappings. What the photos lack is told before any rendering.

    Reads the preset and the photos it names, writes runs/NAME/rendered.
    Refuses at once when the store that MLFLOW_TRACKING_URI names, which the
    next stages need, does not answer.

      $ skinscore train render --preset tiny
    """
    from skinscore_training.render import render, render_people

    recipe, folder = _open(preset)
    tracking.require()
    presets.require_start(recipe)
    if recipe.photos is not None:
        from skinscore_training.cutting import require_cuttable

        require_cuttable(recipe.photos)  # a refusal leaves no folder behind
    with runs.alone(folder):
        made = render(recipe.render, recipe.photos, folder.rendered, render_people)
    _say(f"render: {made.crops} crops, of {recipe.render.people} rendered people")
    if made.cut is not None:
        left_out = ", ".join(f"{code} {count}" for code, count in made.cut.refused.items())
        _say(
            f"render: and of {made.cut.photos} graded photos of {made.cut.people} people; left "
            f"out: {left_out or 'none'}"
        )
        for concern, fates in made.cut.grades.items():
            _say(
                f"render: {concern}: of {sum(fates.values())} graded zones {fates['hidden']} are "
                f"not shown and teach nothing, {fates['taught']} teach only (below the gate's "
                "limits, after a suggestion, or an interval)"
            )


@app.command()
def split(preset: PresetOption) -> None:
    """Divide the people into train, calibration and test.

    Reads runs/NAME/rendered, writes runs/NAME/splits.parquet. By person, never by crop.
    A split that the manifest of graded photos names is kept; else the preset's shares divide.

      $ skinscore train split --preset tiny
    """
    from skinscore_training.split import split

    recipe, folder = _open(preset)
    counts = split(recipe.split, folder.rendered, folder.splits)
    _report("split", counts)
    from skinscore_training.calibrate import fewest_people

    source, coverage = recipe.calibrate.source, recipe.calibrate.coverage
    held, needed = counts.get(f"{source} calibration", 0), fewest_people(coverage)
    if held < needed:
        _say(
            f"split: {held} {source} people calibrate, and coverage {coverage:g} needs {needed} "
            f"who have grades of every concern. {_NO_RANGE}"
        )


@app.command()
def fit(preset: PresetOption) -> None:
    """Train; continues where the same training was killed. torchrun gives it more processes.

    Reads crops and splits, writes runs/NAME/fit: weights, curves, record.
    Logged in MLflow.

      $ skinscore train fit --preset tiny
      $ torchrun --nproc-per-node 2 .venv/bin/skinscore train fit --preset full
    """
    tracking.require()  # before the seconds that torch takes
    from skinscore_training.fit import fit

    _report("fit", fit(*_open(preset)))


@app.command()
def calibrate(preset: PresetOption) -> None:
    """Fit temperatures, score knots and conformal thresholds.

    Reads weights and the calibration people, writes
    runs/NAME/calibration.json. Prints the threshold of each concern: the
    larger, the wider its likely ranges.

      $ skinscore train calibrate --preset tiny
    """
    from skinscore_training.calibrate import calibrate, fewest_people, without_range

    calibration = calibrate(*_open(preset))
    _report("calibrate", {row.concern: row.conformal_threshold for row in calibration.concerns})
    if lost := without_range(calibration):
        _say(
            f"calibrate: fewer than {fewest_people(calibration.coverage)} people have grades of "
            f"{', '.join(lost)}. {_NO_RANGE}"
        )


@app.command()
def export(preset: PresetOption) -> None:
    """Write the ONNX file with its contract, after the parity check.

    Reads weights and calibration, writes runs/NAME/export: the file, two int8
    candidates, and export.json with parity, sizes and processor time per face.

      $ skinscore train export --preset tiny
    """
    from skinscore_training.export import export

    _report("export", export(*_open(preset)))


@app.command()
def evaluate(preset: PresetOption) -> None:
    """Measure the exported file and seal the figures into the release file.

    Reads runs/NAME/export and the test people, writes
    runs/NAME/skinscore.onnx, the model to use, and runs/NAME/evaluation; open
    report.html there.

      $ skinscore train evaluate --preset tiny
    """
    from skinscore_training import figures
    from skinscore_training.evaluate import evaluate

    evaluation = evaluate(*_open(preset))
    measured = evaluation.headline
    for concern in CONCERNS:
        _report(f"evaluate {concern}", figures.of_concern(measured, concern))
    for verdict in evaluation.int8:
        answer = "released" if verdict.released else "not released: " + "; ".join(verdict.reasons)
        _say(f"evaluate {verdict.variant}: {verdict.speed_up:.2f} times as fast, {answer}")


@app.command()
def card(
    preset: PresetOption,
    release: Annotated[
        bool,
        typer.Option("--release", help="Also make this model the one that the library ships."),
    ] = False,
) -> None:
    """Write the model card.

    Reads the release file, writes runs/NAME/MODEL_CARD.md.

      $ skinscore train card --preset tiny
    """
    from skinscore_training import shipping
    from skinscore_training.card import card

    recipe, folder = _open(preset)
    written = card(recipe, folder)
    if release:
        shipping.ship(folder, Path())
        _say(
            f"card: {shipping.MODEL}, {shipping.CARD} and {shipping.PROOF} now speak of this model"
        )
    _say(f"card: {written}")


@app.command()
def promote(preset: PresetOption) -> None:
    """Register the release; make it champion when it beats the one before (exit 1 when not).

    Both grade the same test people. Prints every difference on stdout as a table. Where
    there is no champion yet, it is compared with the model that fit.start names, and becomes
    champion whatever the table says.

      $ skinscore train promote --preset tiny
      $ skinscore score --model models:/skinscore@champion front.jpg
    """
    from skinscore.errors import RequestRefused
    from skinscore_training.promote import promote, table
    from skinscore_training.tables import print_table

    promotion = promote(*_open(preset))
    version = promotion.challenger.number
    if promotion.differences:
        print_table(table(promotion.differences, promotion.against))
    if promotion.obstacles:
        raise RequestRefused(
            "gate_not_held",
            f"version {version} is registered, the champion stays: "
            + "; ".join(promotion.obstacles),
            "better or equal overall, not worse beyond the preset's margin in any group",
        )
    before = promotion.champion
    was = "there was none" if before is None else f"before: version {before.number}"
    _say(f"promote: version {version} is champion ({was})")
    if promotion.doubts:
        _say(
            f"promote: the model that fit.start names would not have given way: "
            f"{'; '.join(promotion.doubts)}"
        )


@app.command()
def ablate(
    preset: PresetOption,
    crops: Annotated[int, typer.Option(min=16, help="Training crops per variant.")] = 1600,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over them.")] = 3,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings per variant; means are said.")] = 2,
) -> None:
    """Train the recipe with one part left out at a time, on equal budgets; print the table.

    Needs the crops and splits of the preset.

      $ skinscore train ablate --preset tiny --crops 32 --epochs 1 --seeds 2
    """
    from skinscore_training.ablate import ablate

    table = ablate(*_open(preset), crops=crops, epochs=epochs, seeds=seeds)
    means = table.drop(columns="seed").groupby("variant", sort=False).mean()
    for variant, row in means.iterrows():
        _report(f"ablate {variant}", {str(name): float(value) for name, value in row.items()})


@app.command()
def prove(
    model: Annotated[
        Path, typer.Option("--model", exists=True, dir_okay=False, help="The model file.")
    ],
    out: Annotated[
        Path, typer.Option("--out", file_okay=False, help="Folder of proof.json, proof.md, PNG.")
    ],
    rendered: Annotated[
        Path | None,
        typer.Option(
            "--rendered",
            file_okay=False,
            help="Photos of rendered patients, kept for other models too; OUT/patients when left "
            "out.",
        ),
    ] = None,
    people: Annotated[
        int, typer.Option("--people", min=2, help="Patients, and skins, per part.")
    ] = 40,
    sfhq: Annotated[
        Path | None,
        typer.Option("--sfhq", exists=True, file_okay=False, help="Generated portraits."),
    ] = None,
    wrinkle_masks: Annotated[
        Path | None,
        typer.Option("--wrinkle-masks", exists=True, file_okay=False, help="Hand-drawn lines."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of skins and of intervals.")] = 0,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="A part to measure (repeat for several); all when left out."),
    ] = None,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Also draw contact sheets and overlays.")
    ] = False,
) -> None:
    """Measure behaviour: repeatability, doses, distractors, tones, portraits, lines, tricks.

    Works on any model file. Writes OUT/proof.json and OUT/proof.md: every
    figure with interval, target and whether it is met. Try it with two people;
    40 take long.

      $ skinscore train prove --model runs/tiny/skinscore.onnx \\
          --out runs/tiny/proof --people 2 --only dose
    """
    from skinscore_training.proof import prove as proving

    request = proving.Request(
        model=model,
        out=out,
        rendered=rendered if rendered is not None else out / "patients",
        people=people,
        seed=seed,
        portraits=sfhq,
        masks=wrinkle_masks,
    )
    proof = proving.prove(request, only if only is not None else list(proving.PARTS))
    if pictures:
        proving.draw(request)
    met = sum(bool(finding.met) for _, finding in proof.judged)
    _say(f"prove: {met} of {len(proof.judged)} targets met; {out / 'proof.md'}")


def _open(name: str) -> tuple[presets.Preset, runs.RunFolder]:
    preset = presets.load(name)
    return preset, runs.RunFolder(presets.RUNS / preset.name)


def _report(stage: str, figures: Mapping[str, float]) -> None:
    _say(f"{stage}: " + "  ".join(f"{name} {value:.4g}" for name, value in figures.items()))


def _say(text: str) -> None:
    console().print(text, soft_wrap=True)
