"""Estimates what bounds are worth on a kind of fake that was unknown when they were set.

Each kind is left out in turn: bounds are set on the other kinds of `val` and measured on its files
of both splits. The figures of genuine files come from `test`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.clearing.bounds import Examined, cleared, frozen


def left_out(every: Sequence[Examined], groups: Sequence[Sequence[str]]) -> dict[str, Any]:
    """By the kind that was left out; nothing where there are fewer than two."""
    kinds = sorted({one.case.method for one in every if one.case.fake})
    if len(kinds) < 2:
        return {}
    genuine = [one for one in every if not one.case.fake and one.split == "test"]
    figures = {}
    for kind in kinds:
        these = [one for one in every if one.case.method == kind]
        bounds = frozen([one for one in every if one.case.method != kind], groups)
        figures[kind] = {
            "files": len(these),
            "bounds": bounds is not None,
            "cleared": round(cleared(these, bounds), 4) if bounds else 0.0,
            "genuine_cleared": round(cleared(genuine, bounds), 4) if bounds else 0.0,
        }
    return figures


def as_lines(figures: Mapping[str, Any]) -> list[str]:
    """A table for the page."""
    lines = [
        "Bounds frozen without a kind of fake and measured on it (both halves):",
        "",
        "| left out | cleared | files | genuine files of the other half cleared |",
        "|---|---|---|---|",
    ]
    for kind, line in figures.items():
        shares = f"{line['cleared']:.1%} | {line['files']} | {line['genuine_cleared']:.1%}"
        lines.append(f"| {kind} | {shares if line['bounds'] else 'no bounds | | '} |")
    return lines
