"""Stage ``evaluate``: measure the exported file on the test part, through ``Grader``, never torch.

The figures then go into the contract of the same graph; the result is the release file. Why in
this order: docs/decisions/0005-figures-are-sealed-after-measuring.md.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinscore.contract.contract import Contract, Figure
from skinscore.contract.release import open_model
from skinscore.domain.concerns import CONCERNS
from skinscore.domain.zones import Zone
from skinscore.errors import RequestRefused
from skinscore.grading.grader import Grader
from skinscore.grading.uncertainty import read, rps_of_grades
from skinscore_training import (
    clear_derm,
    corpus,
    figures,
    fit_record,
    int8,
    metrics,
    page,
    plots,
    runs,
    sealing,
    tracking,
    worst,
)
from skinscore_training.data import shards
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.data.shards import Source
from skinscore_training.data.splits import Part
from skinscore_training.export import speed_ups
from skinscore_training.int8 import Verdict
from skinscore_training.presets import Preset
from skinscore_training.progress import track

DATASETS: Final = {
    Source.RENDERED: "rendered skin, test split",
    Source.GRADED: "graded photos, test split",
}
_BATCH: Final = 32


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What stage ``evaluate`` found."""

    headline: dict[str, float]  # concern.metric of the fp32 file
    int8: tuple[Verdict, ...]


def evaluate(preset: Preset, folder: runs.RunFolder) -> Evaluation:
    """Write tables, plots, the page and the release files; return headline figures and verdicts.

    Raises:
        RequestRefused: ``stage_input_missing``, ``training_mismatch``; see
            :func:`skinscore_training.corpus.held_out`.
    """
    grader = Grader.load(runs.require(folder.exported, "export"))
    source = Source(preset.evaluate.source)
    dataset = DATASETS[source]
    speeds = speed_ups(folder)

    def measure(grades: pd.DataFrame) -> list[figures.Measured]:
        return figures.measure(grades, preset.evaluate.resamples, preset.evaluate.seed)

    graded = grade_test_part(grader, preset, folder)
    measured = measure(graded)
    headline = figures.headline(measured) | calibration_errors(graded)
    table = figures.table(measured)
    runs.write(folder.tables, table.to_csv(index=False, lineterminator="\n"))
    for concern in CONCERNS:
        runs.write_json(folder.metrics(concern), figures.of_concern(headline, concern))
    written = plots.draw(graded, table, folder.evaluation, dataset)
    rows = corpus.held_out(folder, Part.TEST, source)
    shown = worst.draw(graded, RenderedDataset(folder.rendered, rows), grader, folder.worst)
    if source is Source.RENDERED:  # a patient's skin stays in the run's folder
        written.append(shown)
    verdicts = int8.release(
        folder,
        preset.int8,
        preset.evaluate,
        speeds,
        graded,
        lambda small: grade_test_part(small, preset, folder),
        lambda grades: _contract_figures(measure(grades), dataset),
    )
    released = sealing.with_figures(
        folder.exported.read_bytes(), _contract_figures(measured, dataset)
    )
    model = open_model(released)
    asked = clear_derm.answers(preset, model.contract, rows, model.contract.provenance.label_source)
    runs.write(
        folder.report,
        page.render(model.contract, model.digest, dataset, measured, written, verdicts, asked),
    )
    runs.write(folder.release, released)
    _log(preset, folder, headline, [*written, folder.report, folder.int8_verdicts])
    return Evaluation(headline, tuple(verdicts))


def calibration_errors(graded: pd.DataFrame) -> dict[str, float]:
    """Return the expected calibration error of every concern that was graded."""
    found = {}
    for concern in CONCERNS:
        mine = graded[graded["concern"] == concern.value]
        if len(mine):
            error = metrics.expected_calibration_error(
                mine["truth"].to_numpy(), plots.probabilities(mine)
            )
            found[f"{concern}.expected_calibration_error"] = round(error, 4)
    return found


def grade_test_part(grader: Grader, preset: Preset, folder: runs.RunFolder) -> pd.DataFrame:
    """Return what ``grader`` says of the test part of ``evaluate.source``; see :func:`tabulate`."""
    rows = corpus.held_out(folder, Part.TEST, Source(preset.evaluate.source))
    answers = _answer(grader, RenderedDataset(folder.rendered, rows))
    return tabulate(answers, rows, grader.contract)


