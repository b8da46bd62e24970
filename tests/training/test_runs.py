"""Files are whole or not there, and one process works in a run's folder."""

from pathlib import Path

import pytest

from skinscore.errors import RequestRefused
from skinscore_training import runs
from skinscore_training.runs import RunFolder


def stop_half_way(place: Path) -> None:
    with runs.whole(place) as part:
        part.write_bytes(b"half")
        raise KeyboardInterrupt


def test_a_failed_write_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "fit" / "weights.pt"
    runs.write(place, b"old")
    with pytest.raises(KeyboardInterrupt):
        stop_half_way(place)
    assert place.read_bytes() == b"old"
    assert list(place.parent.iterdir()) == [place]


def test_a_second_process_in_the_folder_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "tiny")
    with (
        runs.alone(folder),
        pytest.raises(RequestRefused, match=r"is working in .*runs/tiny") as refusal,
        runs.alone(folder),
    ):
        pass
    assert refusal.value.code == "output_not_writable"
    with runs.alone(folder):
        pass
