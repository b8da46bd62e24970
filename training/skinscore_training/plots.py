"""Pictures and CSV of an evaluation, for people and for ``dvc plots``."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from skinscore.domain.concerns import CONCERNS, GRADES
from skinscore_training import figures, metrics, runs
from skinscore_training.figures import TONES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI: Final = 110
_PANEL: Final = (11, 3.8)  # inches of a picture with one panel per concern


def draw(graded: pd.DataFrame, table: pd.DataFrame, folder: Path, whose: str) -> list[Path]:
    """Write every plot and the rows behind those that ``dvc plots`` shows; return the files.

    Args:
        graded: see skinscore_training.evaluate.tabulate.
        table: see skinscore_training.figures.table.
        whose: grades on what; stands in every title.
    """
    import matplotlib as mpl

    mpl.use("agg")
    written = _tables(graded, folder)
    written += [
        _save(_confusions(graded, whose), folder / "confusion.png"),
        _save(_tones(table, whose), folder / "tone.png"),
        _save(_reliability(graded, whose), folder / "reliability.png"),
        _save(_risk(graded, whose), folder / "risk_coverage.png"),
    ]
    if graded["view"].nunique() > 1:
        written.append(_save(_bland_altman(graded, whose), folder / "bland_altman.png"))
    return written


def _tables(graded: pd.DataFrame, folder: Path) -> list[Path]:
    written = []
    for concern in CONCERNS:
        mine = graded[graded["concern"] == concern.value]
        path = folder / f"confusion_{concern}.csv"
        runs.write(path, mine[["truth", "grade"]].to_csv(index=False, lineterminator="\n"))
        written.append(path)
        steps = pd.DataFrame(_risk_steps(mine), columns=["kept", "error"])
        path = folder / f"risk_coverage_{concern}.csv"
        runs.write(path, steps.to_csv(index=False, lineterminator="\n"))
        written.append(path)
    return written


def _confusions(graded: pd.DataFrame, whose: str) -> "Figure":
    def panel(axis: "Axes", mine: pd.DataFrame) -> None:
        counts = metrics.confusion(mine["truth"].to_numpy(), mine["grade"].to_numpy())
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(counts):
            colour = "white" if share[row, column] > 0.5 else "black"
            axis.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
        axis.set(xlabel="grade found", xticks=GRADES, yticks=GRADES)

    return _panels(graded, panel, "true grade", f"Grades, {whose}")


def _reliability(graded: pd.DataFrame, whose: str) -> "Figure":
    def panel(axis: "Axes", mine: pd.DataFrame) -> None:
        axis.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
        truth, shown = mine["truth"].to_numpy(), probabilities(mine)
        for k in GRADES[:-1]:
            said, true = metrics.reliability(truth, shown, k)
            axis.plot(said, true, marker="o", markersize=3, label=f"more than {k}")
        axis.set(xlabel="probability that was said", xlim=(0, 1), ylim=(0, 1))
        axis.legend(fontsize=8)

    return _panels(graded, panel, "share that is", f"Reliability, {whose}")


def _risk(graded: pd.DataFrame, whose: str) -> "Figure":
    def panel(axis: "Axes", mine: pd.DataFrame) -> None:
        axis.plot(*np.array(_risk_steps(mine)).T)
        axis.set(xlabel="share of grades kept, surest first", xlim=(0, 1))
        axis.set_ylim(bottom=0)

    return _panels(graded, panel, "mean absolute error, grades", f"Risk and coverage, {whose}")


def _bland_altman(graded: pd.DataFrame, whose: str) -> "Figure":
    def panel(axis: "Axes", mine: pd.DataFrame) -> None:
        axis.set(xlabel="mean score of two views", xlim=(0, 4))
        pairs = figures.pairs_of_views(mine).to_numpy()
        if len(pairs) < 2:
            return
        middle, apart = pairs.mean(axis=1), pairs[:, 1] - pairs[:, 0]
        axis.scatter(middle, apart, s=4, alpha=0.3)
        centre, spread = apart.mean(), 1.96 * apart.std(ddof=1)
        for level in (centre - spread, centre, centre + spread):
            axis.axhline(level, color="black", linewidth=0.8)
            axis.text(4, level, f"{level:+.2f}", ha="right", va="bottom", fontsize=8)

    return _panels(graded, panel, "second minus first", f"Bland-Altman, {whose}")


def _tones(table: pd.DataFrame, whose: str) -> "Figure":
    from matplotlib import pyplot

    figure: Figure
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
    axis.set(ylabel="mean absolute error, grades", title=f"Error by tone, {whose}")
    axis.set_ylim(bottom=0)
    axis.legend()
    return figure


def probabilities(graded: pd.DataFrame) -> metrics.Floats:
    """Return (m, 5), the calibrated probabilities of every row."""
    return graded[[f"p{grade}" for grade in GRADES]].to_numpy()


def _risk_steps(mine: pd.DataFrame) -> Sequence[tuple[float, float]]:
    error = (mine["grade"] - mine["truth"]).abs().to_numpy(dtype=np.float64)
    return metrics.risk_coverage(error, probabilities(mine))


def _panels(
    graded: pd.DataFrame, panel: Callable[["Axes", pd.DataFrame], None], label: str, title: str
) -> "Figure":
    from matplotlib import pyplot

    figure: Figure
    figure, axes = pyplot.subplots(1, len(CONCERNS), figsize=_PANEL, layout="constrained")
    for axis, concern in zip(axes, CONCERNS, strict=True):
        panel(axis, graded[graded["concern"] == concern.value])
        axis.set_title(concern.replace("_", " "))
    axes[0].set_ylabel(label)
    figure.suptitle(title)
    return figure


def _save(figure: "Figure", path: Path) -> Path:
    from matplotlib import pyplot

    figure.savefig(path, dpi=_DPI)
    pyplot.close(figure)
    return path
