"""``skinscore model``: read a model's contract, self-test it, bring the face models."""

import sys
from typing import Annotated

import typer

app = typer.Typer(
    help="Inspect and verify model files; bring the face models.", no_args_is_help=True
)

ModelArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODEL]",
        help="A skinscore .onnx file, or a version in an MLflow registry (models:/skinscore"
        "@champion); the shipped one when left out.",
    ),
]


@app.command()
def inspect(model: ModelArgument = None) -> None:
    """Print the contract inside a model file as JSON. Does not run the model."""
    import json

    from skinscore.contract.locate import locate
    from skinscore.contract.release import read_model

    contract = read_model(locate(model)).contract
    print(json.dumps(contract.model_dump(mode="json", by_alias=True), indent=2))


@app.command()
def verify(model: ModelArgument = None) -> None:
    """Check a model file as loading does: safety, contract, signature, golden self-test."""
    from skinscore.contract.locate import locate
    from skinscore.contract.release import read_model
    from skinscore.grading.session import Session

    file = read_model(locate(model))
    session = Session(file, threads=1)
    identity = file.contract.identity
    print(f"{identity.name} {identity.version} {identity.precision}")
    print(f"contract digest {file.digest}")
    print(
        f"golden self-test passed: {len(file.contract.golden.cases)} cases, largest deviation "
        f"{session.self_test_deviation:.2g} of {file.contract.golden.tolerance:.2g} allowed"
    )


@app.command(name="pull-face")
def pull_face() -> None:
    """Bring the two face models (Apache-2.0, 1.5 MB) from the published wheel mediapipe 0.10.21.

    pip downloads the wheel (36 MB) without installing it and obeys your own index settings; the
    wheel and both files are checked against sha256 values pinned in this release. For an
    air-gapped clinic, copy the folder that this command prints and set SKINSCORE_FACE_MODELS.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    from skinscore.imaging.face_models import folder, pull

    with Progress(
        TextColumn("Fetching the face models"),
        BarColumn(),
        DownloadColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    ) as bar:
        task = bar.add_task("download", total=None)
        pull(lambda done, total: bar.update(task, completed=done, total=total))
    print(folder())
