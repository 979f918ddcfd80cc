"""The fingerprints of a site's keys in its database.

`manage.py keys init` creates each key once and stores its fingerprint. Web servers and workers
compare fingerprints when they start: a machine with a missing or different key refuses to start and
creates none.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from . import keys, subject_keys
from .keys import KeysRefused
from .models import KeyFingerprint

Kind = KeyFingerprint.Kind
log = logging.getLogger("touchstone.keys")
BOOT_FAILED = 3
"""What gunicorn takes for: do not try again."""
LOCK = 0x6B657973  # "keys": one initialiser at a time


def of(kind: str, material: bytes) -> str:
    """A fingerprint. It reveals nothing about the key."""
    return _hash(kind, material)


def _hash(kind: str, material: bytes) -> str:
    return hashlib.sha256(f"touchstone-{kind}-key\n".encode() + material).hexdigest()


def _secret(text: str) -> str:
    return _hash("secret", text.encode())


@dataclass(frozen=True)
class Key:
    """A key of the site: how it is called, read, and made where there never was one."""

    label: str
    fingerprint: Callable[[], str]
    what_to_do: str
    file: Callable[[], Path] | None = None
    make: Callable[[], bool] | None = None


KEYS: dict[str, Key] = {
    Kind.SIGNING: Key(
        "signing key",
        lambda: _hash("signing", str(keys.signing_key().public).encode()),
        "Copy AUDIT_SIGNING_KEY_FILE and its .pub file from a machine that works.",
        lambda: settings.AUDIT_SIGNING_KEY_FILE,
        keys.make_signing_key,
    ),
    Kind.SUBJECT: Key(
        "subject key",
        lambda: _hash("subject", keys.subject_master_key()),
        "Copy AUDIT_SUBJECT_KEY_FILE from a machine that works.",
        lambda: settings.AUDIT_SUBJECT_KEY_FILE,
        keys.make_subject_key,
    ),
    Kind.SECRET: Key(
        "SECRET_KEY",
        lambda: _secret(settings.SECRET_KEY),
        "Give this machine the SECRET_KEY of the others, or run `manage.py keys rotate secret` "
        "after a planned change.",
    ),
}
"""Apps above this one add theirs in `ready()`."""


def known() -> dict[str, str]:
    return dict(KeyFingerprint.objects.filter(current=True).values_list("kind", "fingerprint"))


def problems() -> list[str]:
    """One sentence for each key that is missing here or is not the one that the database knows."""
    found, sentences = known(), []
    for kind, key in KEYS.items():
        try:
            mine = key.fingerprint()
        except KeysRefused as refused:
            sentences.append(str(refused))
            continue
        except ValueError as error:
            sentences.append(f"The {key.label} on this machine cannot be read: {error}")
            continue
        if kind in found and found[kind] != mine:
            sentences.append(
                f"The {key.label} on this machine is not the one that this database works with. "
                f"{key.what_to_do}"
            )
    return sentences


def refuse_to_serve_with_other_keys() -> None:
    """Where a web server or a worker starts. A database that is away settles nothing: what can be
    seen without it is checked, and work waits for it anyway."""
    try:
        sentences = problems()
    except DatabaseError:
        connection.close()
        return
    if sentences:
        log.critical("Touchstone will not serve. %s", " ".join(sentences))
        sys.exit(BOOT_FAILED)


@transaction.atomic
def init() -> list[str]:
    """Make what this site never had, and note what is there. Returns a line for each key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    found, lines = known(), []
    for kind, key in KEYS.items():
        made = bool(
            kind not in found and key.make and key.file and not key.file().exists() and key.make()
        )
        mine = key.fingerprint()
        if kind not in found:
            KeyFingerprint.objects.create(kind=kind, fingerprint=mine)
        elif found[kind] != mine:
            raise KeysRefused(
                f"This database already works with another {key.label}; nothing was made. "
                f"{key.what_to_do}"
            )
        state = "made" if made else "kept" if kind in found else "noted"
        lines.append(f"{key.label}: {state} ({mine[:12]})")
    return lines


@transaction.atomic
def rotate_signing() -> str:
    """A new signing key. The old one is kept, and what it signed stays verifiable."""
    old = KEYS[Kind.SIGNING].fingerprint()
    if known().get(Kind.SIGNING, old) != old:
        raise KeysRefused(KEYS[Kind.SIGNING].what_to_do)
    file: Path = settings.AUDIT_SIGNING_KEY_FILE
    aside = file.with_name(f"{file.name}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    file.rename(aside)
    keys.make_signing_key()
    _becomes(Kind.SIGNING, KEYS[Kind.SIGNING].fingerprint())
    return (
        f"A new signing key is in {file}; the old one is {aside}. Copy the key and its .pub file "
        "to every other machine, then restart web and workers."
    )


@transaction.atomic
def rotate_subject() -> str:
    """A new subject key for what comes; the old one stays in the file until `rewrap` is done. One
    that was cut off between file and database is only noted."""
    noted, own = known().get(Kind.SUBJECT), keys.subject_master_keys()
    prints = [_hash("subject", key) for key in own]
    if noted is None or noted not in prints[:2]:
        raise KeysRefused(KEYS[Kind.SUBJECT].what_to_do)
    if noted == prints[0]:
        keys.write_subject_keys([os.urandom(32), *own])
    _becomes(Kind.SUBJECT, KEYS[Kind.SUBJECT].fingerprint())
    return (
        f"A new subject key is the first line of {settings.AUDIT_SUBJECT_KEY_FILE}. Copy this file "
        "to every other machine and restart web and workers there. Then run `manage.py keys "
        "rewrap` here."
    )


def rewrap_subjects() -> str:
    """The keys of all subjects under the new one. Earlier ones leave the file when nothing needs
    them any more: a second look finds nothing."""
    total = 0
    while True:
        anew, closed = subject_keys.rewrap()
        total += anew
        if not anew:
            break
    if closed:
        raise KeysRefused(
            f"{total} keys of subjects were wrapped anew; {closed} are opened by no key in "
            f"{settings.AUDIT_SUBJECT_KEY_FILE}, which was left as it is."
        )
    mine = keys.subject_master_keys()
    if len(mine) > 1:
        keys.write_subject_keys(mine[:1])
    return (
        f"{total} keys of subjects were wrapped anew. {settings.AUDIT_SUBJECT_KEY_FILE} holds the "
        "new key alone: copy it to every other machine. Backups made before hold the old one."
    )


@transaction.atomic
def rotate_secret() -> str:
    """After SECRET_KEY was changed and the old one was put into SECRET_KEY_FALLBACKS."""
    noted = known().get(Kind.SECRET)
    fallbacks = {_secret(text) for text in settings.SECRET_KEY_FALLBACKS}
    if noted and noted not in {*fallbacks, KEYS[Kind.SECRET].fingerprint()}:
        raise KeysRefused(
            "The SECRET_KEY that this database knows is neither SECRET_KEY nor one of "
            "SECRET_KEY_FALLBACKS. Put the old one there: sessions and mailed links then stay good."
        )
    _becomes(Kind.SECRET, KEYS[Kind.SECRET].fingerprint())
    return "The new SECRET_KEY is noted. Give it to every machine, then restart web and workers."


def _becomes(kind: str, fingerprint: str) -> None:
    KeyFingerprint.objects.filter(kind=kind, current=True).update(current=False)
    KeyFingerprint.objects.create(kind=kind, fingerprint=fingerprint)
