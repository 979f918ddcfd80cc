"""The coarse map of where in a face a check saw traces: as squares to draw, and as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FAINTEST = 0.1
"""Cells with less are not drawn: they would tint the whole face."""
MOST_CELLS = 64
Json = Mapping[str, Any]


def face_map(data: Json) -> dict[str, Any] | None:
    """The map of evidence with a square table `where` of numbers from 0 to 1; None without one."""
    rows = table(data)
    if rows is None:
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


def masks(result: Json) -> list[dict[str, Any]]:
    """Every map in a result, each with its face's box."""
    boxes = boxes_of(result.get("tracks") or [])
    return [
        {
            "detector": finding["detector"],
            "face": data.get("face"),
            "seconds": data.get("seen_at") or 0.0,
            "box": box_of(data, boxes),
            "rows": rows,
        }
        for finding in result.get("findings") or []
        for evidence in finding.get("evidence") or []
        if (rows := table(data := evidence.get("data") or {})) is not None
    ]


def table(data: Json) -> list[list[Any]] | None:
    rows = data.get("where")
    if not isinstance(rows, list) or not 1 < len(rows) <= MOST_CELLS:
        return None
    if any(not isinstance(row, list) or len(row) != len(rows) for row in rows):
        return None
    return rows


Boxes = Mapping[int, Sequence[Sequence[float]]]


def boxes_of(tracks: Sequence[Json]) -> Boxes:
    return {track["id"]: track.get("boxes") or [] for track in tracks}


def box_of(data: Json, boxes: Boxes) -> list[float] | None:
    """Left, top, right, bottom of the face, nearest to the moment at which the check looked."""
    face = data.get("face")
    near = boxes.get(face) if isinstance(face, int) else None
    if not near:
        return None
    seconds = data.get("seen_at") or 0.0
    _, *box = min(near, key=lambda one: abs(one[0] - seconds))
    return box
