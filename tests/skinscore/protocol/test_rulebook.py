import re
from collections.abc import Iterator
from importlib.resources import files

import pytest

from skinscore.domain.document import DISCLAIMER
from skinscore.domain.patient import SafetyAnswers
from skinscore.errors import InternalFault
from skinscore.protocol.rulebook import PARTS, load, parse
from skinscore.protocol.vocabulary import Fact

AVOIDED = re.compile(
    r"\b(prescriptions?|plans?|doses?|safe|diagnos(is|es|ed)|no abnormality|fda approved)\b", re.I
)


def texts() -> dict[str, str]:
    folder = files("skinscore.protocol").joinpath("rulebook")
    return {name: folder.joinpath(f"{name}.yaml").read_text("utf-8") for name in PARTS}


def test_the_same_files_have_the_same_digest_and_one_number_changes_it() -> None:
    changed = texts()
    changed["zones"] = changed["zones"].replace("cap_mm: 1.0", "cap_mm: 0.75", 1)
    assert parse(texts()).ref == load().ref
    assert parse(changed).ref.digest != load().ref.digest


@pytest.mark.parametrize(
    ("part", "old", "new", "message"),
    [
        ("zones", "cap_mm: 1.5", "cap_mm: 1.75", "less than or equal to 1.5"),
        ("zones", "cap_mm: 0.5", "cap_mm: 0.6", "multiple of 0.25"),
        ("zones", "override_mm: 2.0", "override_mm: 2.25", "less than or equal to 2"),
        ("zones", "zone: forehead", "zone: fore_head", "zones.0.zone"),
        ("base", "sources: [S2]", "sources: [S999]", "sources not listed: S999"),
        ("base", "grade: 2", "grade: 3", "base must list every one of its kind exactly once"),
        ("intake", "id: A03", "id: A02", "ids used twice: A02"),
        ("intake", "fact: keloid_tendency", "fact: keloids", "blocking.7.fact"),
        ("modifiers", 'device_known: ["no"]', "device_known: [no]", "device_known"),
        ("modifiers", "lower_by_mm: 0.25", "raise_by_mm: 0.25", "raise_by_mm"),
        ("limits", "value: 18", "value: 17", "adult_from_years lies below 18"),
        ("limits", "value: 27, unit: days", "value: 28, unit: days", "outside 0..27"),
        ("timing", "months: 6}, scope: all", "months: 0}, scope: all", "timing.0.wait.months"),
        ("technique", "sources: [L3]", "sources: []", "Passes-roller is published and cites"),
        ("technique", "topic: passes", "topic: paces", "topic"),
        ("technique", "low: 15", "low: 25", "figures rise"),
        ("zones", "acne_scarring: acne_face", "acne_scarring: acne", "labels not defined: acne"),
    ],
)
def test_a_rulebook_with_a_mistake_does_not_load(
    part: str, old: str, new: str, message: str
) -> None:
    changed = texts()
    assert old in changed[part]
    changed[part] = changed[part].replace(old, new, 1)
    with pytest.raises(InternalFault, match=re.escape(message)):
        parse(changed)


def test_every_safety_question_blocks_and_every_source_is_used() -> None:
    rules = load()
    asked = {rule.fact.value for rule in rules.blocking}
    assert set(SafetyAnswers.model_fields) <= asked
    coded = {f"A{number:02}" for number in range(1, 21)} - {"A18"}  # A18 is decided by the zones
    assert coded <= {rule.id for rule in rules.blocking}
    used = {key for rule in rules.rules for key in rule.sources}
    used |= {key for row in rules.labels for device in row.devices for key in device.sources}
    assert used == set(rules.sources)


def test_every_fact_is_listened_to() -> None:
    rules = load()
    heard = {rule.fact for rule in rules.stops} | {rule.fact for rule in rules.questions}
    whens = [rule.when for rule in rules.modifiers]
    whens += [rule.when for rule in rules.referrals]
    whens += [rule.when for rule in rules.advice]
    heard |= {fact for when in whens for condition in when for fact in condition.facts}
    assert heard == set(Fact)


def printed(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from printed(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from printed(part)


def test_no_sentence_promises_or_orders() -> None:
    document = load().model_dump(mode="json", exclude={"sources"})
    assert [text for text in printed(document) if AVOIDED.search(text)] == []


def test_the_words_that_are_avoided_would_be_found() -> None:
    assert AVOIDED.search("A safe dose.")
    assert AVOIDED.search(DISCLAIMER)  # the one sentence that may say what this is not
    assert not AVOIDED.search("Safety profile; topical; planned-for")


def test_the_rulebook_says_that_nobody_has_signed_it_off() -> None:
    assert "NOT reviewed by a clinician yet" in load().review
