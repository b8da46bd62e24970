"""The page that a clinician reviews holds every rule, whole, and is the one that is committed."""

from pathlib import Path

from skinscore.protocol.overlay import lay_over, read_overlay
from skinscore.protocol.rulebook import load
from skinscore.protocol.rules import Condition, Effect
from skinscore.report.rulebook_page import condition_words, effect_words, rulebook_page
from tests.skinscore.protocol.test_overlay import NOTHING

COMMITTED = Path(__file__).parents[3] / "docs" / "reference" / "rulebook.md"


def test_the_committed_page_is_that_of_the_rules() -> None:
    assert COMMITTED.read_text("utf-8") == rulebook_page(load()), "run `make docs`"


def test_every_rule_source_and_digest_is_on_the_page() -> None:
    rules, page = load(), rulebook_page(load())
    for rule in rules.rules:
        assert f"`{rule.id}`" in page, rule.id
    for key, citation in rules.sources.items():
        assert f"| {key} | {citation.replace('|', '/')} |" in page
    assert rules.ref.digest in page


def test_the_page_says_at_both_ends_that_nobody_has_signed_it_off() -> None:
    page = rulebook_page(load())
    assert page.count("NOT reviewed by a clinician yet") == 2
    assert "| nobody yet | | | |" in page


def test_every_table_has_as_many_cells_as_heads() -> None:
    width = None
    for line in rulebook_page(load()).splitlines():
        if not line.startswith("|"):
            width = None
        elif width is None:
            width = line.count(" | ")
        elif not line.startswith("|---") and not line.startswith("| nobody"):
            assert line.count(" | ") == width, line


def test_a_clinics_own_page_names_its_overlay() -> None:
    rules = lay_over(load(), read_overlay(str(NOTHING).replace("'", '"')))
    assert "With the clinic's own rules: Example clinic clinic.1" in rulebook_page(rules)


def test_conditions_and_effects_are_said_in_words() -> None:
    rule = next(rule for rule in load().modifiers if rule.id == "M3")
    assert condition_words(rule.when) == "phototype v or vi yes/unknown"
    assert effect_words(rule.effect) == (
        "upper limit 0.25 mm less (not below 0.25), first treatment at the low end, test spot, "
        "at least 6 weeks apart"
    )
    assert effect_words(None) == "by the engine"
    assert effect_words(Effect()) == "nothing"
    assert condition_words([Condition()]) == "always"
