"""Where uploads lie while they arrive. Each file is deleted with its request; a server that is
killed leaves its own behind, and a duty of the workers ends them."""

from __future__ import annotations

import errno
import io
import logging
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler

from accounts.refusals import Refusal
from blobs import scrubbing

log = logging.getLogger(__name__)
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class SpoolUnusable(Refusal):
    """The folder for uploads is missing, full or not ours to write to."""

    def __init__(self, error: OSError) -> None:
        super().__init__("storage_full" if error.errno in FULL else "store_unavailable")


@contextmanager
def usable() -> Iterator[Path]:
    """The folder, made where it is missing; `SpoolUnusable` when it or a file in it fails."""
    folder = Path(settings.UPLOAD_SPOOL_DIR)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield folder
    except OSError as error:
        log.error("the folder for uploads cannot be written: %s", error)
        raise SpoolUnusable(error) from error


class _Writing(io.FileIO):
    def write(self, chunk: Any) -> int:
        with usable():
            return super().write(chunk)


def opened(path: Path) -> BinaryIO:
    """A file of the spool to read and write, made where it is missing."""
    with usable():
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    return io.BufferedRandom(_Writing(handle, "r+"))


def unnamed() -> BinaryIO:
    """A file of the spool that is gone when it is closed, or when the process ends."""
    with usable() as folder, TemporaryFile(dir=folder, buffering=0) as file:
        return io.BufferedRandom(_Writing(os.dup(file.fileno()), "r+"))


def remove(path: Path) -> None:
    """Where that fails, `forget_old` does it later."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.error("the folder for uploads cannot be written: %s", error)


class SpooledFile(TemporaryUploadedFile):
    """Django's own, in a folder of ours that nobody else can read. It is made when it is needed:
    Django's setting for such a folder refuses to start where it is not there yet."""

    def __init__(
        self,
        name: str | None,
        content_type: str | None,
        size: int,
        charset: str | None,
        extra: Any,
    ) -> None:
        with usable() as folder:
            file = NamedTemporaryFile(suffix=".upload", dir=folder)  # noqa: SIM115 - closed with us
        UploadedFile.__init__(self, file, name, content_type, size, charset, extra)


class SpooledUploads(TemporaryFileUploadHandler):
    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)
        self.file = SpooledFile(
            self.file_name, self.content_type, 0, self.charset, self.content_type_extra
        )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        with usable():
            super().receive_data_chunk(raw_data, start)


def forget_old() -> int:
    """Files that nobody has written to for UPLOAD_SPOOL_HOURS, here and at the media store's door.
    Folders and links are not ours and stay."""
    before = time.time() - 3600 * settings.UPLOAD_SPOOL_HOURS
    folder = Path(settings.UPLOAD_SPOOL_DIR)
    gone = 0
    for file in folder.iterdir() if folder.is_dir() else ():
        try:
            found = file.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_mtime < before:
                file.unlink()
                gone += 1
        except FileNotFoundError:
            continue  # its request has ended
    return gone + scrubbing.remove_unfinished(before)
