"""What the locks promise: hashes everywhere, no index address, one matching torch pair."""

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.txt"))


def pins(lock: Path) -> dict[str, str]:
    return dict(
        re.findall(r"^([a-z0-9][a-z0-9.-]*(?:\[[a-z,]+\])?)==(\S+)", lock.read_text(), re.M)
    )


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_names_no_index_and_no_file(lock: Path) -> None:
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links", lock.read_text())


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_pin_carries_a_hash(lock: Path) -> None:
    blocks = re.split(r"^(?=[a-z0-9])", lock.read_text(), flags=re.M)
    unhashed = [block.split()[0] for block in blocks if "==" in block and "--hash" not in block]
    assert not unhashed


def test_torch_and_torchvision_are_the_pair_of_torch_in() -> None:
    pair = dict(re.findall(r"^(\w+)==(\S+)$", (REQUIREMENTS / "torch.in").read_text(), re.M))
    assert set(pair) == {"torch", "torchvision"}
    assert pair.items() <= pins(REQUIREMENTS / "torch.txt").items()
    assert not any("+" in version for version in pair.values()), "builds of one kind only"


@pytest.mark.parametrize("lock", ["base", "serve"])
def test_the_clinic_locks_hold_no_torch(lock: str) -> None:
    assert not {"torch", "torchvision", "triton"} & pins(REQUIREMENTS / f"{lock}.txt").keys()


def test_no_lock_holds_the_package_whose_licence_does_not_fit_ours() -> None:
    # albumentationsx (AGPL) is what an unpinned "albumentations" successor would bring.
    for lock in LOCKS:
        assert not {"albumentationsx", "ultralytics"} & pins(lock).keys()
