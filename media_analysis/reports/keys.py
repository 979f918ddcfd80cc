"""The key that signs reports, and the keys whose reports are trusted here."""

from __future__ import annotations

import secrets
from pathlib import Path

from django.conf import settings

from audit import fingerprints
from audit.keys import content, write_once
from audit.notes import PublicKey, SigningKey


def signing_key() -> SigningKey:
    """The key of this site. `manage.py keys init` makes it, once, and nothing else does."""
    file: Path = settings.REPORT_SIGNING_KEY_FILE
    if not file.exists() and settings.AUDIT_MAKE_KEYS:
        make_signing_key()
    return SigningKey.parse(content(file))


def make_signing_key() -> bool:
    """False when there was one."""
    key = SigningKey.make(f"touchstone-reports-{secrets.token_hex(4)}")
    secret = key.secret_text().encode() + b"\n"
    made = write_once(settings.REPORT_SIGNING_KEY_FILE, secret)
    if made:
        with public_key_file().open("a") as public:
            public.write(f"{key.public}\n")
    return made


REPORT = fingerprints.Key(
    "report key",
    lambda: fingerprints.of("report", str(signing_key().public).encode()),
    "Copy REPORT_SIGNING_KEY_FILE and its .pub file from a machine that works.",
    lambda: settings.REPORT_SIGNING_KEY_FILE,
    make_signing_key,
)


def public_key_file() -> Path:
    """Beside the key: every key that has signed reports here, one a line. Publish it."""
    file: Path = settings.REPORT_SIGNING_KEY_FILE
    return file.with_suffix(".pub")


def trusted_keys(file: Path | None = None) -> list[PublicKey]:
    file = file or public_key_file()
    lines = file.read_text().splitlines() if file.exists() else []
    return [PublicKey.parse(line) for line in lines if line.strip()]