def tabulate(
    probabilities: NDArray[np.float32], rows: pd.DataFrame, contract: Contract
) -> pd.DataFrame:
    """Return one row per crop, view, zone and concern: what is true and what the file says.

    Views with fewer pixels per mm than the gate asks for are left out, as the product does. What
    it withholds as unsure (:class:`skinscore.grading.uncertainty.Reading`) is kept and marked: a
    gate that says so shows it. A crop is answered alone, where the product takes the mean over
    crops of a zone.

    Args:
        probabilities: (n, V, K, 3, 5).
        rows: n manifest rows.
    """
    truth = shards.grades_of(rows, probabilities.shape[2])
    exact = shards.scores_of(rows, probabilities.shape[2])
    seen = shards.within_gate(rows, probabilities.shape[1], contract.gate)
    records = []
    for index, view, slot, place in np.ndindex(probabilities.shape[:-1]):
        if truth[index, slot, place] < 0 or not seen[index, view, place]:
            continue
        row, known = probabilities[index, view, slot, place], contract.calibration.concerns[place]
        found = row.astype(np.float64)
        reading = read(found, known, contract.gate.max_range_width)
        low, high = reading.likely_range
        records.append(
            {
                "index": index,
                "view": view,
                "slot": slot,
                "concern": CONCERNS[place].value,
                "truth": int(truth[index, slot, place]),
                "exact": float(exact[index, slot, place]),
                "score": reading.score,
                "grade": reading.grade,
                "low": low,
                "high": high,
                "unsure": reading.unsure,
                "rps": float(rps_of_grades(found)[truth[index, slot, place]]) / 4,
                **{f"p{grade}": float(p) for grade, p in enumerate(found)},
            }
        )
    if not records:
        raise RequestRefused(
            "manifest_invalid",
            f"the product would grade none of {len(rows)} test crops",
            "graded zones in photos that pass the gate",
        )
    graded = pd.DataFrame(records)
    of = rows.iloc[graded["index"]].reset_index(drop=True)
    graded["subject"] = of["subject"]
    graded["zone_kind"] = [
        Zone(str(of.at[place, f"zone_{slot}"])).kind.value
        for place, slot in enumerate(graded["slot"])
    ]
    graded["tone"] = figures.tone_of(of["ita_deg"].to_numpy())
    return graded


def _answer(grader: Grader, data: RenderedDataset) -> NDArray[np.float32]:
    """Return probabilities (n, V, K, 3, 5)."""
    parts = []
    starts = range(0, len(data), _BATCH)
    for start in track(starts, len(starts), "evaluate"):
        batch = data.__getitems__(range(start, min(start + _BATCH, len(data))))
        crops, masks, _ = batch.flat()
        probabilities, _ = grader.grade_crops(crops.numpy(), masks.numpy())
        parts.append(probabilities.reshape(-1, batch.views, *probabilities.shape[1:]))
    return np.concatenate(parts)


def _contract_figures(measured: list[figures.Measured], dataset: str) -> tuple[Figure, ...]:
    """Overall and per tone; figures that are not defined on this data are left out."""
    return tuple(
        Figure(
            name=figure.metric,
            concern=figure.concern,
            dataset=dataset if figure.by == "all" else f"{dataset}, tone {figure.group}",
            value=round(figure.value, 4),
            low=round(figure.low, 4),
            high=round(figure.high, 4),
            n=figure.people,
        )
        for figure in measured
        if figure.by in ("all", "tone") and figure.defined
    )


def _log(
    preset: Preset, folder: runs.RunFolder, headline: dict[str, float], written: list[Path]
) -> None:
    with tracking.run(preset.name, fit_record.read(folder).mlflow_run_id):
        tracking.log_metrics(headline, "test")
        for path in [folder.tables, *written]:
            tracking.log_file(path, "evaluation")
        for release in [folder.release, *sorted(folder.int8.glob("*.onnx"))]:
            tracking.log_file(release, "model")
