"""The sealing key, which only its owner can read, and the list of keys that are trusted."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.conf import settings

from .notes import PublicKey, SigningKey


def signing_key() -> SigningKey:
    """The key of this installation, made on first use."""
    file: Path = settings.AUDIT_SIGNING_KEY_FILE
    if not file.exists():
        key = SigningKey.make(f"touchstone-{secrets.token_hex(4)}")
        if write_once(file, key.secret_text().encode() + b"\n"):
            with public_key_file().open("a") as public:
                public.write(f"{key.public}\n")
    return SigningKey.parse(file.read_text())


def public_key_file() -> Path:
    """Beside the key: every key this installation has sealed with, one a line."""
    file: Path = settings.AUDIT_SIGNING_KEY_FILE
    return file.with_suffix(".pub")


def mark_file() -> Path:
    """Beside the key: the last checkpoint that was signed with it."""
    file: Path = settings.AUDIT_SIGNING_KEY_FILE
    return file.with_suffix(".mark")


def anchor_files() -> list[Path]:
    """Where each checkpoint is written down outside the database."""
    return [settings.AUDIT_ANCHOR_FILE, *settings.AUDIT_ANCHOR_COPIES]


def trusted_keys() -> list[PublicKey]:
    file = public_key_file()
    lines = file.read_text().splitlines() if file.exists() else []
    return [PublicKey.parse(line) for line in lines if line.strip()]


def write_once(file: Path, content: bytes) -> bool:
    """Make a secret file whole and private from its first moment; False when it was there."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(part, file)
    except FileExistsError:
        return False
    finally:
        part.unlink()
    return True
