"""Rendered shards keep their form; what the gate refuses is neither calibrated nor measured."""

from pathlib import Path

import numpy as np
import pandas as pd

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore_training.data import shards
from skinscore_training.data.shards import Source, within_gate
from skinscore_training.rules import GATE, GEOMETRY
from tests.training import fake_skin


def test_a_view_counts_for_a_concern_exactly_when_the_gate_would_let_it_pass() -> None:
    fine, coarse = GATE.min_px_per_mm_relief, GATE.min_px_per_mm_pigmentation
    rows = pd.DataFrame(
        {
            "nuisance_camera_native_px_per_mm_0": [fine, fine - 0.01],
            "nuisance_camera_native_px_per_mm_1": [coarse, coarse - 0.01],
        }
    )
    seen = within_gate(rows, 2, GATE)
    pigment = [concern is Concern.PIGMENTATION for concern in CONCERNS]
    assert np.array_equal(seen[0], [[True] * 3, pigment])
    assert np.array_equal(seen[1], [pigment, [False] * 3])


def test_a_shard_of_rendered_skin_holds_neither_votes_nor_their_columns(tmp_path: Path) -> None:
    crops = fake_skin.render([0], GEOMETRY, seed=1, views=2)
    shards.write_shard(tmp_path, 0, crops, GEOMETRY, Source.RENDERED)
    names = {path.name for path in shards.shard_folder(tmp_path, 0).iterdir()}
    fields = {"pixels", "masks", "maps", "relief", "score"}
    assert names == {f"{field}.npy" for field in fields} | {shards.ROWS}
    assert not {"part", "cut_sha256"} & set(shards.write_manifest(tmp_path, 1))
    assert not np.asarray(shards.open_field(tmp_path, 0, "allowed")).any()
    assert np.isnan(np.asarray(shards.open_field(tmp_path, 0, "spread"), float)).all()
