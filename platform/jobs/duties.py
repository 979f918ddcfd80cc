"""The periodic duties of a worker: reconcile, seal, and what others register."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from jobs import timing
from jobs.reconciling import reconcile


@dataclass(frozen=True)
class Duty:
    name: str
    every_seconds: float
    do: Callable[[], object]


_registered: dict[str, Duty] = {}


def register(name: str, every_seconds: float, do: Callable[[], object]) -> None:
    _registered[name] = Duty(name, every_seconds, do)


def all_duties() -> list[Duty]:
    """Ours, those registered in code, and those that the settings name (`PERIODIC_DUTIES`)."""
    named = {
        name: Duty(name, seconds, import_string(path))
        for name, (seconds, path) in getattr(settings, "PERIODIC_DUTIES", {}).items()
    }
    ours = {"reconcile": Duty("reconcile", timing.reconcile_seconds(), reconcile)}
    return list({**named, **_registered, **ours}.values())
