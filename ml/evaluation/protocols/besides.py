"""Somebody else's `predict(path) -> float`, on the same files and scored by the same code.

It runs in a process of its own: what ends that process, or takes too long, loses one file. A file
whose prediction fails is counted as failed and never scored.
"""

from __future__ import annotations

import importlib
import math
import multiprocessing
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

SECONDS = 120.0
"""For one file. Loading a model counts towards the first."""


class BesideRefused(ValueError):
    """There is no such function; the sentence says why."""


@dataclass(frozen=True)
class Prediction:
    """One prediction."""

    score: float | None
    reason: str = ""
    """Why there is none."""


class Beside:
    """`package.module:function`, asked file by file."""

    def __init__(self, name: str, seconds: float = SECONDS) -> None:
        module, colon, function = name.partition(":")
        if not (colon and module and function):
            raise BesideRefused(f"{name!r} is not of the form package.module:predict.")
        self.name, self._seconds = name, seconds
        self._process: Any = None
        self._line: Connection | None = None
        problem = self._start()
        if problem:
            self.close()
            raise BesideRefused(f"{name} could not be loaded: {problem}")

    def predict(self, path: Path) -> Prediction:
        if self._line is None:
            problem = self._start()
            if problem:
                return Prediction(None, problem)
        assert self._line is not None
        try:
            self._line.send(str(path))
            if not self._line.poll(self._seconds):
                self.close()
                return Prediction(None, f"It took more than {self._seconds:g} s.")
            score, reason = self._line.recv()
        except (EOFError, OSError):
            self.close()
            return Prediction(None, "It ended its process.")
        return Prediction(score, reason)

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._line = self._process = None

    def _start(self) -> str:
        """Why it could not be loaded, or nothing."""
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(self.name, theirs, [str(Path.cwd()), *sys.path]), daemon=True
        )
        self._process.start()
        theirs.close()
        try:
            if not self._line.poll(self._seconds):
                return f"it took more than {self._seconds:g} s."
            return str(self._line.recv())
        except (EOFError, OSError):
            return "it ended its process."


def _serve(name: str, line: Connection, path: Sequence[str]) -> None:
    """In the process of its own."""
    sys.path[:] = [*dict.fromkeys(path)]
    os.dup2(2, 1)  # standard output is for figures alone
    module, _, function = name.partition(":")
    try:
        predict = getattr(importlib.import_module(module), function)
    except BaseException as error:
        line.send(f"{type(error).__name__}: {error}")
        return
    line.send("")
    while True:
        try:
            file = line.recv()
        except EOFError:
            return
        try:
            score = float(predict(Path(file)))
        except Exception as error:
            traceback.print_exc()
            line.send((None, f"It failed ({type(error).__name__})."))
            continue
        if math.isfinite(score):
            line.send((score, ""))
        else:
            line.send((None, "Its score is not a finite number."))
