"""One part of a file, as the header `Range` asks for it (RFC 9110, section 14).

A range may always be ignored and the whole sent: that is the answer to what is not understood and
to several ranges at once, which no player asks for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST = 2 * 1024 * 1024
"""Bytes of one answer. A player that has enough stops reading; whoever serves must not wait for it
with a whole film in hand. It asks for what comes next when it needs it."""
ONE = re.compile(r"\s*bytes\s*=\s*(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    start: int
    end: int
    """The first and the last byte, both included."""

    @property
    def length(self) -> int:
        return self.end - self.start + 1

    def of(self, size: int) -> str:
        return f"bytes {self.start}-{self.end}/{size}"


class OutOfRange(Exception):
    """Understood, and nothing of it is in the file."""


def parse(header: str, size: int, most: int = MOST) -> Part | None:
    """None: the whole. Raises `OutOfRange`. Never longer than `most`, from where it was asked."""
    found = ONE.fullmatch(header)
    if found is None:
        return None
    first, last, from_end = found.groups()
    if from_end is not None:
        start, end = size - min(int(from_end), size), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None  # not a range at all
    if start >= size:
        raise OutOfRange
    return Part(start, min(end, start + most - 1))
