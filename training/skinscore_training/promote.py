"""``skinscore train promote``: a release becomes a version, and champion when the gate holds.

Challenger and champion grade the same frozen photos, the test part of the challenger's preset,
through ``Grader``. The rule, and what it costs: docs/decisions/0012.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from skinscore.contract.release import read_model
from skinscore.domain.document import sha256_hex
from skinscore.errors import RequestRefused
from skinscore.grading.grader import Grader
from skinscore_training import comparison, evaluate, fit_record, registry, runs, tracking
from skinscore_training.comparison import Difference
from skinscore_training.data import shards
from skinscore_training.presets import Preset, PromoteSettings
from skinscore_training.registry import Version


@dataclass(frozen=True, slots=True)
class Promotion:
    """How a challenge ended."""

    challenger: Version
    champion: Version | None  # who held the alias before
    # From the champion, or without one from what fit.start names, to the challenger.
    differences: tuple[Difference, ...]
    obstacles: tuple[str, ...]  # why the alias stays where it was
    # Without a champion: what would stand against replacing what fit.start names.
    doubts: tuple[str, ...] = ()

    @property
    def against(self) -> str:
        """Whom the challenger was compared with."""
        return _against(self.champion)

    @property
    def crowned(self) -> bool:
        return not self.obstacles


def promote(preset: Preset, folder: runs.RunFolder) -> Promotion:
    """Register the preset's release and give it the alias ``champion`` when the gate holds.

    The first version is champion whatever it is worth; whether it is better than the model that it
    started from is told all the same.

    Raises:
        RequestRefused: ``stage_input_missing``, ``training_mismatch``, or
            ``models_not_comparable`` when the champion reads other crops. Nothing is registered
            then.
    """
    record = fit_record.read(folder)
    digest = read_model(runs.require(folder.release, "evaluate")).digest
    champion = registry.holder(registry.CHAMPION)
    before = _before(preset, champion, digest)
    differences = [] if before is None else _compare(preset, folder, *before)
    found = () if before is None else obstacles(differences, preset.promote)
    reasons, doubts = ((), found) if champion is None else (found, ())
    with tracking.run(preset.name, record.mlflow_run_id):
        challenger = registry.register(
            folder.release, {"preset": preset.name, "test_set": test_set(folder)}
        )
        if differences:  # the same release again leaves what is there
            text = table(differences, _against(champion)).to_csv(index=False)
            tracking.log_text(text, "promotion/differences.csv")
    registry.give(registry.CHALLENGER, challenger)
    if not reasons:
        registry.give(registry.CHAMPION, challenger)
    return Promotion(challenger, champion, tuple(differences), reasons, doubts)


def obstacles(differences: Sequence[Difference], settings: PromoteSettings) -> tuple[str, ...]:
    """Return what stands against a challenger.

    Every concern can be compared: kappa of both is defined over all people. Better or equal
    overall: the mean of the concerns' kappas does not fall. Not worse in any
    group: no concern loses more than the margin overall, and no zone kind or tone loses more than
    the margin with an interval that leaves out 0 (small groups scatter by more than any margin).
    """
    overall = [
        row
        for row in differences
        if row.by == "all" and row.metric == comparison.KAPPA and row.defined
    ]
    found = comparison.incomparable(differences)
    if overall:
        first, second = (float(np.mean(side)) for side in _sides(overall))
        if second < first:
            found.append(f"mean kappa of the concerns falls from {first:.4f} to {second:.4f}")
    margins = {
        comparison.KAPPA: settings.kappa_margin,
        comparison.ERROR: settings.error_margin,
    }
    found += [
        f"{row.name} worsens from {row.first:.3f} to {row.second:.3f}, by more than "
        f"{margins[row.metric]:g}"
        for row in differences
        if row.loss > margins[row.metric] and (row.by == "all" or row.certain)
    ]
    return tuple(found)


def table(differences: Sequence[Difference], against: str = "champion") -> pd.DataFrame:
    """Return one row per figure and group.

    Args:
        against: the column of the model that the challenger was compared with.
    """
    names = {"first": against, "second": "challenger"}
    fields = [field.name for field in dataclasses.fields(Difference)]
    rows = [dataclasses.asdict(row) for row in differences]
    return pd.DataFrame(rows, columns=fields).rename(columns=names)


def test_set(folder: runs.RunFolder) -> str:
    """Return the digest that names the frozen test part: crops and split."""
    manifest = (folder.rendered / shards.MANIFEST).read_bytes()
    return sha256_hex(sha256_hex(manifest) + sha256_hex(folder.splits.read_bytes()))


def _against(champion: Version | None) -> str:
    return "start" if champion is None else "champion"


def _before(preset: Preset, champion: Version | None, digest: str) -> tuple[Path, str] | None:
    """The model file to compare with, and what it is called: the champion's, or what ``fit.start``
    names; None when there is neither, or the champion is this very release.
    """
    if champion is not None:
        uri = f"models:/{champion.name}/{champion.number}"
        other = champion.digest != digest
        return (registry.fetch(uri), f"champion version {champion.number}") if other else None
    if preset.fit.start is None:
        return None
    start = Path(preset.fit.start)
    file = runs.RunFolder(start).release if start.is_dir() else start
    return (file, "what fit.start names") if file.exists() else None


def _compare(preset: Preset, folder: runs.RunFolder, before: Path, called: str) -> list[Difference]:
    holder = Grader.load(before)
    challenger = Grader.load(folder.release)
    if holder.contract.geometry != challenger.contract.geometry:
        raise RequestRefused(
            "models_not_comparable",
            f"{called} reads crops of another geometry",
            "both models grade the same crops",
            "Prove both with `skinscore train prove`, then move the alias in `mlflow ui`.",
        )
    one, other = (
        evaluate.grade_test_part(grader, preset, folder) for grader in (holder, challenger)
    )
    return comparison.compare(one, other, preset.evaluate.resamples, preset.evaluate.seed)


def _sides(rows: Sequence[Difference]) -> tuple[list[float], list[float]]:
    return [row.first for row in rows], [row.second for row in rows]
