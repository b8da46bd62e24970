"""Do the tests notice? ``python -m bench.mutation {engine,data} [MUTANTS] [SECONDS] [SEED]``.

Flips one comparison or one number of the rule engine (or one number of the rulebook's data) at a
time, and runs the protocol's tests on it, the quick ones first, stopping at the first that fails.
MUTANTS of all that there are, drawn at random (0: every one), within SECONDS. A mutant that no test
notices is printed; the share of those noticed is the figure. For the data the page of the rulebook
is left out of the tests: it notices every change, and proves nothing about behaviour.
"""

import ast
import contextlib
import importlib.abc
import importlib.util
import io
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any, Final

PACKAGE: Final = Path("src/skinscore/protocol")
TESTS: Final = Path("tests/skinscore/protocol")
QUICK_FIRST: Final = (
    "dates", "bounds", "course", "figures", "facts", "reading", "depth_table", "rulebook",
    "scenarios", "timing", "overriding", "overlay", "followup", "explain", "calendar", "engine",
    "alive", "invariants",
)  # fmt: skip
# Their tests come first: the one that is about the module most often notices.
OWN_TEST: Final = {
    "zone": "scenarios", "draft": "engine", "triage": "engine", "steps": "explain",
    "conditions": "scenarios", "rules": "rulebook", "advice": "scenarios", "data": "figures",
}  # fmt: skip
FLIPS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
TIME_LIMIT_S: Final = 600  # a mutant that never ends has been noticed


@dataclass(frozen=True)
class Mutant:
    """One change: the place for a reader, and what a child process needs to make it."""

    module: str  # of the engine; "data" for a number of the rulebook
    place: str
    source: str | None  # of the changed module
    content: str | None  # JSON of the changed rulebook


def engine_mutants() -> Iterator[Mutant]:
    """Yield every flipped comparison and changed number of the engine's modules."""
    for path in sorted(PACKAGE.glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            for what, undo in _changes(node):
                place = f"{path.name}:{getattr(node, 'lineno', 0)} {what}"
                yield Mutant(path.stem, place, ast.unparse(tree), None)
                undo()


def _changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield each change of ``node`` with how to take it back."""
    if isinstance(node, ast.Compare):
        for position, was in enumerate(node.ops):
            now = FLIPS[type(was)]()
            node.ops[position] = now
            yield (
                f"{type(was).__name__} -> {type(now).__name__}",
                lambda p=position, w=was: node.ops.__setitem__(p, w),
            )
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):  # True is no number
        value: Any = node.value
        changed: Any = value + (1 if isinstance(value, int) else 0.25)
        node.value = changed
        yield f"{value} -> {changed}", lambda: setattr(node, "value", value)


def data_mutants() -> Iterator[Mutant]:
    """Yield every changed number that the rulebook's files state and that still loads."""
    from pydantic import ValidationError

    from skinscore.protocol.rulebook import Rulebook, load

    content = load().model_dump(mode="json", exclude_unset=True)
    for holder, key, place in _numbers(content, "rulebook"):
        value = holder[key]
        holder[key] = value + (0.25 if "_mm" in place else 1)
        changed = json.dumps(content)
        with contextlib.suppress(ValidationError):  # what does not load is no rulebook
            Rulebook.model_validate_json(changed)
            yield Mutant("data", f"{place}: {value} -> {holder[key]}", None, changed)
        holder[key] = value


def _numbers(value: Any, place: str) -> Iterator[tuple[Any, Any, str]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in list(pairs):
        name = part.get("id", key) if isinstance(part, dict) else key
        here = f"{place}.{name}" if isinstance(value, dict) or name != key else f"{place}[{key}]"
        if isinstance(part, dict | list):
            yield from _numbers(part, here)
        elif type(part) in (int, float):
            yield value, key, here


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Brings the changed module in place of the one on disk."""

    def __init__(self, mutant: Mutant) -> None:
        self.name = f"skinscore.protocol.{mutant.module}"
        self.source = mutant.source or ""
        self.origin = str(PACKAGE / f"{mutant.module}.py")

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name == self.name:
            return importlib.util.spec_from_loader(name, self, origin=self.origin)
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source, self.origin, "exec"), module.__dict__)


def noticed(mutant: Mutant) -> bool:
    """Return whether a test fails on ``mutant``, in a process of its own."""
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            with contextlib.suppress(BaseException):
                code = _try(mutant)
            os._exit(0 if code == 0 else 1)
    ends = time.monotonic() + TIME_LIMIT_S
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status != 0
        time.sleep(0.05)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return True


def _try(mutant: Mutant) -> int:
    import pytest

    if mutant.content is None:
        sys.meta_path.insert(0, _Changed(mutant))
    else:
        from skinscore.protocol import rulebook

        changed = rulebook.Rulebook.model_validate_json(mutant.content)
        rulebook.load.cache_clear()
        for module in list(sys.modules.values()):
            if getattr(module, "load", None) is rulebook.load:
                module.load = lambda: changed  # type: ignore[attr-defined]
        rulebook.load = lambda: changed  # type: ignore[assignment]
    own = OWN_TEST.get(mutant.module, mutant.module)
    order = sorted(QUICK_FIRST, key=lambda name: name != own)
    files = [str(TESTS / f"test_{name}.py") for name in order]
    return int(pytest.main(["-x", "-q", "-n", "0", "-p", "no:cacheprovider", *files]))


def main(kind: str, count: int, seconds: int, seed: int) -> int:
    # What no mutant touches is imported once, before the forks.
    import tests.skinscore.factories  # noqa: F401

    mutants = list(engine_mutants() if kind == "engine" else data_mutants())
    total = len(mutants)
    Random(seed).shuffle(mutants)
    started, tried, survivors = time.monotonic(), 0, []
    for mutant in mutants[: count or total]:
        if time.monotonic() - started > seconds:
            break
        tried += 1
        if not noticed(mutant):
            survivors.append(mutant.place)
            print(f"not noticed: {mutant.place}", flush=True)
    share = 1 - len(survivors) / max(tried, 1)
    print(f"{kind}: {total} mutants, {tried} tried, {share:.1%} noticed, seed {seed}", flush=True)
    return 0


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[2:]]
    sys.exit(main(sys.argv[1], *(numbers + [0, 600, 1][len(numbers) :])))
