"""A real detector for tests: how bright the picture is, with a made up calibration."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import BinaryIO

from ml.engine.contract import Examination, Finding, Media, Status, View
from ml.engine.manifest import Manifest, Needs


class Brightness:
    manifest = Manifest("brightness", "1", needs=Needs(frames_per_second=1.0), may_clear=True)
    name, version = manifest.name, manifest.version

    def __init__(self, *, slope: float = 0.05, breaks_on: int | None = None) -> None:
        self.slope, self.breaks_on, self.seen = slope, breaks_on, 0

    def not_applicable(self, media: Media) -> str | None:
        return "It is tiny." if (media.info.width or 0) < 16 else None

    def examine(self, media: Media) -> Looking:
        self.seen += 1
        if self.seen == self.breaks_on:
            raise RuntimeError("broken on purpose")
        return Looking(self.slope)


class Looking(Examination):
    def __init__(self, slope: float) -> None:
        self.slope, self.level = slope, 0.0

    def observe(self, view: View) -> None:
        self.level = float(view.frame.pixels.mean())

    def conclude(self) -> Finding:
        ratio = self.slope * (self.level - 125)
        return Finding(
            "brightness",
            "1",
            Status.RAN,
            "It was looked at.",
            score=self.level,
            probability_manipulated=1 / (1 + math.pow(10, -ratio)),
            log10_lr=ratio,
            parameters={"threshold": 125.0},
        )


@dataclass(frozen=True)
class Deadly:
    """Ends the process that works on a file of this many bytes, and leaves others as they are."""

    size: int
    name: str = "deadly"

    def __call__(self, file: BinaryIO) -> BinaryIO:
        if file.seek(0, os.SEEK_END) == self.size:
            os._exit(9)
        file.seek(0)
        return os.fdopen(os.dup(file.fileno()), "rb")
