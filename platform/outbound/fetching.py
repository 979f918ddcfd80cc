"""Downloads a file from an address that somebody else provides, with the protections of `sending`
for each request.

A few redirects are followed. Each is a new address that must pass every check.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urljoin

from outbound.sending import Failed, Refused, answering, checked, header_map

MOST_REDIRECTS = 4


@dataclass(frozen=True)
class Fetched:
    status: int
    size: int
    wish: str
    """The answer's Retry-After, where it is no success."""


class TooLarge(Exception):
    """More bytes than were asked for; what was written until then is of no use."""


def fetch(
    url: str,
    into: BinaryIO,
    *,
    seconds: float,
    most_bytes: int,
    allowed: Collection[str] = (),
    may_ask: Callable[[str], bool],
) -> Fetched:
    """Writes the body of a 200 into `into`. `may_ask` is asked for the host of every address, also
    of one that a redirect names. Raises `Refused`, `Failed` or `TooLarge`."""
    deadline = time.monotonic() + seconds
    for _ in range(MOST_REDIRECTS + 1):
        host = checked(url, allowed).hostname or ""
        if not may_ask(host):
            raise Refused("host_not_allowed")
        with answering("GET", url, deadline=deadline, allowed=allowed) as answer:
            headers = header_map(answer)
            if answer.status not in (301, 302, 303, 307, 308):
                if answer.status != 200:
                    return Fetched(answer.status, 0, headers.get("retry-after", ""))
                if headers.get("content-encoding", "identity").lower() != "identity":
                    raise Failed("compressed")
                return Fetched(200, _written(answer.iter_stream(), into, most_bytes), "")
        if "location" not in headers:
            raise Failed("broken_answer")
        url = urljoin(url, headers["location"]).partition("#")[0]
    raise Refused("too_many_redirects")


def _written(chunks: Iterable[bytes], into: BinaryIO, most: int) -> int:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise TooLarge
        into.write(chunk)
    return size
