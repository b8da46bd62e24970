"""Fixtures that every part of the suite may use."""

from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).parents[1]

# A law holds or it does not. How long one example takes says how busy the machine is: beside a
# training, a first call that warms a library misses hypothesis' 200 ms, and the suite turns red.
settings.register_profile("skinscore", deadline=None)
settings.load_profile("skinscore")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material beside the checkout; tests that need it skip without it."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no ../shared beside this checkout")
    return folder
