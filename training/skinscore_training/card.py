"""Stage ``card``: the model card, from the release file's contract and what was proven on it.

``skinscore train prove`` measures behaviour on the same file; its summary enters the card when it
speaks of exactly this contract, and the card says so when there is none.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skinscore.contract.contract import Contract, Figure
from skinscore.contract.release import read_model
from skinscore.domain.concerns import CONCERNS
from skinscore.errors import RequestRefused
from skinscore_training import fit_record, runs, tracking
from skinscore_training.figures import BETWEEN_VIEWS, TONES, UNKNOWN
from skinscore_training.presets import Preset
from skinscore_training.proof.report import Proof, targets


def card(preset: Preset, folder: runs.RunFolder) -> Path:
    """Write the card beside the release file and return its path."""
    runs.require(folder.release, "evaluate")
    model = read_model(folder.release)
    verdicts = runs.read_json(folder.int8_verdicts, "evaluate")
    proof = _proof_of(folder, model.digest)
    runs.write(folder.card, write_card(model.contract, model.digest, proof, verdicts))
    with tracking.run(preset.name, fit_record.read(folder).mlflow_run_id):
        tracking.log_file(folder.card, "model")
    return folder.card


def proven_page(folder: runs.RunFolder) -> Path:
    """Return the page of what was proven on the release of ``folder``.

    Raises:
        RequestRefused: ``stage_input_missing`` when nothing was, or on another file.
    """
    runs.require(folder.proof, "prove")
    digest = read_model(runs.require(folder.release, "evaluate")).digest
    if _proof_of(folder, digest) is None:
        raise RequestRefused(
            "stage_input_missing",
            f"what was proven in {folder.proof.parent.as_posix()} speaks of another model file",
            "the release is the file that was proven",
            f"Run `skinscore train prove --model {folder.release.as_posix()} "
            f"--out {folder.proof.parent.as_posix()}` with its other options again.",
        )
    return runs.require(folder.proof.with_suffix(".md"), "prove")


def _proof_of(folder: runs.RunFolder, digest: str) -> Proof | None:
    """The proof of this very contract; one of another file proves nothing here."""
    if not folder.proof.exists():
        return None
    proof = Proof.parse(folder.proof.read_bytes())
    return proof if proof.contract_digest == digest else None


def write_card(
    contract: Contract,
    digest: str,
    proof: Proof | None,
    int8: Mapping[str, Mapping[str, Any]],
) -> str:
    """Return the card as Markdown.

    Args:
        proof: of this very contract; None when nothing was proven.
        int8: what became of each int8 candidate, as skinscore_training.int8 records it.

    Raises:
        RequestRefused: ``stage_input_missing`` when the contract has no figures by tone; a card
            without them is not published, nor one whose people are all of unknown tone.
    """
    overall = [figure for figure in contract.figures if "tone" not in figure.dataset]
    by_tone = [figure for figure in contract.figures if "tone" in figure.dataset]
    known = [figure for figure in by_tone if not figure.dataset.endswith(UNKNOWN)]
    if not overall or not known:
        raise RequestRefused(
            "stage_input_missing",
            f"the contract holds {len(overall)} overall figures and {len(known)} by known tone",
            "a card needs both",
            "Run `skinscore train evaluate` on a test split with people of several tones.",
        )
    parts = [
        _front_matter(contract),
        _introduction(contract, digest),
        "## Figures\n\n"
        f"Measured on the exported file through `skinscore.Grader`, on {_data_sets(overall)}. "
        "Brackets: 95 % interval, bootstrap by subject.\n\n"
        + _markdown(["figure", *CONCERNS], _by_metric(overall))
        + _between_views(overall),
        "## By skin tone\n\nTone by individual typology angle (ITA) of the skin.\n\n"
        + _tone_table(by_tone, "mean_absolute_error", "Mean absolute error, grades")
        + "\n"
        + _tone_table(by_tone, "coverage", "Coverage of the likely range"),
        _behaviour(proof),
        _calibration(contract),
        _int8(int8),
        _training(contract),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _front_matter(contract: Contract) -> str:
    identity = contract.identity
    return (
        "---\n"
        f"license: {identity.licence.lower()}\n"
        "library_name: skinscore\n"
        "pipeline_tag: image-classification\n"
        "tags: [dermatology, aesthetic-medicine, onnx, synthetic-data]\n"
        "---"
    )


def _introduction(contract: Contract, digest: str) -> str:
    identity, use = contract.identity, contract.intended_use
    return "\n".join(
        [
            f"# {identity.name} {identity.version}",
            "",
            f"**{use.limits[0]}** {use.disclaimer}",
            "",
            f"Released {identity.released}, {identity.precision}, licence {identity.licence}, "
            f"contract digest `{digest}`.",
            "",
            "## What it is for",
            "",
            use.use,
            "",
            "## What it must not be used for, and what is not known",
            "",
            *(f"- {limit}" for limit in use.limits),
            "",
            "## Changes",
            "",
            *(f"- {change}" for change in identity.changes),
        ]
    )


def _by_metric(figures: list[Figure]) -> list[list[str]]:
    names = list(dict.fromkeys(figure.name for figure in figures))
    return [
        [name.replace("_", " "), *(_cell(figures, concern, name=name) for concern in CONCERNS)]
        for name in names
    ]


def _between_views(figures: list[Figure]) -> str:
    """Whom the figures between views rest on: fewer than the others, one view may be too coarse."""
    people = [f"{figure.concern} {figure.n}" for figure in figures if figure.name == BETWEEN_VIEWS]
    if not people:
        return ""
    return (
        "\nBetween views, and the change that they let detect: photos of the same skin, of the "
        f"subjects who have several that can be graded ({', '.join(people)}).\n"
    )


def _tone_table(figures: list[Figure], name: str, title: str) -> str:
    rows = []
    for tone, edge in (*TONES, (UNKNOWN, -math.inf)):
        mine = [f for f in figures if f.dataset.endswith(f", tone {tone}") and f.name == name]
        people = max((figure.n for figure in mine), default=0)
        if tone == UNKNOWN and not mine:
            continue
        label = f"{tone} (ITA > {edge:.0f}°)" if edge > -90 else tone
        rows.append(
            [label, str(people), *(_cell(mine, concern, name=name) for concern in CONCERNS)]
        )
    return f"{title}:\n\n" + _markdown(["tone", "subjects", *CONCERNS], rows)


def _data_sets(figures: list[Figure]) -> str:
    names = list(dict.fromkeys(figure.dataset for figure in figures))
    if any("rendered" not in name for name in names):
        return ", ".join(names)
    return (
        f"{', '.join(names)}. **Every figure of this section is on rendered skin**; none says how "
        "the model does on photos of people"
    )


def _behaviour(proof: Proof | None) -> str:
    title = "## Behaviour\n\n"
    if proof is None:
        return title + "Not measured on this file: `skinscore train prove` has not been run on it."
    measured = "; ".join(part.title for part in proof.parts)
    absent = "".join(f" {name}: {why}." for name, why in proof.not_measured.items())
    return (
        f"{title}Measured by `skinscore train prove` on this file, {proof.people} people "
        f"where a part does not say otherwise: {measured}. Lay labels of generated portraits (no "
        "person is shown) are no clinical labels. "
        + (f"**Not measured**:{absent} " if absent else "")
        + "Every group, method and interval: "
        "[docs/reference/proof.md](docs/reference/proof.md).\n\n" + targets(proof)
    )


def _int8(verdicts: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [
            name,
            "released" if verdict["released"] else "; ".join(verdict["reasons"]),
            f"{verdict['megabytes']:.1f}",
            f"{verdict['speed_up']:.2f}",
            _drop(verdict["largest_kappa_drop"]),
        ]
        for name, verdict in verdicts.items()
    ]
    groups = dict.fromkeys(
        name for verdict in verdicts.values() for name in verdict["not_compared"]
    )
    missing = f"\nNot compared, since kappa is not defined there: {'; '.join(groups)}.\n"
    return (
        "## int8\n\nMeasured on the same crops as the file of this card; the drop is the largest "
        "over concerns and tones.\n\n"
        + _markdown(["file", "verdict", "MB", "times as fast", "drop of kappa"], rows)
        + (missing if groups else "")
    )


def _drop(largest: float | None) -> str:
    return "nothing compared" if largest is None else f"{largest:.4f}"


def _calibration(contract: Contract) -> str:
    known = contract.calibration
    warning = (
        " Calibrated on rendered skin, a likely range promises nothing on photos of people."
        if known.source == "rendered"
        else ""
    )
    rows = [
        [
            row.concern.replace("_", " "),
            f"{row.temperature:.3f}",
            f"{row.conformal_threshold:.3f}",
        ]
        for row in known.concerns
    ]
    return (
        "## Calibration\n\n"
        f"On {known.people} subjects, source **{known.source}**, nominal coverage "
        f"{100 * known.coverage:.0f} %, marginal over zones.{warning}\n\n"
        + _markdown(["concern", "temperature", "threshold"], rows)
    )


def _training(contract: Contract) -> str:
    origin = contract.provenance
    libraries = ", ".join(f"{name} {version}" for name, version in origin.libraries.items())
    without_photos = origin.label_source == contract.calibration.source == "rendered" and all(
        "rendered" in figure.dataset for figure in contract.figures
    )
    return "\n".join(
        [
            "## Where it comes from",
            "",
            f"- Preset `{origin.preset}`, seed {origin.seed}, commit `{origin.git_commit}`.",
            f"- Labels: {origin.label_source}. Manifest sha256 `{origin.manifest_sha256}`.",
            f"- MLflow run `{origin.mlflow_run_id}`.",
            f"- Libraries: {libraries}.",
            *(["- No photo of a person."] if without_photos else []),
            "- No third-party weights.",
        ]
    )


def _cell(figures: list[Figure], concern: str, *, name: str) -> str:
    for figure in figures:
        if figure.concern == concern and figure.name == name:
            return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"
    return "not defined"


def _markdown(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"
