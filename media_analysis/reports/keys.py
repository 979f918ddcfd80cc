"""The key that signs reports, and the keys whose reports are trusted here."""

from __future__ import annotations

import secrets
from pathlib import Path

from django.conf import settings

from audit.keys import write_once
from audit.notes import PublicKey, SigningKey


def signing_key() -> SigningKey:
    """The key of this installation, made on first use."""
    file: Path = settings.REPORT_SIGNING_KEY_FILE
    if not file.exists():
        key = SigningKey.make(f"touchstone-reports-{secrets.token_hex(4)}")
        if write_once(file, key.secret_text().encode() + b"\n"):
            with public_key_file().open("a") as public:
                public.write(f"{key.public}\n")
    return SigningKey.parse(file.read_text())


def public_key_file() -> Path:
    """Beside the key: every key that has signed reports here, one a line. Publish it."""
    file: Path = settings.REPORT_SIGNING_KEY_FILE
    return file.with_suffix(".pub")


def trusted_keys(file: Path | None = None) -> list[PublicKey]:
    file = file or public_key_file()
    lines = file.read_text().splitlines() if file.exists() else []
    return [PublicKey.parse(line) for line in lines if line.strip()]
