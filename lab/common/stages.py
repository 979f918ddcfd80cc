"""Shared code of trainings in stages: progress messages, and a limit on threads."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from pathlib import Path
from typing import Any

# `python -m lab.X` starts from the repository's root; the sandbox lies in `platform`.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "platform"))


def parser(
    package: str, doc: str | None, stages: Sequence[str], *, cache: str, threads: int = 2
) -> argparse.ArgumentParser:
    """The arguments of every `python -m lab.X STAGE`."""
    made = argparse.ArgumentParser(
        prog=f"python -m {package}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("stage", choices=stages)
    made.add_argument("--cache", type=Path, help=f"folder of {cache} and runs")
    made.add_argument("--threads", type=int, default=threads)
    made.add_argument(
        "--out", type=Path, help="folder that `card` writes to (default: the detector's folder)"
    )
    return made


def for_networks(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Further options of the stages that train a network."""
    made.add_argument("--steps", type=int, help="length of each training")
    made.add_argument("--write", type=Path, help="a text whose table of figures `card` renews")
    return made


def research(name: str, page: str) -> Path | None:
    """The folder of research data, or a sentence that says where to read about it."""
    from ml.evaluation import data_folders

    folder = data_folders.research(name)
    if folder is None:
        sys.stderr.write(f"The {name} data is not there; see docs/{page}.\n")
    return folder


def reporting(name: str, every: int) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """Passes things on and reports now and then how many there were."""

    def watch(things: Iterable[Any]) -> Iterator[Any]:
        total = f" of {len(things)}" if isinstance(things, Sized) else ""
        for number, thing in enumerate(things):
            if number % every == 0:
                sys.stderr.write(f"{name}: {number}{total}\n")
                sys.stderr.flush()
            yield thing

    return watch


def quiet(name: str) -> Callable[[Iterable[Any]], Iterable[Any]]:
    """Replaces `reporting` if nothing is printed."""
    return lambda things: things


def on_few_threads(count: int) -> None:
    """Before TensorFlow is imported: it reads these once. What is set already stays."""
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, str(count))
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
