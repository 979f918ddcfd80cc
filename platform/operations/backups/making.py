"""Make a backup. Run again, it goes on: media that is there already is not written again."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings

from audit.keys import mark_file, public_key_file
from blobs import vault
from blobs.errors import BlobError
from blobs.models import Blob
from operations.backups import database
from operations.backups.sealed import BackupFailed, Target, recipient

FORMAT = 1
Say = Callable[[str], None]


def key_files() -> dict[str, Path | None]:
    """What a site needs beside its database and its media, by the name in the backup."""
    return {
        "audit_signing.key": settings.AUDIT_SIGNING_KEY_FILE,
        "audit_signing.pub": public_key_file(),
        "audit_signing.mark": mark_file(),
        "audit_subjects.key": settings.AUDIT_SUBJECT_KEY_FILE,
        "report_signing.key": settings.REPORT_SIGNING_KEY_FILE,
        "audit.anchor": settings.AUDIT_ANCHOR_FILE,
    }


def make(target: Target, to: str, say: Say) -> str:
    """Returns the name of the backup. Keys and anchor first, then the database, then media: what is
    newer never contradicts what is older."""
    key = recipient(to)
    name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    target.write(f"{name}/keys.tar", _keys(), key)
    say("Keys and anchor are written.")
    with tempfile.TemporaryFile() as dumped:
        with database.snapshot() as (snapshot, cursor):
            database.dump(cast(BinaryIO, dumped), snapshot)
            rows = database.counts(cursor)
            cursor.execute("SELECT sha256, size FROM blobs_blob WHERE damage = '' ORDER BY sha256")
            blobs: list[tuple[str, int]] = cursor.fetchall()
        size = dumped.tell() or dumped.seek(0, io.SEEK_END)
        dumped.seek(0)
        target.write(f"{name}/database.dump", cast(BinaryIO, dumped), key)
    say(f"The database is written: {sum(rows.values())} rows, {size / 1e6:.1f} MB.")
    written, gone = _media(target, key, blobs, say)
    manifest = {
        "format": FORMAT, "name": name, "rows": rows, "blobs": len(blobs) - len(gone),
        "secret_key_is_not_here": True, "deleted_meanwhile": gone,
    }  # fmt: skip
    # Last: a backup without its manifest did not end, and is not restored.
    target.write(f"{name}/manifest.json", io.BytesIO(json.dumps(manifest).encode()), key)
    say(f"{written} media files are written, {len(blobs) - written - len(gone)} were there.")
    return name


def _keys() -> BinaryIO:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, file in key_files().items():
            if file is not None and file.exists():
                archive.add(file, arcname=name)
    out.seek(0)
    return out


def _media(
    target: Target, key: Any, blobs: list[tuple[str, int]], say: Say
) -> tuple[int, list[str]]:
    """Media lies beside the backups and is shared by all of them: it never changes."""
    written, gone = 0, []
    for number, (sha256, size) in enumerate(blobs, 1):
        name = f"media/{sha256[:2]}/{sha256}"
        if not target.has(name):
            try:
                with vault.opened(sha256, size) as file:
                    target.write(name, file, key)
                written += 1
            except BlobError as error:
                if Blob.objects.filter(pk=sha256).exists():
                    raise BackupFailed(f"{sha256[:12]}: {error.sentence}") from error
                gone.append(sha256)
        if number % 1000 == 0:
            say(f"{number} of {len(blobs)} media files ...")
    return written, gone
