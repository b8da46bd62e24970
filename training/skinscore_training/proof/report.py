"""The proof as documents: ``proof.json`` for machines, ``proof.md`` for the model card."""

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.document import Document, Sha256
from skinscore_training.proof.findings import ALL, Finding, Part, Table

_ANSWER: Final = {True: "yes", False: "**no**", None: ""}


class Proof(Document):
    """Everything that was measured on one model file."""

    schema_: Literal["skinscore.proof/1"] = Field(alias="schema")
    model: str
    version: str
    contract_digest: Sha256
    seed: int
    people: int
    parts: tuple[Part, ...]
    not_measured: Mapping[str, str]  # part -> why

    @property
    def judged(self) -> tuple[tuple[Part, Finding], ...]:
        return tuple(
            (part, finding)
            for part in self.parts
            for finding in part.findings
            if finding.met is not None
        )


def markdown(proof: Proof) -> str:
    """Return the proof for people: a summary of the targets, then chapter by chapter."""
    chapters = [
        f"# Proof of {proof.model} {proof.version}",
        f"Contract digest `{proof.contract_digest}`, seed {proof.seed}, {proof.people} people. "
        "Measured on the ONNX file through `skinscore.Grader`. Brackets: 95 % interval, bootstrap "
        "over the subjects that are counted. A figure meets its target by its value; an interval "
        "that reaches across the target says that more subjects are needed.",
        "## Targets",
        targets(proof),
    ]
    for part in proof.parts:
        chapters += [f"## {part.title}", part.method]
        chapters += [_table(table) for table in (*_of_findings(part), *part.tables)]
    if proof.not_measured:
        chapters.append("## Not measured")
        chapters.append("\n".join(f"- {name}: {why}" for name, why in proof.not_measured.items()))
    return "\n\n".join(chapters) + "\n"


def targets(proof: Proof) -> str:
    """Return the table of every figure that has a target, by the worst of its groups."""
    return _table(_summary(proof))


def _summary(proof: Proof) -> Table:
    """Per part and figure: the worst of its groups, and how many of them meet the target."""
    rows = []
    named = dict.fromkeys(
        (part.title, finding.name, finding.concern) for part, finding in proof.judged
    )
    for title, name, concern in named:
        mine = [
            finding
            for part, finding in proof.judged
            if (part.title, finding.name, finding.concern) == (title, name, concern)
        ]
        worst = _worst(mine)
        met = sum(bool(finding.met) for finding in mine)
        rows.append(
            (
                title,
                _words(name),
                _concern(concern),
                _value(worst),
                "" if worst.group == ALL else worst.group,
                str(worst.target),
                _ANSWER[met == len(mine)] if len(mine) == 1 else f"{met} of {len(mine)}",
            )
        )
    return Table(
        caption="Worst group of every figure that has a target",
        header=("part", "figure", "concern", "value", "where", "target", "met"),
        rows=tuple(rows),
    )


def _worst(findings: list[Finding]) -> Finding:
    """The finding farthest on the wrong side of its target; an undefined one before all."""

    def badness(finding: Finding) -> float:
        if finding.value is None or finding.target is None:
            return float("inf")
        sign = 1.0 if finding.target.direction == "at_most" else -1.0
        return sign * (finding.value - finding.target.limit)

    return max(findings, key=badness)


def _of_findings(part: Part) -> list[Table]:
    """One table per figure: groups down, concerns across."""
    tables = []
    for name in dict.fromkeys(finding.name for finding in part.findings):
        mine = [finding for finding in part.findings if finding.name == name]
        concerns = [
            concern
            for concern in (*CONCERNS, None)
            if any(finding.concern == concern for finding in mine)
        ]
        rows = []
        for group in dict.fromkeys(finding.group for finding in mine):
            cells = [_cell(mine, group, concern) for concern in concerns]
            count = {f"{row.n} {row.subjects}" for row in mine if row.group == group}
            rows.append((group, ", ".join(sorted(count)), *cells))
        targets = " / ".join(dict.fromkeys(str(row.target) for row in mine if row.target))
        tables.append(
            Table(
                caption=_words(name) + (f" (target {targets})" if targets else ""),
                header=("group", "n", *map(_concern, concerns)),
                rows=tuple(rows),
            )
        )
    return tables


def _cell(findings: list[Finding], group: str, concern: Concern | None) -> str:
    for finding in findings:
        if finding.group == group and finding.concern == concern:
            missed = " ✗" if finding.met is False else ""
            return _value(finding) + missed
    return ""


def _value(finding: Finding) -> str:
    if finding.value is None:
        return "not defined"
    if finding.low is None or finding.high is None:
        return f"{finding.value:.2f}"
    return f"{finding.value:.2f} [{finding.low:.2f}, {finding.high:.2f}]"


def _concern(concern: Concern | None) -> str:
    return "value" if concern is None else _words(concern.value)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _table(table: Table) -> str:
    lines = [table.header, ("---",) * len(table.header), *table.rows]
    return f"{table.caption}:\n\n" + "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
