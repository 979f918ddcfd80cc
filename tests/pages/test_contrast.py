"""The colours of `static/css/tokens.css`, held to WCAG 2.2 AA by arithmetic in both schemes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[2] / "static" / "css" / "tokens.css"
_PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
COLOURS = {
    scheme: {name: (light, dark)[i] for name, light, dark in _PAIR.findall(TOKENS.read_text())}
    for i, scheme in enumerate(("light", "dark"))
}
SURFACES = ("ground", "surface", "sunk", "raised", "hover")
TONES = ("found", "declared", "doubt", "clear", "quiet", "busy", "good")

TEXT = [
    *((ink, surface) for ink in ("ink", "ink-soft", "link") for surface in SURFACES),
    *((f"{tone}-ink", f"{tone}-wash") for tone in TONES),
    *((ink, f"{tone}-wash") for ink in ("ink", "ink-soft", "link") for tone in TONES),
    ("found-ink", "surface"),
    ("found-ink", "raised"),
    ("bar-ink", "bar"),
    ("bar-ink", "bar-hover"),
    ("bar-soft", "bar"),
    ("bar-soft", "bar-hover"),
    ("action-ink", "action"),
    ("action-ink", "action-hover"),
    ("danger-ink", "danger"),
    ("danger-ink", "danger-hover"),
]
SHAPES = [
    *((f"{tone}-mark", f"{tone}-wash") for tone in TONES),
    *((f"{tone}-mark", surface) for tone in TONES for surface in ("ground", "surface", "sunk")),
    *(("edge", surface) for surface in SURFACES),
    *(("focus", surface) for surface in SURFACES),
    *(("focus", f"{tone}-wash") for tone in TONES),
    ("bar-focus", "bar"),
    ("gold", "bar"),
    ("action", "surface"),
    ("danger", "surface"),
    *((f"track-{n}", "surface") for n in (1, 2, 3)),
]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def failures(pairs: list[tuple[str, str]], least: float, scheme: str) -> list[str]:
    colours = COLOURS[scheme]
    ratios = {(a, b): contrast(colours[a], colours[b]) for a, b in pairs}
    return [f"{a} on {b}: {ratio:.2f}" for (a, b), ratio in ratios.items() if ratio < least]


def test_black_on_white_is_twenty_one() -> None:
    """The arithmetic itself: black on white is 21, a colour on itself 1."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == pytest.approx(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_a_contrast_of_four_and_a_half(scheme: str) -> None:
    """Every ink on every surface that it is written on: 4.5 or more (1.4.3)."""
    assert failures(TEXT, 4.5, scheme) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_shapes_and_edges_have_a_contrast_of_three(scheme: str) -> None:
    """Marks of verdicts, edges of controls and the focus ring: 3 or more (1.4.11)."""
    assert failures(SHAPES, 3, scheme) == []


def test_every_colour_is_checked_or_known_not_to_matter() -> None:
    """A new colour must join a pair above; only hairlines may stay outside."""
    checked = {name for pair in TEXT + SHAPES for name in pair}
    assert set(COLOURS["light"]) - checked == {"line"}


def test_no_other_file_has_colours_of_its_own() -> None:
    """Colours live in tokens.css; others use them by name (pictures and paper excepted)."""
    allowed = {
        "#0c0b0a",
        "#ffffff",
        "#000000",
        "#1d1b18",
        "#c79af0",
        "#46c0b6",
        "#f09a55",
        "#ff5a4a",
    }
    others = [p for p in TOKENS.parent.glob("*.css") if p != TOKENS]
    found = {c for p in others for c in re.findall(r"#[0-9a-fA-F]{3,8}\b", p.read_text())}
    assert found <= allowed
