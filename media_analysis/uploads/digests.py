"""`Repr-Digest` (RFC 9530): received from senders, and sent with downloads.

Only hashes that resist an attacker are read. Others in the same header are ignored, as the RFC
allows.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import BinaryIO

from accounts.refusals import Refusal

HEADER = "Repr-Digest"
ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}
CHUNK = 1 << 20
_MEMBER = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)\s*=\s*:([A-Za-z0-9+/=]*):\s*(?:;[^,]*)?")


class Expected:
    """The digests that a header names, held against bytes that pass by."""

    def __init__(self, digests: Mapping[str, bytes]) -> None:
        self._digests = digests
        self._hashes = {name: hashlib.new(ALGORITHMS[name]) for name in digests}

    @classmethod
    def by(cls, header: str) -> Expected:
        """Raises `digest_malformed` where it names none that is read here."""
        digests: dict[str, bytes] = {}
        for member in header.split(","):
            found = _MEMBER.fullmatch(member)
            if found is None:
                raise Refusal("digest_malformed")
            if found[1] in ALGORITHMS:
                digests[found[1]] = _decoded(found[1], found[2])
        if not digests:
            raise Refusal("digest_malformed")
        return cls(digests)

    def saw(self, chunk: bytes) -> None:
        for one in self._hashes.values():
            one.update(chunk)

    def check(self) -> None:
        """Compare the digest of everything that was read. Raises `digest_differs`."""
        for name, one in self._hashes.items():
            if not hmac.compare_digest(one.digest(), self._digests[name]):
                raise Refusal("digest_differs")

    def check_file(self, file: BinaryIO) -> None:
        """Compare the digest of a whole file, which is rewound afterwards."""
        file.seek(0)
        while chunk := file.read(CHUNK):
            self.saw(chunk)
        file.seek(0)
        self.check()


def of_sha256(digest: bytes) -> str:
    """The header's value."""
    return f"sha-256=:{base64.b64encode(digest).decode()}:"


def of_content(content: bytes) -> str:
    return of_sha256(hashlib.sha256(content).digest())


def _decoded(name: str, text: str) -> bytes:
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal("digest_malformed") from error
    if len(digest) != hashlib.new(ALGORITHMS[name]).digest_size:
        raise Refusal("digest_malformed")
    return digest
