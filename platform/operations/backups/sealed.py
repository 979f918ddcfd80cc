"""A backup's files, each encrypted in the format of age: `age --decrypt` opens them too.

The site needs only the recipient (a public key) to write backups. Whoever holds the identity can
read them; keep it away from the site.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyrage
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages


class BackupFailed(Exception):
    """The sentence says what is wrong. Nothing that was there was changed."""


def make_identity() -> tuple[str, str]:
    """A new identity and its recipient."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def recipient(text: str) -> Any:
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError as error:
        raise BackupFailed(f"{text!r} is no age recipient: it begins with age1.") from error


def identity(file: Path) -> Any:
    try:
        lines = [line for line in file.read_text().splitlines() if line.startswith("AGE-")]
        return pyrage.x25519.Identity.from_str(lines[0])
    except (OSError, IndexError, pyrage.IdentityError) as error:
        raise BackupFailed(f"{file} holds no age identity.") from error


class Target:
    """Where a backup lies: any storage of Django's."""

    def __init__(self, folder: str | None) -> None:
        if folder:
            self.storage: Storage = FileSystemStorage(location=folder)
        else:
            try:
                self.storage = storages["backup"]
            except Exception as error:
                raise BackupFailed(
                    "Name a folder, or set BACKUP_STORAGE and BACKUP_STORAGE_OPTIONS."
                ) from error

    def has(self, name: str) -> bool:
        return self.storage.exists(f"{name}.age")

    def write(self, name: str, source: BinaryIO, to: Any) -> None:
        """Whole or not at all: an interrupted run leaves no half file under the name."""
        with tempfile.TemporaryFile() as sealed:
            pyrage.encrypt_io(source, sealed, [to])
            sealed.seek(0)
            if self.has(name):
                self.storage.delete(f"{name}.age")
            self.storage.save(f"{name}.age", File(cast(BinaryIO, sealed)))

    @contextmanager
    def read(self, name: str, by: Any) -> Iterator[BinaryIO]:
        """The content, decrypted to an unnamed file."""
        try:
            source = self.storage.open(f"{name}.age", "rb")
        except FileNotFoundError as error:
            raise BackupFailed(f"The backup lacks {name}.age.") from error
        with source, tempfile.TemporaryFile() as clear:
            try:
                pyrage.decrypt_io(source, clear, [by])
            except (pyrage.DecryptError, OSError) as error:
                raise BackupFailed(
                    f"{name}.age cannot be decrypted: another identity, or it is damaged."
                ) from error
            clear.seek(0)
            yield cast(BinaryIO, clear)
