"""The rulebook as typed data: read once from ``rulebook/*.yaml``, checked, named by its digest.

A rule is text, sources, evidence and a condition; nothing here decides anything. A file with an
unknown field, fact, zone or source, a repeated id or a grade without its row does not load.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Annotated, Any, Final, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from skinscore.domain.concerns import CONCERNS, GRADES, Concern
from skinscore.domain.document import Document, canonical_json, field_problems, sha256_hex
from skinscore.domain.suggestion import (
    COURSE_TOPICS,
    TOPICS_WITHOUT_RANGE,
    Advice,
    RulebookRef,
    Source,
    Text,
)
from skinscore.domain.zones import TreatmentZone
from skinscore.errors import InternalFault, RequestRefused
from skinscore.protocol.rules import (
    AdviceRule,
    BaseRow,
    Blocking,
    FollowUpRule,
    Label,
    Limits,
    Modifier,
    Question,
    ReferralRule,
    Rule,
    SourceKey,
    Timing,
    ZoneRule,
)
from skinscore.protocol.vocabulary import FollowUp, Withholding

PARTS: Final = (
    "rulebook",
    "limits",
    "zones",
    "base",
    "intake",
    "timing",
    "modifiers",
    "referrals",
    "technique",
    "course",
    "care",
    "outcomes",
    "followup",
    "sources",
)
ADVICE_PARTS: Final = ("technique", "course", "care", "outcomes")  # each brings a list of advice


class Wording(Document):
    """Sentences of the suggestion, with their gaps."""

    range: Text
    range_of_one: Text
    unanswered: Text
    grade: Text
    grade_by_clinician: Text
    off_label: Text
    evaluated: Text
    start: Text
    beyond: Text
    tolerance: Text
    step: Text


class Rulebook(Document):
    """All rules, in the order in which they act."""

    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+(\+[a-z0-9.]+)?$")]
    review: Text
    overlay: Text | None  # the clinic's own stricter rules, by name; null in the shipped files
    limits: Limits
    withholding: dict[Withholding, Text]
    wording: Wording
    zones: tuple[ZoneRule, ...]
    labels: tuple[Label, ...]
    base: tuple[BaseRow, ...]
    blocking: tuple[Blocking, ...]
    timing: tuple[Timing, ...]
    questions: tuple[Question, ...]
    modifiers: tuple[Modifier, ...]
    referrals: tuple[ReferralRule, ...]
    advice: tuple[AdviceRule, ...]
    followup: dict[FollowUp, FollowUpRule]
    sources: dict[SourceKey, Text]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        _once("zones", (zone.zone for zone in self.zones), TreatmentZone)
        _once("base", ((r.concern, r.grade) for r in self.base), _pairs())
        _once("withholding", self.withholding, Withholding)
        repeated = [key for key, n in Counter(rule.id for rule in self.rules).items() if n > 1]
        if repeated:
            raise ValueError(f"ids used twice: {', '.join(repeated)}")
        used = {key for zone in self.zones for key in zone.label.values()}
        _once("followup", self.followup, FollowUp)
        if missing := used - {label.key for label in self.labels}:
            raise ValueError(f"labels not defined: {', '.join(sorted(missing))}")
        cited = {key for rule in self.rules for key in rule.sources}
        cited |= {key for row in self.labels for device in row.devices for key in device.sources}
        if missing := cited - set(self.sources):
            raise ValueError(f"sources not listed: {', '.join(sorted(missing))}")
        return self

    @property
    def rules(self) -> tuple[Rule | ZoneRule, ...]:
        """Every rule, whatever its kind."""
        return (
            *self.limits.rules,
            *self.zones,
            *self.labels,
            *self.base,
            *self.blocking,
            *self.timing,
            *self.questions,
            *self.modifiers,
            *self.referrals,
            *self.advice,
            *self.followup.values(),
        )

    @cached_property
    def stops(self) -> tuple[Blocking, ...]:
        """Everything that forbids a depth when true or unanswered."""
        return (*self.blocking, *self.timing)

    @cached_property
    def ref(self) -> RulebookRef:
        """Version and digest; the digest is the sha256 of the canonical JSON of all rules."""
        digest = sha256_hex(canonical_json(self.model_dump(mode="json")))
        return RulebookRef(
            version=self.version, digest=digest, review=self.review, overlay=self.overlay
        )

    @cached_property
    def _zones(self) -> Mapping[TreatmentZone, ZoneRule]:
        return {rule.zone: rule for rule in self.zones}

    @cached_property
    def _rows(self) -> Mapping[tuple[Concern, int], BaseRow]:
        return {(row.concern, row.grade): row for row in self.base}

    @cached_property
    def _labels(self) -> Mapping[str, Label]:
        return {label.key: label for label in self.labels}

    @cached_property
    def _modifiers(self) -> Mapping[str, Modifier]:
        return {rule.id: rule for rule in self.modifiers}

    @cached_property
    def advice_of_zones(self) -> tuple[AdviceRule, ...]:
        """The advice about one treatment zone."""
        return tuple(rule for rule in self.advice if rule.topic not in COURSE_TOPICS)

    @cached_property
    def alternatives(self) -> tuple[AdviceRule, ...]:
        """The advice that needs no range."""
        return tuple(rule for rule in self.advice if rule.topic in TOPICS_WITHOUT_RANGE)

    @cached_property
    def advice_of_courses(self) -> tuple[AdviceRule, ...]:
        """The advice about the whole course."""
        return tuple(rule for rule in self.advice if rule.topic in COURSE_TOPICS)

    @cached_property
    def said(self) -> Mapping[str, Advice]:
        """The advice of every advice rule, by the rule's id."""
        return {
            rule.id: Advice(
                rule_id=rule.id,
                topic=rule.topic,
                text=rule.text,
                plain=rule.plain,
                figures=rule.figures,
                evidence=rule.evidence,
                standing=rule.standing,
                sources=rule.sources,
            )
            for rule in self.advice
        }

    @cached_property
    def sources_of(self) -> Mapping[str, tuple[SourceKey, ...]]:
        """The source keys of every rule, by the rule's id."""
        return {rule.id: rule.sources for rule in self.rules}

    def zone(self, zone: TreatmentZone) -> ZoneRule:
        return self._zones[zone]

    def row(self, concern: Concern, grade: int) -> BaseRow:
        return self._rows[concern, grade]

    def label(self, zone: ZoneRule, concern: Concern) -> Label:
        return self._labels[zone.label[concern]]

    def modifier(self, rule_id: str) -> Modifier:
        return self._modifiers[rule_id]

    def cite(self, keys: Iterable[str]) -> tuple[Source, ...]:
        """Return the citations of ``keys`` in the rulebook's order, each once."""
        wanted = set(keys)
        return tuple(Source(key=k, citation=v) for k, v in self.sources.items() if k in wanted)


