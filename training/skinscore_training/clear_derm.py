"""What the CLEAR Derm checklist asks of a report on a skin-image algorithm, answered by facts.

Daneshjou et al., "Checklist for Evaluation of Image-Based Artificial Intelligence Reports in
Dermatology", JAMA Dermatology 2022;158(1):90-96. What is not known is said to be not known.
"""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from skinscore.contract.contract import Contract
from skinscore_training import figures
from skinscore_training.data import shards
from skinscore_training.data.shards import Source
from skinscore_training.presets import Preset


@dataclass(frozen=True, slots=True)
class Answer:
    """One row of the table."""

    part: str  # of the checklist
    item: str
    answer: str


_UNKNOWN: Final = "not recorded in the manifest"


def answers(
    preset: Preset, contract: Contract, rows: pd.DataFrame, labels: str
) -> tuple[Answer, ...]:
    """Return the table.

    Args:
        rows: manifest rows of the test part.
        labels: of the weights: rendered, graded or rendered+graded.
    """
    rendered = Source(preset.evaluate.source) is Source.RENDERED
    calibration, geometry = contract.calibration, contract.geometry
    people = rows["subject"].nunique()
    side, scale = geometry.side_px, geometry.crops[0].mm_per_px
    return (
        Answer("Data", "Image types", _images(rendered)),
        Answer(
            "Data",
            "Image artefacts",
            "Drawn: hair, make-up, glasses, glare, active acne, moles, stubble and pores."
            if rendered
            else _UNKNOWN,
        ),
        Answer(
            "Data",
            "Technical acquisition",
            f"{_resolution(rows)} px per mm; "
            + (
                "simulated cameras and lights, drawn anew for every view."
                if rendered
                else f"camera and light {_UNKNOWN}."
            ),
        ),
        Answer(
            "Data",
            "Pre-processing",
            f"{side} x {side} px crops at {scale:g} mm per px, cut by the one path that grading "
            "uses; see the contract's decode, face and geometry rules.",
        ),
        Answer(
            "Data",
            "Synthetic images",
            {
                "rendered": "All training images are synthetic.",
                "graded": "None was trained on.",
                "rendered+graded": "Trained on synthetic and on real images.",
            }[labels],
        ),
        Answer("Data", "Skin tone", _tones(rows)),
        Answer("Data", "Age, sex, origin", "Not modelled." if rendered else _UNKNOWN),
        Answer(
            "Labels",
            "Reference standard",
            "Measured on the generated relief and pigment; exact by construction, no clinician."
            if rendered
            else "Mean of the raters' grades per zone; see `skinscore train raters`.",
        ),
        Answer(
            "Method",
            "Partition",
            _partition(preset, rows),
        ),
        Answer(
            "Method",
            "Algorithm",
            "RegNetX encoder, zone pooling, five ordered grades; every size stands in preset "
            f"`{preset.name}`.",
        ),
        Answer(
            "Evaluation",
            "Test set",
            f"{people} people, {len(rows)} crops; figures on the shipped ONNX file through Grader, "
            "95 % bootstrap over people, by zone kind and by tone.",
        ),
        Answer(
            "Evaluation",
            "External test",
            "The whole test part: weights and calibration have seen rendered skin only."
            if not rendered and labels == calibration.source == "rendered"
            else "None. No figure here was measured on photos of another clinic.",
        ),
        Answer(
            "Evaluation",
            "Uncertainty",
            f"Ranges calibrated on {calibration.people} people ({calibration.source}), nominal "
            f"coverage {100 * calibration.coverage:.0f} %.",
        ),
        Answer("Use", "Intended use", contract.intended_use.use),
        Answer("Use", "Limits", " ".join(contract.intended_use.limits)),
        Answer(
            "Use",
            "Availability",
            f"Code and weights {contract.identity.licence}; commit "
            f"{contract.provenance.git_commit[:12]}.",
        ),
    )


def _images(rendered: bool) -> str:
    if rendered:
        return "Rendered crops of skin; no photo of a person."
    return "Clinical photos of faces, cut into crops of zones."


def _partition(preset: Preset, rows: pd.DataFrame) -> str:
    if "part" in rows and rows["part"].notna().any():
        return "By person, as the manifest of the photos names it."
    return (
        f"By person: {100 * preset.split.calibration:.0f} % calibration, "
        f"{100 * preset.split.test:.0f} % test, the rest trains; seed {preset.split.seed}."
    )


def _resolution(rows: pd.DataFrame) -> str:
    found = rows[f"nuisance_{shards.PIXELS_PER_MM}_0"]
    return f"{found.min():.1f} to {found.max():.1f}"


def _tones(rows: pd.DataFrame) -> str:
    one_each = rows.drop_duplicates("subject")
    counts = pd.Series(figures.tone_of(one_each["ita_deg"].to_numpy())).value_counts()
    shown = [name for name, _ in figures.TONES] + [figures.UNKNOWN]
    people = ", ".join(f"{name} {counts[name]}" for name in shown if name in counts)
    return f"By individual typology angle, people of the test part: {people}."
