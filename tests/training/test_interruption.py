"""A stage that is stopped says so in one sentence, whoever stops it."""

import signal
from collections.abc import Iterator

import pytest
import typer

from skinscore.errors import Exit, RequestRefused
from skinscore_training import presets
from skinscore_training.cli import app
from skinscore_training.interruption import stopped_in_words


@pytest.fixture(autouse=True)
def listening() -> Iterator[None]:
    """A shell's background jobs, this test's process perhaps, begin deaf to Ctrl-C."""
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, inherited)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_becomes_a_refusal(number: int) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with (
        pytest.raises(RequestRefused, match="Run it again: render, fit") as refusal,
        stopped_in_words(),
    ):
        signal.raise_signal(number)
    assert (refusal.value.code, refusal.value.exit_code) == ("interrupted", Exit.INTERRUPTED)
    assert signal.getsignal(signal.SIGTERM) is before


def test_every_command_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(name: str) -> presets.Preset:
        raise KeyboardInterrupt

    monkeypatch.setattr(presets, "load", stop)
    command = typer.main.get_command(app)
    with pytest.raises(RequestRefused, match="interrupted: the command was stopped"):
        command.main(["split", "--preset", "tiny"], standalone_mode=False)
