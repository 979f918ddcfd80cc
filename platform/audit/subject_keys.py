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

from .keys import subject_master_key, subject_master_keys
from .models import Subject

NONCE = 12
BATCH = 1000
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
    message = b"\0".join([_ROW_DOMAIN, where.encode(), text.encode()])
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def key_of(subject_id: uuid.UUID) -> bytes:
    key = AESGCM.generate_key(256)
    wrapped = _wrapped(subject_master_key(), subject_id, key)
    subject, made = Subject.objects.get_or_create(pk=subject_id, defaults={"wrapped_key": wrapped})
    return key if made else unwrap(subject)


def unwrap(subject: Subject) -> bytes:
    for master in subject_master_keys():
        if (key := _opened(master, subject)) is not None:
            return key
    raise Unreadable(
        "The key of a subject cannot be unwrapped: AUDIT_SUBJECT_KEY_FILE is not the file "
        "that this database was filled with."
    )


def rewrap() -> tuple[int, int]:
    """Wrap the key of every subject with the one in use. Returns how many were wrapped anew, and
    how many no key in the file opens. Run again, it goes on."""
    master = subject_master_key()
    anew = closed = 0
    rows = Subject.objects.order_by("pk")
    batch = list(rows[:BATCH])
    while batch:
        for subject in batch:
            if _opened(master, subject) is not None:
                continue
            try:
                wrapped = _wrapped(master, subject.pk, unwrap(subject))
            except Unreadable:
                closed += 1
                continue
            same = Subject.objects.filter(pk=subject.pk, wrapped_key=subject.wrapped_key)
            anew += same.update(wrapped_key=wrapped)
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:BATCH])
    return anew, closed


def _wrapped(master: bytes, subject_id: uuid.UUID, key: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(master).encrypt(nonce, key, subject_id.bytes)


def _opened(master: bytes, subject: Subject) -> bytes | None:
    wrapped = bytes(subject.wrapped_key)
    try:
        return AESGCM(master).decrypt(wrapped[:NONCE], wrapped[NONCE:], subject.pk.bytes)
    except InvalidTag:
        return None
