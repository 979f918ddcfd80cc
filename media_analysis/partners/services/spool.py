"""Where uploads lie while they arrive. Each file is deleted with its request; a server that is
killed leaves its own behind, and a duty of the workers ends them."""

from __future__ import annotations

import logging
import stat
import time
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler

from blobs import scrubbing

log = logging.getLogger(__name__)


class SpoolUnusable(OSError):
    """The folder for uploads is missing, full or not ours to write to."""


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
        folder = Path(settings.UPLOAD_SPOOL_DIR)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = NamedTemporaryFile(suffix=".upload", dir=folder)  # noqa: SIM115 - closed with us
        except OSError as error:
            log.error("the folder for uploads cannot be written: %s", error)
            raise SpoolUnusable(*error.args) from error
        UploadedFile.__init__(self, file, name, content_type, size, charset, extra)


class SpooledUploads(TemporaryFileUploadHandler):
    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)
        self.file = SpooledFile(
            self.file_name, self.content_type, 0, self.charset, self.content_type_extra
        )


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
            continue  # its request ended meanwhile
    return gone + scrubbing.remove_unfinished(before)
