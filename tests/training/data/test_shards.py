"""What the gate refuses is neither calibrated nor measured."""

import numpy as np
import pandas as pd

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore_training.data.shards import within_gate
from skinscore_training.rules import GATE


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
