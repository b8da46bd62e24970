"""The runbook and the pipeline file name what there is."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from skinscore.domain.concerns import CONCERNS
from skinscore_training import presets
from skinscore_training.cli import app
from skinscore_training.runs import RunFolder
from tests.conftest import REPOSITORY

RUNBOOK = (REPOSITORY / "training" / "README.md").read_text()
PIPELINE = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())
STAGES = PIPELINE["stages"]
# What carries a stage along and shapes nothing that it writes.
CARRIERS = {"checkpoint", "presets", "progress", "provenance", "runs", "tracking", "workers"}
PRESETS = sorted(path.stem for path in (REPOSITORY / "configs").glob("*.yaml"))


def commands() -> set[str]:
    group = typer.main.get_command(app)
    return set(getattr(group, "commands", {}))


def test_every_command_of_the_runbook_exists() -> None:
    typed = set(re.findall(r"skinscore train ([a-z-]+)", RUNBOOK))
    assert typed <= commands()
    assert "promote" in typed


@pytest.mark.parametrize("name", sorted(commands()))
def test_the_help_of_a_command_shows_how_it_is_typed(name: str) -> None:
    command = getattr(typer.main.get_command(app), "commands", {})[name]
    shown = command.help.replace("\\\n", " ")
    examples = re.findall(rf"\$ (?:.*/)?skinscore train {name} (.*)", shown)
    assert examples
    known = {option for parameter in command.params for option in parameter.opts}
    for example in examples:
        assert set(re.findall(r"--[a-z-]+", example)) <= known


def test_every_preset_stands_in_the_runbook_and_no_other() -> None:
    table = RUNBOOK.partition("| preset | what it is for |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == PRESETS


def test_every_linked_page_exists() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", RUNBOOK):
        assert (REPOSITORY / "training" / target).resolve().exists(), target


def test_dvc_runs_the_seven_stages_of_the_command_line() -> None:
    order = ["render", "split", "fit", "calibrate", "export", "evaluate", "card"]
    assert list(STAGES) == order
    for name, stage in STAGES.items():
        assert stage["do"]["cmd"] == f"skinscore train {name} --preset ${{item}}"
    assert set(order) <= commands()


@pytest.mark.parametrize("name", STAGES)
def test_what_a_stage_depends_on_exists(name: str) -> None:
    stage: dict[str, Any] = STAGES[name]["do"]
    for place in stage["deps"]:
        if "${" not in place:
            assert (REPOSITORY / place).exists(), place
    for preset in PRESETS:
        content = presets.load(preset, REPOSITORY / "configs").model_dump(by_alias=True)
        for entry in stage.get("params", []):
            for key in next(iter(entry.values())):
                value: Any = content
                for part in key.split("."):
                    assert part in value, f"{preset}: {key}"
                    value = value[part]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_every_module_that_it_imports(name: str) -> None:
    package = REPOSITORY / "training" / "skinscore_training"
    needs = {REPOSITORY / place for place in STAGES[name]["do"]["deps"]}
    imported: set[Path] = set()
    for statement in ast.walk(ast.parse((package / f"{name}.py").read_text())):
        if isinstance(statement, ast.ImportFrom) and statement.module is not None:
            module = REPOSITORY / "training" / statement.module.replace(".", "/")
            places = (module, *(module / alias.name for alias in statement.names))
            imported |= {place.with_suffix(".py") for place in places}
    shaping = {
        place
        for place in imported
        if place.is_relative_to(package) and place.exists() and place.stem not in CARRIERS
    }
    assert {p for p in shaping if not needs & {p, *p.parents}} == set()


def test_what_dvc_plots_is_made_by_a_stage() -> None:
    made = {
        (place if isinstance(place, str) else next(iter(place))).replace("${item}", "${preset}")
        for stage in STAGES.values()
        for place in stage["do"]["outs"]
    }
    plotted = [set(about["y"]) for plot in PIPELINE["plots"] for about in plot.values()]
    assert plotted
    assert set().union(*plotted) <= made


def test_dvc_shows_one_row_of_metrics_for_each_concern() -> None:
    files = [name for stage in STAGES.values() for name in stage["do"].get("metrics", [])]
    wanted = [RunFolder(Path("runs/${item}")).metrics(concern) for concern in CONCERNS]
    assert files == [path.as_posix() for path in wanted]
