"""Small skin for the proof's tests."""

from collections.abc import Iterator

import pytest
import torch

from skinscore.imaging.rules import Geometry
from skinscore_training.rules import GEOMETRY


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("intervals", "tone", "repeatability"):
        monkeypatch.setattr(f"skinscore_training.proof.{module}.RESAMPLES", 100)
    monkeypatch.setattr("skinscore_training.proof.lines._RESAMPLES", 10)


@pytest.fixture(scope="session")
def geometry() -> Geometry:
    """The middle of two of the release's crops, at the release's scale."""
    chosen = tuple(plan for plan in GEOMETRY.crops if plan.name in ("cheek_right", "mouth"))
    return GEOMETRY.model_copy(update={"side_px": 80, "crops": chosen})
