"""IPTC (IIM): what agencies write into a picture, in the block that was there before XMP."""

from __future__ import annotations

from typing import Any

from PIL import IptcImagePlugin
from PIL.ImageFile import ImageFile

from sandbox.facts.text import Claims

MOST_SETS = 400
_NAMES = {
    (1, 90): "CodedCharacterSet", (2, 5): "ObjectName", (2, 7): "EditStatus", (2, 10): "Urgency",
    (2, 15): "Category", (2, 20): "SupplementalCategory", (2, 25): "Keywords",
    (2, 40): "SpecialInstructions", (2, 55): "DateCreated", (2, 60): "TimeCreated",
    (2, 62): "DigitalCreationDate", (2, 63): "DigitalCreationTime", (2, 65): "OriginatingProgram",
    (2, 70): "ProgramVersion", (2, 80): "By-line", (2, 85): "By-lineTitle", (2, 90): "City",
    (2, 92): "Sub-location", (2, 95): "Province-State", (2, 100): "CountryCode",
    (2, 101): "CountryName", (2, 103): "OriginalTransmissionReference", (2, 105): "Headline",
    (2, 110): "Credit", (2, 115): "Source", (2, 116): "CopyrightNotice", (2, 118): "Contact",
    (2, 120): "Caption-Abstract", (2, 122): "Writer-Editor",
}  # fmt: skip


def read(picture: ImageFile) -> dict[str, Any] | None:
    found = IptcImagePlugin.getiptcinfo(picture)
    if not found:
        return None
    claims = Claims()
    for (record, number), value in list(found.items())[:MOST_SETS]:
        if (record, number) in ((1, 0), (2, 0)):  # the version of the format
            continue
        name = _NAMES.get((record, number), f"{record}:{number:02}")
        for one in value if isinstance(value, list) else [value]:
            claims.add(name, _text(one))
    return claims.as_facts()


def _text(value: bytes) -> str:
    """Most writers leave out which characters they use; Latin-1 was their habit."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
