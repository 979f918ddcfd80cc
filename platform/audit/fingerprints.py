"""The keys of a site, known to its database by their fingerprints.

`manage.py keys init` makes each key once and notes its fingerprint. Web servers and workers compare
at their start: a machine that has none, or another, refuses and makes none.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from . import keys
from .keys import KeysRefused
from .models import KeyFingerprint

Kind = KeyFingerprint.Kind
log = logging.getLogger("touchstone.keys")
BOOT_FAILED = 3
"""What gunicorn takes for: do not try again."""
LOCK = 0x6B657973  # "keys": one initialiser at a time
WHAT_TO_DO = {
    Kind.SIGNING: "Copy AUDIT_SIGNING_KEY_FILE and its .pub file from a machine that works.",
    Kind.SUBJECT: "Copy AUDIT_SUBJECT_KEY_FILE from a machine that works.",
    Kind.SECRET: "Give this machine the SECRET_KEY of the others, or run `manage.py keys rotate "
    "secret` after a planned change.",
}


def _hash(kind: str, material: bytes) -> str:
    return hashlib.sha256(f"touchstone-{kind}-key\n".encode() + material).hexdigest()


def _secret(text: str) -> str:
    return _hash("secret", text.encode())


OWN: dict[str, Callable[[], str]] = {
    Kind.SIGNING: lambda: _hash("signing", str(keys.signing_key().public).encode()),
    Kind.SUBJECT: lambda: _hash("subject", keys.subject_master_key()),
    Kind.SECRET: lambda: _secret(settings.SECRET_KEY),
}


def known() -> dict[str, str]:
    return dict(KeyFingerprint.objects.filter(current=True).values_list("kind", "fingerprint"))


def problems() -> list[str]:
    """One sentence for each key that is missing here or is not the one that the database knows."""
    found, said = known(), []
    for kind, own in OWN.items():
        try:
            mine = own()
        except KeysRefused as refused:
            said.append(str(refused))
            continue
        except ValueError as error:
            said.append(f"The {Kind(kind).label} on this machine cannot be read: {error}")
            continue
        if kind in found and found[kind] != mine:
            said.append(
                f"The {Kind(kind).label} on this machine is not the one that this database works "
                f"with. {WHAT_TO_DO[Kind(kind)]}"
            )
    return said


def refuse_to_serve_with_other_keys() -> None:
    """Where a web server or a worker starts. A database that is away settles nothing: what can be
    seen without it is checked, and work waits for it anyway."""
    try:
        said = problems()
    except DatabaseError:
        connection.close()
        return
    if said:
        log.critical("Touchstone will not serve. %s", " ".join(said))
        sys.exit(BOOT_FAILED)


@transaction.atomic
def init() -> list[str]:
    """Make what this site never had, and note what is there. Returns a line for each key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    found, said = known(), []
    makers = {Kind.SIGNING: keys.make_signing_key, Kind.SUBJECT: keys.make_subject_key}
    files: dict[str, Path] = {
        Kind.SIGNING: settings.AUDIT_SIGNING_KEY_FILE,
        Kind.SUBJECT: settings.AUDIT_SUBJECT_KEY_FILE,
    }
    for kind, own in OWN.items():
        made = False
        if kind not in found and kind in makers and not files[kind].exists():
            made = makers[Kind(kind)]()
        mine = own()
        if kind not in found:
            KeyFingerprint.objects.create(kind=kind, fingerprint=mine)
        elif found[kind] != mine:
            raise KeysRefused(
                f"This database already works with another {Kind(kind).label}; nothing was made. "
                f"{WHAT_TO_DO[Kind(kind)]}"
            )
        state = "made" if made else "kept" if kind in found else "noted"
        said.append(f"{Kind(kind).label}: {state} ({mine[:12]})")
    return said


@transaction.atomic
def rotate_signing() -> str:
    """A new signing key; the old one is kept beside it, and what it signed stays verifiable."""
    old = OWN[Kind.SIGNING]()
    if known().get(Kind.SIGNING, old) != old:
        raise KeysRefused(WHAT_TO_DO[Kind.SIGNING])
    file: Path = settings.AUDIT_SIGNING_KEY_FILE
    aside = file.with_name(f"{file.name}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    file.rename(aside)
    keys.make_signing_key()
    _becomes(Kind.SIGNING, OWN[Kind.SIGNING]())
    return (
        f"A new signing key is in {file}; the old one is {aside}. Copy the key and its .pub file "
        "to every other machine, then restart web and workers."
    )


@transaction.atomic
def rotate_secret() -> str:
    """After SECRET_KEY was changed and the old one was put into SECRET_KEY_FALLBACKS."""
    noted = known().get(Kind.SECRET)
    fallbacks = {_secret(text) for text in settings.SECRET_KEY_FALLBACKS}
    if noted and noted not in {*fallbacks, OWN[Kind.SECRET]()}:
        raise KeysRefused(
            "The SECRET_KEY that this database knows is neither SECRET_KEY nor one of "
            "SECRET_KEY_FALLBACKS. Put the old one there: sessions and mailed links then stay good."
        )
    _becomes(Kind.SECRET, OWN[Kind.SECRET]())
    return "The new SECRET_KEY is noted. Give it to every machine, then restart web and workers."


def _becomes(kind: str, fingerprint: str) -> None:
    KeyFingerprint.objects.filter(kind=kind, current=True).update(current=False)
    KeyFingerprint.objects.create(kind=kind, fingerprint=fingerprint)
