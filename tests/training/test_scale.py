"""Two processes over gloo train what one process trains."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from skinscore_training import checkpoint, rules
from skinscore_training.data import shards
from skinscore_training.data.shards import Source
from skinscore_training.model.shared_norm import SharedBatchNorm2d, share_batch_norm
from tests.conftest import REPOSITORY
from tests.training import fake_skin
from tests.training.two_processes import train


def test_shared_statistics_keep_parameters_names_and_evaluation() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(nn.BatchNorm2d(4), nn.ReLU()))
    net[1][0].running_mean.copy_(torch.arange(4.0))  # type: ignore[index]
    before, crops = net.state_dict(), torch.randn(2, 3, 5, 5)
    expected = net.eval()(crops)
    share_batch_norm(net)
    assert isinstance(net[1][0], SharedBatchNorm2d)  # type: ignore[index]
    assert list(net.state_dict()) == list(before)
    torch.testing.assert_close(net.eval()(crops), expected)


@pytest.mark.slow
def test_two_processes_end_where_one_ends(tmp_path: Path) -> None:
    rendered, one, two = (tmp_path / name for name in ("rendered", "one", "two"))
    shards.write_shard(
        rendered,
        0,
        fake_skin.render([0], rules.GEOMETRY, seed=1, views=2),
        rules.GEOMETRY,
        Source.RENDERED,
    )
    shards.write_manifest(rendered, 1)
    train(rendered, one)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launcher, "--standalone", "-m", "tests.training.two_processes", rendered, two],
        cwd=REPOSITORY,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in ("middle.pt", "end.pt"):
        ours, theirs = (checkpoint.load(folder / name, key="k") for folder in (one, two))
        assert ours is not None
        assert theirs is not None
        assert (ours.steps_done, ours.processes, theirs.processes) == (
            theirs.steps_done,
            1,
            2,
        )
        assert theirs.sums == pytest.approx(ours.sums, rel=1e-3, abs=1e-5)
        for key, value in ours.model.items():
            torch.testing.assert_close(
                theirs.model[key], value, rtol=2e-2, atol=2e-3, msg=f"{name}: {key}"
            )
