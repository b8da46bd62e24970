"""The worst errors of an evaluation as pictures: the crop, and what the model saw in it."""

from pathlib import Path
from typing import Final

import pandas as pd

from skinscore.domain.concerns import CONCERNS
from skinscore.grading.grader import Grader
from skinscore_training.data.rendered import RenderedDataset

EACH: Final = 6  # pictures per concern


def worst(graded: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the largest errors, ``EACH`` per concern, one per person."""
    ranked = graded.assign(error=(graded["score"] - graded["exact"]).abs())
    ranked = ranked.sort_values(["error", "index", "view", "slot"], ascending=False)
    one_each = ranked.drop_duplicates(["concern", "subject"])
    return one_each.groupby("concern", sort=False).head(EACH).reset_index(drop=True)


def draw(graded: pd.DataFrame, data: RenderedDataset, grader: Grader, path: Path) -> Path:
    """Write one sheet: a row per concern, each crop with its zone outlined and severity over it.

    Args:
        graded: see skinscore_training.evaluate.tabulate; ``index`` counts in ``data``.
        grader: what graded them; asked again for the severity maps.
    """
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    rows = worst(graded)
    figure, axes = pyplot.subplots(
        len(CONCERNS), EACH, figsize=(2.2 * EACH, 2.5 * len(CONCERNS)), layout="constrained"
    )
    for axis in axes.flat:
        axis.axis("off")
    for line, concern in zip(axes, CONCERNS, strict=True):
        mine = rows[rows["concern"] == concern.value]
        for axis, (_, row) in zip(line, mine.iterrows(), strict=False):
            place, view, slot = (int(row[name]) for name in ("index", "view", "slot"))
            batch = data.__getitems__([place])
            crop, masks = batch.crops[0, view].numpy(), batch.masks[0, view].numpy()
            _, severity = grader.grade_crops(crop[None], masks[None])
            seen = severity[0, CONCERNS.index(concern)]
            side = crop.shape[0]
            axis.imshow(crop)
            axis.imshow(seen, cmap="inferno", alpha=0.35, vmin=0, vmax=1, extent=(0, side, side, 0))
            axis.contour(masks[slot] > 0, levels=[0.5], colors="white", linewidths=0.8)
            axis.set_title(
                f"{concern.replace('_', ' ')}, {row['zone_kind']}\n"
                f"true {row['exact']:.1f}, found {row['score']:.1f}",
                fontsize=7,
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return path
