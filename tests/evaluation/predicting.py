"""Third-party detectors in the form that `--beside` accepts."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from PIL import Image


def brightness(path: Path) -> float:
    print("this must not reach standard output")
    with Image.open(path) as image:
        return float(np.asarray(image.convert("L")).mean())


def fails_on_dark(path: Path) -> float:
    level = brightness(path)
    if level < 125:
        raise ValueError("too dark")
    return level


def ends_on_dark(path: Path) -> float:
    level = brightness(path)
    if level < 125:
        os._exit(9)
    return level


def sleeps_on_dark(path: Path) -> float:
    if brightness(path) < 125:
        time.sleep(60)
    return 1.0


def never_a_number(path: Path) -> float:
    return float("nan")


def size(path: Path) -> float:
    """Of any kind of media."""
    return float(path.stat().st_size)
