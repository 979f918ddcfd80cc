"""The high-water mark: the last signed checkpoint, in a file next to the signing key.

If the database was rolled back and the anchor file truncated to match, neither shows what is
missing. The mark does. It is stored next to the signing key, so anyone who can reset it could also
sign.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from . import anchors


def read(file: Path) -> str | None:
    return file.read_text() if file.exists() else None


def raise_to(file: Path, note: str) -> bool:
    """Never lowers the mark; several sealers may try at once."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file.with_name(f".{file.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = read(file)
        if known is not None and anchors.size_of(known) >= anchors.size_of(note):
            return False
        part = file.with_name(f".{file.name}.part")
        with part.open("w") as out:
            out.write(note)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    return True