@lru_cache(maxsize=1)
def load() -> Rulebook:
    """Return the rulebook that ships with this release; read once per process.

    Raises:
        InternalFault: ``internal``, naming each wrong place, when the files are not valid.
    """
    folder = files("skinscore.protocol").joinpath("rulebook")
    return parse({name: folder.joinpath(f"{name}.yaml").read_text("utf-8") for name in PARTS})


def parse(texts: dict[str, str]) -> Rulebook:
    """Return the rulebook written in the YAML ``texts``, one per name of PARTS.

    Raises:
        InternalFault: ``internal``, as :func:`load`.
    """
    content: dict[str, Any] = {"overlay": None, "advice": []}
    for name in PARTS:
        part = yaml.load(texts[name], Loader=_Loader)
        if name in ADVICE_PARTS:
            content["advice"] += part.pop("advice")
        content |= part
    try:
        # Through JSON, so that strict validation takes lists for tuples and names for enums.
        return Rulebook.model_validate_json(json.dumps(content))
    except ValidationError as problem:
        raise InternalFault(
            "internal",
            f"the rulebook has {problem.error_count()} problems: {field_problems(problem)}",
            "every rule has exactly its fields and knows its sources",
        ) from None


def read_yaml(text: str) -> Any:
    """Return what ``text`` (YAML or JSON, not ours) says.

    Raises:
        RequestRefused: ``document_invalid`` when it is not YAML, or writes a key twice.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise RequestRefused(
            "document_invalid", f"the file is not valid YAML{where}", "YAML or JSON is allowed"
        ) from None


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe YAML in which a key written twice is an error: the first would silently be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(set(keys)) != len(keys):
            raise yaml.constructor.ConstructorError(
                None, None, "a key is written twice", node.start_mark
            )
        return dict(super().construct_mapping(node, deep=deep))


def _pairs() -> list[tuple[Concern, int]]:
    return [(concern, grade) for concern in CONCERNS for grade in GRADES]


def _once(what: str, found: Iterable[object], wanted: Iterable[object]) -> None:
    if Counter(tuple(found)) != Counter(tuple(wanted)):
        raise ValueError(f"{what} must list every one of its kind exactly once")
