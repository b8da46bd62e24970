"""The style sheet: readable by WCAG AA in every pairing of text and ground that it uses."""

import re
from importlib.resources import files

import pytest

CSS = files("skinscore.report").joinpath("templates", "report.css").read_text()
COLOURS = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{3,6})", CSS))


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2, 0 black to 1 white."""
    digits = colour.removeprefix("#")
    pairs = [digit * 2 for digit in digits] if len(digits) == 3 else re.findall("..", digits)
    shares = (int(pair, 16) / 255 for pair in pairs)
    linear = [s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return sum(w * s for w, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(text: str, ground: str) -> float:
    light, dark = sorted((luminance(text), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_one_for_equal_and_21_for_black_on_white() -> None:
    assert contrast("#777", "#777") == pytest.approx(1)
    assert contrast("#000", "#fff") == pytest.approx(21)


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("ink-text", "page"),
        ("ink-text", "card"),
        ("ink-text", "warn-soft"),
        ("muted", "page"),
        ("muted", "card"),
        ("accent", "card"),
        ("warn", "card"),
        ("warn", "warn-soft"),
        ("card", "accent"),
    ],
)
def test_text_stands_out_from_its_ground(text: str, ground: str) -> None:
    assert contrast(COLOURS[text], COLOURS[ground]) >= 4.5


def test_the_sheet_loads_nothing_and_cares_for_paper_and_phone() -> None:
    assert "url(" not in CSS
    assert "@import" not in CSS
    assert "@media print" in CSS
    assert "size:A4" in CSS
    assert "max-width:40rem" in CSS
