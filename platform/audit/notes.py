"""Signed checkpoints in the public form of transparency logs (C2SP signed-note, tlog-checkpoint).

    origin
    number of events
    root of the tree, base64
    time 2026-01-31T12:00:00.000000Z

    — name base64(key id, ed25519 signature)

No Django here: whoever checks an export needs this file too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

ED25519 = b"\x01"
_DASH = "\N{EM DASH} "
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class BadNote(ValueError):
    """Not a note, or not signed by a key that is trusted."""


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class PublicKey:
    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """From the one-line form `name+keyid+base64`."""
        try:
            name, key_id, body = text.strip().split("+", 2)
            raw = base64.b64decode(body, validate=True)
        except (ValueError, binascii.Error):
            raise BadNote("This is not a public key of the form name+keyid+base64.") from None
        key = cls(name, raw[1:])
        if raw[:1] != ED25519 or len(raw) != 33 or key.id.hex() != key_id:
            raise BadNote(f"The public key of {name} is not whole: its key id does not fit.")
        return key

    @property
    def id(self) -> bytes:
        return _key_id(self.name, self.public)

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class SigningKey:
    name: str
    private: Ed25519PrivateKey

    @classmethod
    def make(cls, name: str) -> SigningKey:
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        try:
            _private, _key, name, key_id, body = text.strip().split("+", 4)
            raw = base64.b64decode(body, validate=True)
            key = cls(name, Ed25519PrivateKey.from_private_bytes(raw[1:]))
        except (ValueError, binascii.Error):
            raise BadNote("The signing key file is not a key of this form, or not whole.") from None
        if key.public.id.hex() != key_id:
            raise BadNote("The signing key file is not whole: its key id does not fit.")
        return key

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.name, self.private.public_key().public_bytes_raw())

    def secret_text(self) -> str:
        body = base64.b64encode(ED25519 + self.private.private_bytes_raw()).decode()
        return f"PRIVATE+KEY+{self.name}+{self.public.id.hex()}+{body}"

    def sign(self, text: str) -> str:
        signature = base64.b64encode(self.public.id + self.private.sign(text.encode())).decode()
        return f"{text}\n{_DASH}{self.name} {signature}\n"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes
    time: datetime

    def text(self) -> str:
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\ntime {self.time.strftime(_TIME)}\n"

    @classmethod
    def parse(cls, text: str) -> Statement:
        try:
            origin, size, root, time = text.splitlines()
            if not time.startswith("time ") or not size.isdecimal():
                raise ValueError
            when = datetime.strptime(time.removeprefix("time ") + "+0000", _TIME + "%z")
            return cls(origin, int(size), base64.b64decode(root, validate=True), when)
        except (ValueError, binascii.Error):
            raise BadNote("The signed text is not a checkpoint.") from None


def read(note: str, trusted: list[PublicKey]) -> Statement:
    """The statement of a note that one of the trusted keys has signed; else `BadNote`."""
    if not note:
        raise BadNote("There is no checkpoint that belongs there.")
    text, blank, signatures = note.rpartition("\n\n")
    if not blank:
        raise BadNote("The checkpoint carries no signature.")
    text += "\n"
    for line in signatures.splitlines():
        name, _, body = line.removeprefix(_DASH).partition(" ")
        try:
            raw = base64.b64decode(body, validate=True)
        except binascii.Error:
            continue
        for key in trusted:
            if key.name != name or raw[:4] != key.id:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(key.public).verify(raw[4:], text.encode())
            except InvalidSignature:
                raise BadNote(f"The signature of {name} does not fit the checkpoint.") from None
            return Statement.parse(text)
    raise BadNote("The checkpoint is not signed by a trusted key.")
