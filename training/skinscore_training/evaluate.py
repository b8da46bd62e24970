"""Stage ``evaluate``: measure the exported file on the test part, through ``Grader``, never torch.

The figures then go into the contract of the same graph; the result is the release file. Why in
this order: docs/decisions/0005-figures-are-sealed-after-measuring.md.
"""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinscore.contract.contract import Contract, Figure
from skinscore.domain.concerns import CONCERNS
from skinscore.domain.zones import Zone
from skinscore.grading.grader import Grader
from skinscore.grading.uncertainty import grade_of, likely_range, rps_of_grades, severity_score
from skinscore_training import figures, plots, runs, sealing, tracking
from skinscore_training.data import shards, splits
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.presets import Preset
from skinscore_training.progress import track

DATASET: Final = "rendered skin, test split"
_BATCH: Final = 32


def evaluate(preset: Preset, folder: runs.RunFolder) -> dict[str, float]:
    """Write tables, plots and the release file; return the headline figures."""
    grader = Grader.load(runs.require(folder.exported, "export"))
    rows = splits.rows_of(
        shards.read_manifest(folder.rendered),
        pd.read_parquet(runs.require(folder.splits, "split")),
        splits.Part.TEST,
    )
    answers = _answer(grader, RenderedDataset(folder.rendered, rows))
    graded = tabulate(answers, rows, grader.contract)
    measured = figures.measure(graded, preset.evaluate.resamples, preset.evaluate.seed)
    headline = figures.headline(measured)
    table = figures.table(measured)
    runs.write(folder.tables, table.to_csv(index=False, lineterminator="\n"))
    runs.write_json(folder.metrics, headline)
    written = plots.draw(graded, table, folder.evaluation)
    released = sealing.with_figures(folder.exported.read_bytes(), _contract_figures(measured))
    runs.write(folder.release, released)
    _log(preset, folder, headline, written)
    return headline


def tabulate(
    probabilities: NDArray[np.float32], rows: pd.DataFrame, contract: Contract
) -> pd.DataFrame:
    """Return one row per crop, view, zone and concern: what is true and what the file says.

    Views with fewer pixels per mm than the gate asks for are left out, as the product does.

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
        score = severity_score(found, known)
        low, high = likely_range(found, known.conformal_threshold)
        records.append(
            {
                "index": index,
                "view": view,
                "slot": slot,
                "concern": CONCERNS[place].value,
                "truth": int(truth[index, slot, place]),
                "exact": float(exact[index, slot, place]),
                "score": score,
                "grade": grade_of(score),
                "low": low,
                "high": high,
                "rps": float(rps_of_grades(found)[truth[index, slot, place]]) / 4,
            }
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


def _contract_figures(measured: list[figures.Measured]) -> tuple[Figure, ...]:
    """Overall and per tone; figures that are not defined on this data are left out."""
    return tuple(
        Figure(
            name=figure.metric,
            concern=figure.concern,
            dataset=DATASET if figure.by == "all" else f"{DATASET}, tone {figure.group}",
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
    record = runs.read_json(folder.fit_record, "fit")
    with tracking.run(preset.name, record["mlflow_run_id"]):
        tracking.log_metrics(headline)
        for path in [folder.tables, *written]:
            tracking.log_file(path, "evaluation")
        tracking.log_file(folder.release, "model")
