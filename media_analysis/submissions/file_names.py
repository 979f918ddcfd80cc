"""A submitter's file name is text to show. Here hostile names become harmless text."""

from __future__ import annotations

import unicodedata

MAX_CHARACTERS = 255
_WRITTEN_BY_BROWSERS = {"%22": '"', "%0D": "\r", "%0A": "\n"}
"""In a form with files: no other character is written so, and `%` itself stays `%`."""
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Controls, direction overrides, surrogates, private and unassigned characters, line breaks."""


def displayable(name: str, *, limit: int = MAX_CHARACTERS) -> str:
    """The last part of the name, without what would hide or reorder text; the ending survives."""
    for written, meant in _WRITTEN_BY_BROWSERS.items():
        name = name.replace(written, meant)
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    name = unicodedata.normalize("NFC", name)
    name = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _HIDDEN else c for c in name
    )
    name = " ".join(name.split())
    if len(name) <= limit:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        return name[: limit - 1] + "…"
    return stem[: limit - len(ending) - 2] + "…" + dot + ending
