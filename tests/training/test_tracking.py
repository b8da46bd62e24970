"""A store that cannot be used is refused at once, in words, and without its password."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from skinscore.errors import NotReady
from skinscore_training import tracking


@contextmanager
def server(status: int) -> Iterator[str]:
    """A server that answers everything with ``status``; yields its host and port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
            thread.join()


@pytest.mark.parametrize("status", [200, 401, 404])
def test_a_server_that_answers_will_do(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with server(status) as place:
        monkeypatch.setenv(tracking.STORE_VARIABLE, f"http://clinic:secret@{place}")
        tracking.require()


def test_a_server_that_fails_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(503) as place:
        monkeypatch.setenv(tracking.STORE_VARIABLE, f"http://clinic:secret@{place}")
        with pytest.raises(NotReady, match=rf"server at {place} answers 503") as refusal:
            tracking.require()
    assert refusal.value.code == "store_unreachable"
    assert "secret" not in str(refusal.value)


def test_a_server_that_is_down_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv(tracking.STORE_VARIABLE, f"http://{place}")
    with pytest.raises(NotReady, match=rf"{place} does not answer .*Mend that or MLFLOW_TRACK"):
        tracking.connect()


def test_a_database_is_refused_only_where_it_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(tracking.STORE_VARIABLE, f"sqlite:///{tmp_path / 'new.db'}")
    tracking.require()
    monkeypatch.setenv(tracking.STORE_VARIABLE, f"sqlite:///{tmp_path / 'nowhere' / 'new.db'}")
    with pytest.raises(NotReady, match=r"database new\.db cannot be written"):
        tracking.require()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("deleted", [False, True])
def test_a_run_is_gone_on_with_unless_it_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deleted: bool
) -> None:
    from mlflow import MlflowClient

    store = f"sqlite:///{tmp_path / 'runs.db'}"
    monkeypatch.setenv(tracking.STORE_VARIABLE, store)
    monkeypatch.chdir(tmp_path)
    with tracking.run("tiny", None) as first:
        pass
    if deleted:
        MlflowClient(store).delete_run(first)
    with tracking.run("tiny", first) as second:
        pass
    assert (second != first) == deleted
    told = MlflowClient(store).get_run(second).data.tags.get("continues")
    assert told == (first if deleted else None)
