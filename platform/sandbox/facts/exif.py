"""EXIF: what a camera or a program wrote about a picture, and whether its structure holds."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from PIL import ExifTags, Image

from sandbox.facts.text import Claims

MAIN, CAMERA, PLACE = 0, 0x8769, 0x8825
MAX_DIRECTORIES = 16
MAX_ENTRIES = 1000
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_SKIPPED = {"MakerNote", "PrintImageMatching", "JPEGThumbnail"}
_ENCODINGS = {b"ASCII\0\0\0": "ascii", b"UNICODE\0": "utf-16", b"JIS\0\0\0\0\0": "shift_jis"}


def read(data: bytes) -> dict[str, Any] | None:
    """From the raw block, with or without its `Exif` prefix."""
    if not data:
        return None
    data = data.removeprefix(b"Exif\0\0")
    problems = structure(data)
    exif = Image.Exif()
    try:
        exif.load(b"Exif\0\0" + data)
    except Exception as error:
        return {"claimed": {}, "malformed": True, "problems": [*problems, type(error).__name__]}
    return claimed(exif, problems)


def claimed(
    exif: Image.Exif, problems: list[str], but: Collection[int] = ()
) -> dict[str, Any] | None:
    """The claims of an EXIF block that was loaded, without the tags in `but`."""
    claims = Claims()
    for directory, names in (
        (MAIN, ExifTags.TAGS),
        (CAMERA, ExifTags.TAGS),
        (PLACE, ExifTags.GPSTAGS),
    ):
        try:
            entries = exif if directory == MAIN else exif.get_ifd(directory)
            for tag, value in list(entries.items())[:MAX_ENTRIES]:
                if directory == MAIN and tag in but:
                    continue
                _entry(claims, names.get(tag, f"tag_{tag}"), value, problems)
        except Exception as error:
            problems.append(type(error).__name__)
    orientation = claims.claimed.get("Orientation", 1)
    if not isinstance(orientation, int) or not 0 <= orientation <= 8:
        problems.append("orientation")
    if claims.odd:
        problems.append("control_characters")
    claims.odd = bool(problems)
    return claims.as_facts(problems=sorted(set(problems)))


def _entry(claims: Claims, name: str, value: Any, problems: list[str]) -> None:
    if name in _SKIPPED or name in ("ExifOffset", "GPSInfo", "ExifInteroperabilityOffset"):
        return
    if isinstance(value, bytes):
        claims.add(name, _comment(value) if name == "UserComment" else _bytes(value))
    elif isinstance(value, str):
        claims.add(name, value)
    else:
        claims.add(name, _number(value, problems))


def _bytes(value: bytes) -> str:
    return value.hex() if len(value) <= 32 and not value.isascii() else value.decode("latin-1")


def _comment(value: bytes) -> str:
    encoding = _ENCODINGS.get(value[:8])
    if encoding == "utf-16":
        # The byte order is the file's; writers disagree, so the one with fewer odd signs wins.
        readings = [value[8:].decode(f"utf-16-{order}", "replace") for order in ("be", "le")]
        return max(readings, key=lambda text: sum(ord(char) < 0x250 for char in text))
    if encoding:
        return value[8:].decode(encoding, "replace")
    return value.removeprefix(b"\0" * 8).decode("utf-8", "replace")


def _number(value: Any, problems: list[str]) -> Any:
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, tuple | list):
        return [_number(v, problems) for v in value[:64]]
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        problems.append("zero_denominator")
        return None
    return round(number, 9)


def structure(data: bytes) -> list[str]:
    """Whether directories lie inside the block and none is entered twice."""
    order = {b"II": "little", b"MM": "big"}.get(data[:2])
    if order is None or len(data) < 8:
        return ["byte_order"]
    number = _reader(data, order)
    waiting, seen, problems = [number(4, 4)], set[int](), []
    while waiting:
        at = waiting.pop()
        if at == 0:
            continue
        if at in seen:
            problems.append("directory_loop")
            continue
        if len(seen) >= MAX_DIRECTORIES or at + 2 > len(data):
            problems.append("directory_out_of_range")
            continue
        seen.add(at)
        count = number(at, 2)
        if count > MAX_ENTRIES or at + 2 + count * 12 > len(data):
            problems.append("directory_out_of_range")
            continue
        for entry in range(at + 2, at + 2 + count * 12, 12):
            tag, kind, values = number(entry, 2), number(entry + 2, 2), number(entry + 4, 4)
            length = _SIZES.get(kind, 0) * values
            if length > 4 and number(entry + 8, 4) + length > len(data):
                problems.append("value_out_of_range")
            if tag in (CAMERA, PLACE, 0xA005):
                waiting.append(number(entry + 8, 4))
        following = at + 2 + count * 12
        if following + 4 <= len(data):
            waiting.append(number(following, 4))
    return problems


def _reader(data: bytes, order: Any) -> Any:
    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], order)

    return number
