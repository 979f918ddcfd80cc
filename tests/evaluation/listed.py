"""Manifests and pictures that the evaluation's tests draw for themselves."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def pictures(folder: Path, count: int, *, side: int = 96) -> list[dict[str, object]]:
    """Grey noise: fakes are the brighter half; rows say so, two pictures a group."""
    random = np.random.default_rng(5)
    rows: list[dict[str, object]] = []
    for number in range(count):
        fake = number % 2 == 1
        level = 160 if fake else 90
        pixels = np.clip(random.normal(level, 25, (side, side, 3)), 0, 255).astype(np.uint8)
        name = f"picture {number}.png"
        Image.fromarray(pixels).save(folder / name)
        rows.append(
            {
                "path": name,
                "label": "fake" if fake else "real",
                "group": f"g{number // 2}",
                "source": f"camera {number % 4 // 2}",
                "method": "brighter" if fake else "",
            }
        )
    return rows
