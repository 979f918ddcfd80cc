"""The coarse map of where in a face a check saw traces, as squares to draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FAINTEST = 0.1
"""Cells with less are not drawn: they would tint the whole face."""
MOST_CELLS = 64


def face_map(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """The map of evidence with a square table `where` of numbers from 0 to 1; None without one."""
    rows = data.get("where")
    if not isinstance(rows, list) or not 1 < len(rows) <= MOST_CELLS:
        return None
    if any(not isinstance(row, list) or len(row) != len(rows) for row in rows):
        return None
    return {
        "side": len(rows),
        "middle": len(rows) / 2,
        "cells": [
            {"x": x, "y": y, "much": f"{min(value, 1.0):.2f}"}
            for y, row in enumerate(rows)
            for x, value in enumerate(row)
            if isinstance(value, int | float) and value >= FAINTEST
        ],
    }
