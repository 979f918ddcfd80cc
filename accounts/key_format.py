"""The shape of an API key: `tsk_` + 30 random characters + a 6-character CRC-32 of all before.
A test key begins with `tsk_test_`.

The prefix lets scanners find a leaked key. The checksum tells a mistyped key from a wrong one
without a look into the database.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "tsk_"
TEST_PREFIX = "tsk_test_"
SHOWN = 6
"""How much of a key is kept in clear behind its prefix to name it; the 24 characters left hold 142
bits."""

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECKSUM = 30, 6
_SHAPE = re.compile(rf"{PREFIX}(?:test_)?[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}")


def new_key(*, test: bool = False) -> str:
    body = (TEST_PREFIX if test else PREFIX) + "".join(
        secrets.choice(_ALPHABET) for _ in range(_RANDOM)
    )
    return body + checksum(body)


def checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits.rjust(_CHECKSUM, _ALPHABET[0])


def is_well_formed(key: str) -> bool:
    return bool(_SHAPE.fullmatch(key)) and checksum(key[:-_CHECKSUM]) == key[-_CHECKSUM:]


def visible_part(key: str) -> str:
    prefix = TEST_PREFIX if key.startswith(TEST_PREFIX) else PREFIX
    return key[: len(prefix) + SHOWN]


def digest(key: str) -> str:
    """Plain SHA-256 is enough: a key of 178 random bits cannot be guessed from its hash."""
    return hashlib.sha256(key.encode()).hexdigest()
