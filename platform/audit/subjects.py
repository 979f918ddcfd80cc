"""Stores personal text outside the events, encrypted for its subject, with a commitment in the
event.

An event holds `SHA-256(salt, text)`. The text and its salt are stored here, encrypted with the
subject's own key, which is wrapped by a key outside the database. Erasing a subject deletes key,
text and salt: the commitment then reveals nothing, and the chain still verifies.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Collection

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction

from .models import Event, Subject, SubjectNote
from .services import record, site_chain
from .subject_keys import NONCE, Unreadable, key_of, unwrap
from .verbs import Verb
from .who import Who

_DOMAIN = b"touchstone-note-v1\n"
_SALT = 32


def keep(subject_id: uuid.UUID, label: str, text: str) -> str:
    """Keep a personal text; returns the commitment for the event's `data`.

    The subject is whoever would ask to be forgotten: a user's id for a name, a submission's id for
    its file name and note. Runs in the caller's transaction.
    """
    with transaction.atomic():
        key = key_of(subject_id)
        salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(NONCE)
        commitment = _commitment(salt, text)
        sealed = AESGCM(key).encrypt(nonce, salt + text.encode(), _bound(subject_id, label))
        SubjectNote.objects.create(
            subject_id=subject_id,
            label=label,
            commitment=commitment,
            sealed_text=nonce + sealed,
        )
    return commitment.hex()


def read(commitment: str) -> str | None:
    """The text that an event committed to; None when its subject was erased."""
    note = (
        SubjectNote.objects.select_related("subject")
        .filter(commitment=bytes.fromhex(commitment))
        .first()
    )
    return None if note is None else _opened(note)


def read_all(commitments: Collection[str]) -> dict[str, str]:
    """The texts by their commitments, in one question; without those erased or unreadable."""
    wanted = [bytes.fromhex(commitment) for commitment in commitments]
    found: dict[str, str] = {}
    for note in SubjectNote.objects.select_related("subject").filter(commitment__in=wanted):
        try:
            found[bytes(note.commitment).hex()] = _opened(note)
        except Unreadable:
            continue
    return found


def _opened(note: SubjectNote) -> str:
    sealed, bound = bytes(note.sealed_text), _bound(note.subject_id, note.label)
    try:
        key = unwrap(note.subject)
        clear = AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound)
    except InvalidTag:
        raise Unreadable("A note cannot be read with this installation's key.") from None
    salt, text = clear[:_SALT], clear[_SALT:].decode()
    if _commitment(salt, text) != bytes(note.commitment):
        raise Unreadable("A note is not the text that its event committed to.")
    return text


def erase_subject(
    subject_id: uuid.UUID, *, who: Who, why: str, chain: uuid.UUID | None = None
) -> Event | None:
    """Forget all text of a subject, and say so in the record; None when there was nothing."""
    with transaction.atomic():
        subject = Subject.objects.select_for_update().filter(pk=subject_id).first()
        if subject is None:
            return None
        notes = subject.notes.count()
        subject.delete()
        return record(
            chain=chain or site_chain("subjects"),
            verb=Verb.SUBJECT_ERASED,
            who=who,
            object_type="subject",
            object_id=subject_id,
            why=why,
            data={"texts": notes},
        )


def forget(subject_id: uuid.UUID, labels: Collection[str]) -> int:
    """Forget some texts of a subject, in the caller's transaction; the others and the key stay.
    Salt and text go, so the commitments of events say nothing any more. Returns how many."""
    count, _ = SubjectNote.objects.filter(subject=subject_id, label__in=labels).delete()
    return count


def _bound(subject_id: uuid.UUID, label: str) -> bytes:
    """What a text is bound to: moved to another subject or label, it does not open."""
    return subject_id.bytes + label.encode()


def _commitment(salt: bytes, text: str) -> bytes:
    return hashlib.sha256(_DOMAIN + salt + text.encode()).digest()
