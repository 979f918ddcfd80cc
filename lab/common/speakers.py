"""Training and test speakers, for clips that are split by speaker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

FOLDS = 3


class Clip(Protocol):
    @property
    def split(self) -> str: ...
    @property
    def speaker(self) -> str: ...


class Spoken(Protocol):
    @property
    def clip(self) -> Clip: ...


T = TypeVar("T", bound=Spoken)


def learnt_from(spoken: Sequence[T]) -> list[T]:
    """Training and validation: nothing is chosen by the validation speakers."""
    return [one for one in spoken if one.clip.split != "test"]


def tested_on(spoken: Sequence[T]) -> list[T]:
    return [one for one in spoken if one.clip.split == "test"]


def without_fold(spoken: Sequence[T], number: int) -> tuple[list[T], list[T]]:
    """Those of every third speaker, and those of the others. Speakers are dealt out by name:
    nothing is drawn."""
    names = sorted({one.clip.speaker for one in spoken})
    own = {name for place, name in enumerate(names) if place % FOLDS == number}
    return (
        [one for one in spoken if one.clip.speaker in own],
        [one for one in spoken if one.clip.speaker not in own],
    )
