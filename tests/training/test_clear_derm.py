"""The checklist answers what is so, not what is usual."""

import pandas as pd
import pytest

from skinscore.contract import release
from skinscore_training import presets
from skinscore_training.clear_derm import answers
from skinscore_training.data import shards
from skinscore_training.start import Labels
from tests.conftest import REPOSITORY
from tests.tiny_model import tiny_model

ROWS = pd.DataFrame(
    {"subject": [0, 1], "ita_deg": [20.0, 40.0], f"nuisance_{shards.PIXELS_PER_MM}_0": [2, 3]}
)


@pytest.mark.parametrize(
    ("labels", "calibrated_on", "measured_on", "external"),
    [
        ("rendered", "rendered", "rendered", "None. No figure"),
        ("rendered", "rendered", "graded", "The whole test part"),
        ("rendered", "graded", "graded", "None. No figure"),
        ("rendered+graded", "rendered", "graded", "None. No figure"),
    ],
)
def test_photos_are_an_external_test_of_weights_that_no_photo_shaped(
    labels: Labels, calibrated_on: str, measured_on: str, external: str
) -> None:
    whole = presets.load("tiny", REPOSITORY / "configs")
    preset = whole.model_copy(
        update={"evaluate": whole.evaluate.model_copy(update={"source": measured_on})}
    )
    contract = release.open_model(tiny_model()).contract
    calibration = contract.calibration.model_copy(update={"source": calibrated_on})
    contract = contract.model_copy(update={"calibration": calibration})
    found = {answer.item: answer.answer for answer in answers(preset, contract, ROWS, labels)}
    assert found["External test"].startswith(external)
