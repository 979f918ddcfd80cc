"""What the trainings that go by stages share: how they say where they are, and few threads."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any


def said(name: str, every: int) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """Passes things on and says now and then how many there were."""

    def watch(things: Iterable[Any]) -> Iterator[Any]:
        total = f" of {len(things)}" if isinstance(things, Sized) else ""
        for number, thing in enumerate(things):
            if number % every == 0:
                sys.stderr.write(f"{name}: {number}{total}\n")
                sys.stderr.flush()
            yield thing

    return watch


def quiet(name: str) -> Callable[[Iterable[Any]], Iterable[Any]]:
    """In the place of `said`, where nothing is to be said."""
    return lambda things: things


def on_few_threads(count: int) -> None:
    """Before TensorFlow is imported: it reads these once. What is set already stays."""
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, str(count))
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
