"""Which detectors there are: every folder under `ml/detectors` with a `detector.py`.

Adding a detector is adding a folder. They are made once a process and only when first asked for,
because models must be loaded after a worker has forked.
"""

from __future__ import annotations

import functools
import importlib
import logging
import pkgutil
from dataclasses import dataclass

import ml.detectors
from ml.contract import Detector

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Missing:
    """A detector that could not be made: a wrong model file, a missing library."""

    name: str
    reason: str


def names() -> list[str]:
    return sorted(m.name for m in pkgutil.iter_modules(ml.detectors.__path__) if m.ispkg)


@functools.cache
def detectors() -> tuple[Detector | Missing, ...]:
    return tuple(_made(name) for name in names())


def _made(name: str) -> Detector | Missing:
    try:
        module = importlib.import_module(f"ml.detectors.{name}.detector")
        detector: Detector = module.make()
    except Exception as error:
        log.exception("detector %s could not be made", name)
        return Missing(name, f"This check could not be loaded ({type(error).__name__}).")
    return detector
