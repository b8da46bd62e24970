"""Worker processes of tests start as light as those of the command."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _workers_do_not_import_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    # A spawned process runs its parent's main script again; here that is the test runner.
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
