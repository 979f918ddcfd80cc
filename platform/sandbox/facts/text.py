"""Makes text of unknown origin safe to show and limits its length."""

from __future__ import annotations

import unicodedata
from typing import Any

MOST_TEXT = 20_000
MOST_ITEMS = 400
_PLAIN = {"\n", "\t"}


def clean(value: str | bytes, most: int = MOST_TEXT) -> tuple[str, bool]:
    """(text, whether it held characters that do not belong in text).

    Control characters, marks that turn the reading direction and broken code units become visible
    escapes. Padding at the end is dropped without a word: many writers leave it.
    """
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    text = text.rstrip("\0 \r\n\t").replace("\r\n", "\n")
    cut = len(text) > most
    text = text[:most]
    odd = False
    visible = []
    for char in text:
        if char in _PLAIN or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"):
            visible.append(char)
        else:
            odd = True
            code = ord(char)
            visible.append(f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")
    return "".join(visible) + (" ..." if cut else ""), odd


class Claims:
    """A flat list of what was claimed, bounded, which remembers whether anything was odd."""

    def __init__(self) -> None:
        self.claimed: dict[str, Any] = {}
        self.odd = False

    def add(self, name: str, value: Any) -> None:
        if len(self.claimed) >= MOST_ITEMS:
            self.odd = True
            return
        name, strange = clean(name, 120)
        self.odd |= strange
        if isinstance(value, str | bytes):
            value, strange = clean(value)
            self.odd |= strange
        if value in ("", None):
            return
        if name not in self.claimed:
            self.claimed[name] = value
            return
        earlier = self.claimed[name]
        values = earlier if isinstance(earlier, list) else [earlier]
        if value not in values and len(values) < MOST_ITEMS:
            self.claimed[name] = [*values, value]

    def as_facts(self, **more: Any) -> dict[str, Any] | None:
        if not self.claimed and not self.odd and not more:
            return None
        return {"claimed": self.claimed, "malformed": self.odd, **more}
