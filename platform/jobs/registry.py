"""The functions that run a claimed row, by model. Apps register theirs in their `ready()`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.claims import Claim
from jobs.models import LeasedJob
from jobs.moves import State


@dataclass(frozen=True)
class Move:
    """A change of state that the job layer made, and reported in the same transaction.

    `finish` reports none: that transaction is the runner's own.
    """

    model: type[LeasedJob]
    pk: Any
    state: State
    code: str
    reason: str
    by: object
    """Whatever the caller of the verb passed on, or the name of the worker."""
    attempt: int


Runner = Callable[[Claim], None]
Wake = Callable[[type[LeasedJob], Any, str], object]
"""With the kind of the row; empty where its model has none."""
Moved = Callable[[Move], None]


@dataclass(frozen=True)
class Entry:
    model: type[LeasedJob]
    runner: Runner
    wake: Wake | None
    moved: Moved | None
    background: bool = False
    courier: bool = False
    kinds: tuple[str, ...] = ()
    long_kinds: tuple[str, ...] = ()


_entries: dict[type[LeasedJob], Entry] = {}


def register(
    model: type[LeasedJob],
    runner: Runner,
    wake: Wake | None = None,
    moved: Moved | None = None,
    *,
    background: bool = False,
    courier: bool = False,
    kinds: Sequence[str] = (),
    long_kinds: Sequence[str] = (),
) -> None:
    """`moved` is called inside the transaction that makes the move: the place for audit events.

    `background`: taken only while nothing of the other models is due; its runner asks
    `services.others_wait` from time to time and gives way.

    `courier`: waits for the network and hardly computes, so it never takes a slot; the worker's
    couriers run it. Every second one of them leaves `background` work alone, however much there is.

    `kinds`: what stands in the model's column `kind`, by which workers and slots may choose.
    Reserved slots leave `long_kinds` alone, so that short work never waits for long work.
    """
    if not any(t.name == "job_guard" for t in getattr(model._meta, "triggers", [])):
        raise TypeError(f"{model.__name__}.Meta must inherit from LeasedJob.Meta")
    _entries[model] = Entry(
        model, runner, wake, moved, background, courier, tuple(kinds), tuple(long_kinds)
    )


def unregister(model: type[LeasedJob]) -> None:
    _entries.pop(model, None)


def entry(model: type[LeasedJob]) -> Entry:
    return _entries[model]


def models(*, background: bool | None = None) -> list[type[LeasedJob]]:
    """All; or those that slots run in the background, or the others that slots run."""
    if background is None:
        return list(_entries)
    return [m for m, e in _entries.items() if not e.courier and background == e.background]


def couriers(*, background: bool = True) -> list[type[LeasedJob]]:
    return [m for m, e in _entries.items() if e.courier and (background or not e.background)]


def kinds_of(model: type[LeasedJob]) -> tuple[str, ...]:
    found = _entries.get(model)
    return found.kinds if found else ()


def kinds() -> frozenset[str]:
    return frozenset(kind for e in _entries.values() for kind in e.kinds)


def long_kinds() -> frozenset[str]:
    return frozenset(kind for e in _entries.values() for kind in e.long_kinds)


def named(label: str) -> type[LeasedJob] | None:
    return next((m for m in _entries if m._meta.label_lower == label.lower()), None)


def moved(move: Move) -> None:
    found = _entries.get(move.model)
    if found and found.moved:
        found.moved(move)
