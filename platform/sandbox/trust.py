"""Whom this site trusts: lists of certificates that it brings itself, as PEM files.

Beside each file a note can stand (`FILE.note.json`): what the list is called, of which day it is,
where it came from. `manage.py trust_list` writes both. A note counts while it names the digest of
the file that lies beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, MutableMapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class Of(StrEnum):
    """Whose certificates a list holds."""

    SIGNERS = "signers"
    """Of who signs Content Credentials."""
    TIMES = "times"
    """Of who stamps their signatures with a time."""
    IDENTITIES = "identities"
    """Of who says who they are in an identity assertion (CAWG)."""


SETTINGS = {
    Of.SIGNERS: "C2PA_TRUST_ANCHORS_FILE",
    Of.TIMES: "C2PA_TIME_ANCHORS_FILE",
    Of.IDENTITIES: "C2PA_IDENTITY_ANCHORS_FILE",
}
BEGIN = "-----BEGIN CERTIFICATE-----"
LARGEST = 1024 * 1024
"""Bytes of a list. The children inherit it."""
_NAME, _PIECE = "C2PA_TRUST_", 100_000
"""One variable of an environment holds at most 128 KiB."""


@dataclass(frozen=True, slots=True)
class TrustList:
    pem: str
    sha256: str
    certificates: int
    name: str = ""
    date: str = ""
    """Of the list itself, as its maker or who laid it says: YYYY-MM-DD."""
    source: str = ""

    def as_json(self) -> dict[str, str | int]:
        """Without the certificates."""
        return {key: value for key, value in asdict(self).items() if key != "pem"}


Trusted = Mapping[Of, TrustList]


def path_of(whose: Of) -> Path | None:
    named = os.environ.get(SETTINGS[whose], "")
    return Path(named) if named else None


def note_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.note.json")


def configured() -> Trusted:
    """The lists that the settings name. Raises OSError where one cannot be read."""
    found = {}
    for whose in Of:
        if (path := path_of(whose)) is not None:
            found[whose] = read(path)
    return found


def read(path: Path) -> TrustList:
    content = path.read_bytes()
    sha256, pem = hashlib.sha256(content).hexdigest(), content.decode("utf-8", "replace")
    try:
        note = json.loads(note_of(path).read_text(encoding="utf-8"))
        values = note if note["sha256"] == sha256 else {}
    except (OSError, ValueError, KeyError, TypeError):
        values = {}
    name, date, source = (str(values.get(key) or "")[:200] for key in ("name", "date", "source"))
    return TrustList(pem, sha256, pem.count(BEGIN), name, date, source)


# === To the children ===


def to_environment(lists: Trusted) -> dict[str, str]:
    if not lists:
        return {}
    text = json.dumps({str(whose): asdict(one) for whose, one in lists.items()})
    pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
    return {f"{_NAME}{number}": piece for number, piece in enumerate(pieces)}


def from_environment(environment: MutableMapping[str, str]) -> Trusted:
    """Takes the lists out of the environment."""
    pieces: list[str] = []
    while (piece := environment.pop(f"{_NAME}{len(pieces)}", None)) is not None:
        pieces.append(piece)
    data = json.loads("".join(pieces) or "{}")
    return {Of(whose): TrustList(**one) for whose, one in data.items()}
