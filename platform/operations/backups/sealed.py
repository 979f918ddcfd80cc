"""Encrypts each file of a backup in the age format, so that `age --decrypt` opens it too.

The site needs only the recipient (a public key) to write backups. Anyone with the identity can read
them; store it away from the site.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyrage
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

CHUNK = 1 << 20
PART = ".part"
"""The end of a file's name while it is being written."""


class BackupFailed(Exception):
    """The sentence says what is wrong, and what was kept."""


def make_identity() -> tuple[str, str]:
    """A new identity and its recipient."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def recipient(text: str) -> Any:
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError as error:
        raise BackupFailed(f"{text!r} is no age recipient. One begins with age1.") from error


def identity(file: Path) -> Any:
    try:
        lines = [line for line in file.read_text().splitlines() if line.startswith("AGE-")]
        return pyrage.x25519.Identity.from_str(lines[0].strip())
    except (OSError, UnicodeDecodeError, IndexError, pyrage.IdentityError) as error:
        raise BackupFailed(f"{file} holds no age identity. Nothing was done.") from error


class Target:
    """Where backups lie: a folder, or any storage of Django's."""

    def __init__(self, folder: str | None) -> None:
        if folder:
            self.storage: Storage = FileSystemStorage(location=folder)
            return
        try:
            self.storage = storages["backup"]
        except Exception as error:  # whatever a backend's constructor raises
            raise BackupFailed(
                "Name a folder, or set BACKUP_STORAGE and BACKUP_STORAGE_OPTIONS."
            ) from error

    def has(self, name: str) -> bool:
        with _reached():
            return self.storage.exists(f"{name}.age")

    def write(self, name: str, source: BinaryIO, to: Any) -> None:
        with tempfile.TemporaryFile() as sealed:
            pyrage.encrypt_io(source, sealed, [to])
            sealed.seek(0)
            self._put(f"{name}.age", cast(BinaryIO, sealed))

    def write_clear(self, name: str, source: BinaryIO) -> None:
        """Only for what the names of the files reveal anyway."""
        self._put(name, source)

    def _put(self, name: str, source: BinaryIO) -> None:
        """Whole or not at all: a killed run leaves no half file under the name. A bucket shows an
        object only once it is complete; in a folder the file gets its name last."""
        with _reached():
            if isinstance(self.storage, FileSystemStorage):
                _put_on_disk(Path(self.storage.path(name)), source)
                return
            if self.storage.exists(name):
                self.storage.delete(name)
            kept = self.storage.save(name, File(source))
            if kept != name:
                self.storage.delete(kept)
                raise BackupFailed(f"Another run wrote {name} at the same time. Run it again.")

    @contextmanager
    def read(self, name: str, by: Any) -> Iterator[BinaryIO]:
        """The content, decrypted to an unnamed file, whole."""
        with tempfile.TemporaryFile() as clear:
            with self._open(f"{name}.age") as source:
                try:
                    pyrage.decrypt_io(source, clear, [by])
                except (pyrage.DecryptError, OSError) as error:
                    raise BackupFailed(
                        f"{name}.age cannot be decrypted: it was encrypted for another identity, "
                        "or it is cut or damaged."
                    ) from error
            clear.seek(0)
            yield cast(BinaryIO, clear)

    def read_clear(self, name: str) -> bytes:
        with self._open(name) as source:
            return source.read()

    @contextmanager
    def _open(self, name: str) -> Iterator[BinaryIO]:
        with _reached():
            if not self.storage.exists(name):
                raise BackupFailed(f"The backup lacks the file {name}.")
            source = self.storage.open(name, "rb")
        with source:
            yield cast(BinaryIO, source)

    def folders(self, name: str = "") -> list[str]:
        return sorted(self._listed(name)[0])

    def files(self, name: str) -> list[str]:
        return sorted(self._listed(name)[1])

    def _listed(self, name: str) -> tuple[Iterable[str], Iterable[str]]:
        with _reached():
            try:
                return self.storage.listdir(name)
            except FileNotFoundError:
                return [], []

    def delete(self, name: str) -> None:
        with _reached():
            self.storage.delete(name)


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (BackupFailed, FileNotFoundError):
        raise
    except Exception as problem:  # whatever a provider's SDK raises
        lines = str(problem).splitlines()[:1] or [type(problem).__name__]
        raise BackupFailed(f"The place of the backups does not work: {lines[0]}") from problem


def _put_on_disk(file: Path, source: BinaryIO) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}{PART}")
    try:
        with part.open("wb") as out:
            while chunk := source.read(CHUNK):
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    handle = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
