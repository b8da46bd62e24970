"""A clinic's own rulebook over the shipped one: stricter, or it does not load.

What an overlay changes is compared value by value; what it adds (blocking conditions, modifiers,
referrals) can by its very kind only lower a depth, lengthen a wait or withhold a range.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from skinscore.domain.document import Document, field_problems
from skinscore.domain.suggestion import Depth, OverrideDepth, Text
from skinscore.domain.zones import TreatmentZone
from skinscore.errors import RequestRefused
from skinscore.protocol.rulebook import Rulebook, load, read_yaml
from skinscore.protocol.rules import (
    Blocking,
    Limit,
    Modifier,
    ReferralRule,
    RuleId,
    Timing,
    Wait,
    ZoneRule,
)

OWN = "Clinic-"  # ids of added rules begin with it, so that none can pass for a shipped one


class ZoneTightening(Document):
    """Lower caps of one treatment zone; both null: never needled here."""

    zone: TreatmentZone
    cap_mm: Depth | None
    override_mm: OverrideDepth | None
    why: Text


class LimitTightening(Document):
    """Another value of one threshold, by its name in the rulebook."""

    name: Text
    value: float


class WaitTightening(Document):
    """A longer wait, in the unit of the rulebook; ``waivable`` false: nobody may shorten it."""

    rule_id: RuleId
    wait: Wait
    waivable: bool
    reason: Text  # printed when it withholds; the rulebook's names the rulebook's time


class Overlay(Document):
    """``skinscore.overlay/1``: what a clinic holds more strictly. Empty lists change nothing."""

    schema_: Literal["skinscore.overlay/1"] = Field(alias="schema")
    name: Annotated[str, Field(min_length=1, max_length=80)]
    version: Annotated[str, Field(pattern=r"^[a-z0-9]+(\.[a-z0-9]+)*$")]
    signed_by: Annotated[str, Field(min_length=1, max_length=80)]
    zones: tuple[ZoneTightening, ...]
    limits: tuple[LimitTightening, ...]
    waits: tuple[WaitTightening, ...]
    must_answer: tuple[RuleId, ...]  # ids of questions that from now on block while unanswered
    blocking: tuple[Blocking, ...]
    modifiers: tuple[Modifier, ...]
    referrals: tuple[ReferralRule, ...]

    @model_validator(mode="after")
    def _own_rules_bear_own_ids(self) -> Self:
        added = (*self.blocking, *self.modifiers, *self.referrals)
        if wrong := [rule.id for rule in added if not rule.id.startswith(OWN)]:
            raise ValueError(f"ids of added rules begin with {OWN}: {', '.join(wrong)}")
        if idle := [rule.id for rule in self.modifiers if rule.effect is None]:
            raise ValueError(f"an added modifier has an effect: {', '.join(idle)}")
        return self

    @model_validator(mode="after")
    def _each_change_once(self) -> Self:
        changed = [
            *(zone.zone for zone in self.zones),
            *(limit.name for limit in self.limits),
            *(wait.rule_id for wait in self.waits),
        ]
        if twice := sorted({name for name in changed if changed.count(name) > 1}):
            raise ValueError(f"changed twice, and only one could hold: {', '.join(twice)}")
        return self


def rules_with(overlay: bytes | None) -> Rulebook:
    """Return the shipped rules, with the overlay in this file's content on them; None: as shipped.

    Raises:
        RequestRefused: ``document_invalid``, ``overlay_loosens``.
    """
    if overlay is None:
        return load()
    try:
        text = overlay.decode("utf-8-sig")  # some editors begin with a byte order mark
    except UnicodeDecodeError:
        raise RequestRefused(
            "document_invalid", "the overlay is not UTF-8", "YAML or JSON in UTF-8 is allowed"
        ) from None
    return lay_over(load(), read_overlay(text))


def read_overlay(text: str) -> Overlay:
    """Return the overlay in ``text`` (YAML or JSON).

    Raises:
        RequestRefused: ``document_invalid``, naming each wrong field.
    """
    try:
        content = json.dumps(read_yaml(text))
    except (TypeError, ValueError):  # a date without quotes is one to YAML
        raise RequestRefused(
            "document_invalid",
            "the overlay holds a value that JSON does not know, such as a day without quotes",
            "text, numbers, true, false, null and lists of them",
            "Write days and versions in quotes.",
        ) from None
    return Overlay.parse(content)


def lay_over(rules: Rulebook, overlay: Overlay) -> Rulebook:
    """Return ``rules`` with ``overlay`` on them, under a version and digest of their own.

    Raises:
        RequestRefused: ``overlay_loosens``, naming every value that is looser, or unknown.
    """
    if problems := list(_problems(rules, overlay)):
        raise RequestRefused(
            "overlay_loosens",
            f"{len(problems)} problems: {'; '.join(problems)}",
            "every value at least as strict as the rulebook's is allowed",
        )
    document = rules.model_dump(mode="json")
    document["version"] = f"{rules.version}+{overlay.version}"
    document["overlay"] = f"{overlay.name} {overlay.version}, signed by {overlay.signed_by}"
    _change(document, overlay)
    try:
        return Rulebook.model_validate_json(json.dumps(document))
    except ValidationError as problem:
        raise RequestRefused(
            "document_invalid",
            f"the overlay does not fit: {field_problems(problem)}",
            "ids, facts, zones and sources that the rulebook knows, and no id twice",
        ) from None


def _problems(rules: Rulebook, overlay: Overlay) -> Iterator[str]:
    for zone in overlay.zones:
        yield from _looser_zone(rules.zone(zone.zone), zone)
    for limit in overlay.limits:
        if limit.name not in type(rules.limits).model_fields:
            yield f"no limit is called {limit.name}"
        elif _looser(found := getattr(rules.limits, limit.name), limit.value):
            yield f"{limit.name} {limit.value:g} (rulebook: {found.value:g}, {found.stricter} only)"
    timing = {rule.id: rule for rule in rules.timing}
    for wait in overlay.waits:
        if wait.rule_id not in timing:
            yield f"no waiting time is called {wait.rule_id}"
        else:
            yield from _shorter(timing[wait.rule_id], wait)
    for rule_id in set(overlay.must_answer) - {rule.id for rule in rules.questions}:
        yield f"no question is called {rule_id}"


def _looser_zone(rule: ZoneRule, zone: ZoneTightening) -> Iterator[str]:
    for name in ("cap_mm", "override_mm"):
        ours, theirs = getattr(rule, name), getattr(zone, name)
        if theirs is not None and (ours is None or theirs > ours):
            yield f"{zone.zone} {name} {theirs:g} (rulebook: {ours or 'excluded'})"


def _looser(limit: Limit, value: float) -> bool:
    if limit.stricter == "fixed":
        return value != limit.value
    return value < limit.value if limit.stricter == "higher" else value > limit.value


def _shorter(rule: Timing, wait: WaitTightening) -> Iterator[str]:
    for unit in ("days", "months"):
        ours, theirs = getattr(rule.wait, unit), getattr(wait.wait, unit)
        if (ours is None) != (theirs is None):
            yield f"{rule.id} in another unit than the rulebook's"
            return
        if ours is not None and theirs < ours:
            yield f"{rule.id} {theirs} {unit} (rulebook: {ours})"
    if wait.waivable and rule.waiver is None:
        yield f"{rule.id} waivable (rulebook: nobody may waive it)"


def _change(document: dict[str, Any], overlay: Overlay) -> None:
    zones = {zone.zone: zone.model_dump(mode="json") for zone in overlay.zones}
    for row in document["zones"]:
        row |= zones.get(row["zone"], {})
    for limit in overlay.limits:
        document["limits"][limit.name]["value"] = limit.value
    waits = {wait.rule_id: wait for wait in overlay.waits}
    for row in document["timing"]:
        if wait := waits.get(row["id"]):
            row["wait"] = wait.wait.model_dump()
            row["reason"] = wait.reason
            row["waiver"] = row["waiver"] if wait.waivable else None
    for row in document["questions"]:
        row["unknown_blocks"] |= row["id"] in overlay.must_answer
    document["blocking"] += _dumped(overlay.blocking)
    document["referrals"] += _dumped(overlay.referrals)
    document["modifiers"] += _dumped(overlay.modifiers)


def _dumped(rules: Iterable[Document]) -> list[dict[str, Any]]:
    return [rule.model_dump(mode="json") for rule in rules]
