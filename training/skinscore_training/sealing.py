"""Write the contract of a graph: everything a model file promises, gathered in one place."""

from typing import Final

from skinscore.contract import onnx_file, release
from skinscore.contract.contract import (
    Calibration,
    Contract,
    Figure,
    Golden,
    Identity,
    IntendedUse,
    Provenance,
)
from skinscore.contract.golden import FORMULAS, golden_case
from skinscore.domain.concerns import CONCERNS, GRADES
from skinscore.domain.document import DISCLAIMER
from skinscore.domain.zones import ZONES
from skinscore_training import rules
from skinscore_training.model.onnx_graph import runner, tensors

USE: Final = (
    "Grades of atrophic acne scarring, wrinkles and pigmentation (0-4) per facial zone, from "
    "photos of adult faces, as a second look for a clinician who confirms every grade."
)
LIMITS: Final = (
    "Trained on rendered skin only; no photo of a person was used.",
    "Not validated against human graders; calibrated on rendered skin only.",
    "Adults only. Not for children, not for tattooed, injured or acutely inflamed skin.",
    "Active acne, moles and skin cancer are not graded and not ruled out.",
    "The scale is skinscore's own; it is not Goodman-Baron, Glogau, Lemperle or mMASI.",
)
MAPPED: Final = "Grades on the scale "  # how a limit begins that names a mapping
LIMITS_GRADED: Final = (
    "Trained or calibrated with photos that one clinic graded; not validated elsewhere.",
    "Grades follow the raters of those photos and their scale.",
    *LIMITS[2:],
)
LIMITS_MEASURED: Final = (
    "Trained and calibrated on rendered skin only; measured on photos that one clinic graded.",
    "How it agrees with graders is known for those photos, their raters and their scale only.",
    *LIMITS[2:],
)


def mapping_limit(scale: str, digest: str) -> str:
    """Return the limit that names a user's mapping, by the sha256 of its file."""
    return f"{MAPPED}{scale} were read by the trainer's own mapping, sha256 {digest}."


def seal(
    graph: bytes,
    identity: Identity,
    provenance: Provenance,
    calibration: Calibration,
    golden_tolerance: float,
    limits: tuple[str, ...],
) -> bytes:
    """Return ``graph`` with its contract: golden answers computed, figures still empty.

    Figures are measured on the sealed file and added by :func:`with_figures`; why in this order:
    docs/decisions/0005-figures-are-sealed-after-measuring.md.
    """
    run = runner(graph)
    contract = Contract(
        schema="skinscore.contract/1",
        identity=identity,
        provenance=provenance,
        graph_sha256=onnx_file.inspect(graph).graph_sha256,
        decode=rules.DECODE,
        face=rules.FACE,
        geometry=rules.GEOMETRY,
        tensors=tensors(rules.GEOMETRY),
        concerns=CONCERNS,
        zones=ZONES,
        grades=GRADES,
        calibration=calibration,
        gate=rules.GATE,
        intended_use=IntendedUse(use=USE, limits=limits, disclaimer=DISCLAIMER),
        figures=(),
        golden=Golden(
            tolerance=golden_tolerance,
            cases=tuple(golden_case(run, formula, rules.GEOMETRY) for formula in FORMULAS),
        ),
    )
    return release.seal(graph, contract)


def with_figures(file: bytes, figures: tuple[Figure, ...]) -> bytes:
    """Return the sealed ``file`` promising ``figures``; graph and golden answers stay the same."""
    contract = release.open_model(file).contract
    return release.seal(file, contract.model_copy(update={"figures": figures}))
