"""Pictures and CSV of an evaluation, for people and for ``dvc plots``."""

from pathlib import Path

import numpy as np
import pandas as pd

from skinscore.domain.concerns import CONCERNS, GRADES
from skinscore_training import metrics, runs
from skinscore_training.figures import TONES


def draw(graded: pd.DataFrame, table: pd.DataFrame, folder: Path) -> list[Path]:
    """Write confusion and tone plots and the rows behind them; return the files."""
    import matplotlib as mpl

    mpl.use("agg")
    written = []
    for concern in CONCERNS:
        mine = graded[graded["concern"] == concern.value]
        path = folder / f"confusion_{concern}.csv"
        runs.write(path, mine[["truth", "grade"]].to_csv(index=False, lineterminator="\n"))
        written.append(path)
    written.append(_confusions(graded, folder / "confusion.png"))
    written.append(_tones(table, folder / "tone.png"))
    return written


def _confusions(graded: pd.DataFrame, path: Path) -> Path:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(CONCERNS), figsize=(11, 3.8), layout="constrained")
    for axis, concern in zip(axes, CONCERNS, strict=True):
        mine = graded[graded["concern"] == concern.value]
        counts = metrics.confusion(mine["truth"].to_numpy(), mine["grade"].to_numpy())
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(counts):
            colour = "white" if share[row, column] > 0.5 else "black"
            axis.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
        axis.set(
            title=concern.replace("_", " "), xlabel="grade found", xticks=GRADES, yticks=GRADES
        )
    axes[0].set_ylabel("true grade")
    figure.suptitle("Grades on RENDERED skin, test split")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return path


def _tones(table: pd.DataFrame, path: Path) -> Path:
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(7, 3.6), layout="constrained")
    rows = table[(table["by"] == "tone") & (table["metric"] == "mean_absolute_error")]
    names = [name for name, _ in TONES]
    for shift, concern in enumerate(CONCERNS):
        mine = rows[rows["concern"] == concern.value].set_index("group").reindex(names)
        value = mine["value"].to_numpy()
        spread = np.vstack([value - mine["low"], mine["high"] - value]).clip(min=0)
        place = np.arange(len(names)) + 0.12 * (shift - 1)
        axis.errorbar(place, value, spread, fmt="o", capsize=3, label=concern.replace("_", " "))
    axis.set_xticks(range(len(names)), names)
    axis.set(ylabel="mean absolute error, grades", title="Error by tone on RENDERED skin")
    axis.set_ylim(bottom=0)
    axis.legend()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return path
