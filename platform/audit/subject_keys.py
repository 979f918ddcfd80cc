"""The key of each subject, wrapped by a key outside the database, and the encryption that uses
it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .keys import subject_master_key
from .models import Subject

NONCE = 12
_ROW_DOMAIN = b"touchstone-row-v1\n"


class Unreadable(Exception):
    """The text is there and cannot be read: another key, or it was altered."""


def keys_of(subject_ids: Iterable[uuid.UUID], *, make: bool = False) -> dict[uuid.UUID, bytes]:
    """The key of each subject that has one, in one query; `make` makes those that are missing."""
    wanted = set(subject_ids)
    found = {}
    for subject in Subject.objects.filter(pk__in=wanted):
        try:
            found[subject.pk] = unwrap(subject)
        except Unreadable:
            if make:
                raise
    if make:
        found |= {subject_id: key_of(subject_id) for subject_id in wanted - found.keys()}
    return found


def keyed_hash(key: bytes, where: str, text: str) -> str:
    """What an event holds of a row's personal text. Nobody can guess the text without the key, and
    the key goes when its subject is erased."""
    said = b"\0".join([_ROW_DOMAIN, where.encode(), text.encode()])
    return hmac.new(key, said, hashlib.sha256).hexdigest()


def key_of(subject_id: uuid.UUID) -> bytes:
    key, nonce = AESGCM.generate_key(256), secrets.token_bytes(NONCE)
    wrapped = nonce + AESGCM(subject_master_key()).encrypt(nonce, key, subject_id.bytes)
    subject, made = Subject.objects.get_or_create(pk=subject_id, defaults={"wrapped_key": wrapped})
    return key if made else unwrap(subject)


def unwrap(subject: Subject) -> bytes:
    wrapped = bytes(subject.wrapped_key)
    try:
        return AESGCM(subject_master_key()).decrypt(
            wrapped[:NONCE], wrapped[NONCE:], subject.pk.bytes
        )
    except InvalidTag:
        raise Unreadable(
            "The key of a subject cannot be unwrapped: AUDIT_SUBJECT_KEY_FILE is not the file "
            "that this database was filled with."
        ) from None
