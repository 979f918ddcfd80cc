"""Keeps checkpoints in a bucket, which all machines of a site and its auditor share.

Any storage of Django's will do. Each file is one checkpoint, in the form of a line of the anchor
file. Its name is the number of events that it covers, in groups of four digits, so that the newest
one is found by four short listings, however many there are. Nothing is overwritten or deleted: the
site's key needs no right to do so, and a bucket that locks its objects keeps them from everybody.

Not every checkpoint is kept. One every few minutes is enough, because each covers all events before
it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.utils import timezone

from .anchors import line_of, note_of, size_of

GROUPS, DIGITS = 4, 4
_GROUP, _FILE = re.compile(r"\d{4}"), re.compile(r"\d{4}\.json")


class AnchorUnreachable(OSError):
    """The store did not do as it was asked. The message says what it answered."""


class AnchorStore:
    def __init__(self, opened: Callable[[], Storage], every: timedelta) -> None:
        """`opened` makes the storage, which fails where its SDK or an option is missing. `every`:
        how far apart two checkpoints are at least."""
        self._opened, self._every = opened, every

    def __str__(self) -> str:
        return "in AUDIT_ANCHOR_STORAGE"

    @cached_property
    def _storage(self) -> Storage:
        return self._opened()

    def last(self) -> str | None:
        with _as_unreachable():
            return self._read(self._newest) if self._newest else None

    def notes(self, since: int = 0) -> Iterator[tuple[str, str]]:
        """The newest first, so that what is older than `since` is neither listed nor read."""
        with _as_unreachable():
            for name in self._names():
                if _size(name) < since:
                    return
                yield self._read(name), f"{self} ({name})"

    def write(self, newest: str, after: Callable[[int], Iterable[str]]) -> None:
        """Only the newest checkpoint, and only if the one before it is old enough."""
        size = size_of(newest)
        with _as_unreachable():
            before = self._newest
            if before and (_size(before) >= size or self._age(before) < self._every):
                return
            self._storage.save(_name(size), ContentFile(line_of(newest)))
            del self._newest

    def _age(self, name: str) -> timedelta:
        return timezone.now() - self._storage.get_modified_time(name)

    @cached_property
    def _newest(self) -> str | None:
        """Listed once: a sealing reads it and then adds to it."""
        return next(self._names(), None)

    def _names(self, above: str = "") -> Iterator[str]:
        """From the newest to the oldest."""
        depth = above.count("/")
        try:
            folders, files = self._storage.listdir(above)
        except FileNotFoundError:
            return  # a folder that nothing was written into yet
        found, wanted = (files, _FILE) if depth == GROUPS - 1 else (folders, _GROUP)
        for part in sorted(filter(wanted.fullmatch, found), reverse=True):
            if depth == GROUPS - 1:
                yield above + part
            else:
                yield from self._names(f"{above}{part}/")

    def _read(self, name: str) -> str:
        """Empty, and so a finding, where it is not the checkpoint of so many events: an older one
        under a higher number would stand in the way of all that are newer."""
        with self._storage.open(name) as file:
            note = note_of(file.read())
        try:
            return note if size_of(note) == _size(name) else ""
        except (ValueError, IndexError):
            return ""


def _name(size: int) -> str:
    digits = f"{size:0{GROUPS * DIGITS}d}"
    return "/".join(digits[at : at + DIGITS] for at in range(0, len(digits), DIGITS)) + ".json"


def _size(name: str) -> int:
    return int(name.removesuffix(".json").replace("/", ""))


@contextmanager
def _as_unreachable() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # whatever a provider's SDK raises
        raise AnchorUnreachable(f"{type(error).__name__}: {error}") from error
