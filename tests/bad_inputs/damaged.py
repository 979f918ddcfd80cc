"""Damage to every format that is read."""

from __future__ import annotations

import random

from tests.sandbox import formats

ENDS = ("corrupt", "no_media", "variant_not_read", "type_not_allowed", "too_many_pixels",
        "too_many_frames", "too_long", "too_expensive", "aspect_not_supported",
        "external_reference")  # fmt: skip
"""What damage at random may be called: the file's fault, one way or another."""


def damaged(name: str, how: str) -> bytes:
    """A well-formed file of `formats.ALL`, damaged in one of the ways of `DAMAGES`."""
    data = formats.whole(name)
    chance = random.Random(f"{name} {how}")
    if how == "half":
        return data[: len(data) // 2]
    if how == "head":
        return data[:64]
    if how == "middle of zeros":
        third = len(data) // 3
        return data[:third] + bytes(third) + data[2 * third :]
    changed = bytearray(data)
    reach = min(len(data), 512) if how == "flipped head" else len(data)
    for _ in range(24):
        changed[chance.randrange(12, reach)] = chance.randrange(256)
    return bytes(changed)


DAMAGES = ("half", "head", "middle of zeros", "flipped head", "flipped")
DAMAGED = [
    (name, how)
    for name in formats.ALL
    for how in (DAMAGES[:1] + DAMAGES[4:] if name in formats.PICTURES else DAMAGES)
]
"""Every way for each recording; for the many variants of pictures the two that reach furthest."""
