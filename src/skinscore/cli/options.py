"""Options that several commands share, declared once."""

from typing import Annotated

import typer

from skinscore.domain.assessment import Gate

ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="FILE|models:/NAME@ALIAS",
        help="A skinscore .onnx file, or a version in an MLflow registry (models:/skinscore"
        "@champion); the model that ships with this release when left out.",
        show_default=False,
    ),
]

GateOption = Annotated[
    Gate,
    typer.Option(
        "--gate",
        help="strict: refuse photos and zones beyond a quality limit. warn: grade them and list "
        "the codes. off: measure, apply no limit. Hidden zones are never graded.",
    ),
]
