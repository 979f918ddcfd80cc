"""Figures are written into a page between its marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.evaluation import pages


def test_only_what_lies_between_the_marks_is_replaced(tmp_path: Path) -> None:
    """Written twice, the page holds the second figures once, and all else as it was."""
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a:start -->\nold\n<!-- a:end -->\nafter\n")
    pages.written(page, "a", "| 1 |")
    pages.written(page, "a", r"| \1 |")
    assert page.read_text() == "before\n<!-- a:start -->\n| \\1 |\n<!-- a:end -->\nafter\n"


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    """The sentence names the marks."""
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")
    with pytest.raises(pages.NoMarks, match="a:start"):
        pages.written(page, "a", "| 1 |")
    assert page.read_text() == "nothing here\n"


def test_rows_of_what_is_gone_stay_in_a_table() -> None:
    """In their order; what was measured anew replaces its row, what is new comes last."""
    before = (
        "| run | a |\n|---|---|\n| old | 1 |\n| again | 2 |\n\n"
        "| run | b |\n|---|---|\n| old | 3 |\n"
    )
    after = (
        "| run | a |\n|---|---|\n| new | 5 |\n| again | 4 |\n\n| run | c |\n|---|---|\n| new | 6 |"
    )
    assert pages.with_rows_kept(before, after) == (
        "| run | a |\n|---|---|\n| old | 1 |\n| again | 4 |\n| new | 5 |\n\n"
        "| run | c |\n|---|---|\n| new | 6 |"
    )
