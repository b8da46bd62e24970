"""``skinscore train promote``: a release becomes a version, and champion when the gate holds.

Challenger and champion grade the same frozen photos, the test part of the challenger's preset,
through ``Grader``. The rule, and what it costs: docs/decisions/0012.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

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
    differences: tuple[Difference, ...]  # champion to challenger; none without another champion
    obstacles: tuple[str, ...]  # why the alias stays where it was

    @property
    def crowned(self) -> bool:
        return not self.obstacles


def promote(preset: Preset, folder: runs.RunFolder) -> Promotion:
    """Register the preset's release and give it the alias ``champion`` when the gate holds.

    Raises:
        RequestRefused: ``stage_input_missing``, ``training_mismatch``, or
            ``models_not_comparable`` when the champion reads other crops. Nothing is registered
            then.
    """
    record = fit_record.read(folder)
    digest = read_model(runs.require(folder.release, "evaluate")).digest
    champion = registry.holder(registry.CHAMPION)
    differences: list[Difference] = []
    reasons: tuple[str, ...] = ()
    if champion is not None and champion.digest != digest:
        differences = _compare(preset, folder, champion)
        reasons = obstacles(differences, preset.promote)
    with tracking.run(preset.name, record.mlflow_run_id):
        challenger = registry.register(
            folder.release, {"preset": preset.name, "test_set": test_set(folder)}
        )
        tracking.log_text(table(differences).to_csv(index=False), "promotion/differences.csv")
    registry.give(registry.CHALLENGER, challenger)
    if not reasons:
        registry.give(registry.CHAMPION, challenger)
    return Promotion(challenger, champion, tuple(differences), reasons)


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


def table(differences: Sequence[Difference]) -> pd.DataFrame:
    """Return one row per figure and group."""
    names = {"first": "champion", "second": "challenger"}
    fields = [field.name for field in dataclasses.fields(Difference)]
    rows = [dataclasses.asdict(row) for row in differences]
    return pd.DataFrame(rows, columns=fields).rename(columns=names)


def test_set(folder: runs.RunFolder) -> str:
    """Return the digest that names the frozen test part: crops and split."""
    manifest = (folder.rendered / shards.MANIFEST).read_bytes()
    return sha256_hex(sha256_hex(manifest) + sha256_hex(folder.splits.read_bytes()))


def _compare(preset: Preset, folder: runs.RunFolder, champion: Version) -> list[Difference]:
    holder = Grader.load(registry.fetch(f"models:/{champion.name}/{champion.number}"))
    challenger = Grader.load(folder.release)
    if holder.contract.geometry != challenger.contract.geometry:
        raise RequestRefused(
            "models_not_comparable",
            f"champion version {champion.number} reads crops of another geometry",
            "both models grade the same crops",
            "Prove both with `skinscore train prove`, then move the alias in `mlflow ui`.",
        )
    one, other = (
        evaluate.grade_test_part(grader, preset, folder) for grader in (holder, challenger)
    )
    return comparison.compare(one, other, preset.evaluate.resamples, preset.evaluate.seed)


def _sides(rows: Sequence[Difference]) -> tuple[list[float], list[float]]:
    return [row.first for row in rows], [row.second for row in rows]
