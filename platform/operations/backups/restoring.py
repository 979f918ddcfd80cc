"""Bring a backup back into an empty place, and prove that it is whole."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from audit.checking import verify_database
from audit.keys import trusted_keys, write_once
from blobs import services, vault
from blobs.models import Blob
from operations.backups import database
from operations.backups.making import FORMAT, key_files
from operations.backups.sealed import BackupFailed, Target

Say = Callable[[str], None]


def names(target: Target) -> list[str]:
    """The backups that ended, oldest first."""
    folders, _ = target.storage.listdir("")
    return sorted(n for n in folders if n != "media" and target.has(f"{n}/manifest.json"))


def restore(target: Target, name: str, by: Any, say: Say) -> None:
    """As the owner's role. Nothing that is there is overwritten: it refuses instead."""
    if not database.is_empty():
        raise BackupFailed("The database is not empty. Restore into a new one; nothing was done.")
    taken = [str(file) for file in key_files().values() if file is not None and file.exists()]
    if taken:
        raise BackupFailed(f"{', '.join(taken)} is there already. Move it away; nothing was done.")
    with target.read(f"{name}/manifest.json", by) as file:
        manifest: dict[str, Any] = json.load(file)
    if manifest["format"] != FORMAT:
        raise BackupFailed(f"This backup has the format {manifest['format']}, not {FORMAT}.")
    with target.read(f"{name}/database.dump", by) as dumped:
        database.restore(dumped)
    say("The database is back.")
    with target.read(f"{name}/keys.tar", by) as archive:
        _keys(archive)
    say("Keys and anchor are back.")
    _media(target, by, say)
    _compare(manifest)
    call_command("migrate", interactive=False, verbosity=0)  # rights of roles, newer tables
    say("Counts of rows and media are those of the backup.")
    report = verify_database(trusted_keys(), [])
    if not report.ok:
        raise BackupFailed(f"The audit record does not verify:\n{report.as_text()}")
    say("The audit record verifies.")


def _keys(archive_file: Any) -> None:
    places = key_files()
    with tarfile.open(fileobj=archive_file) as archive:
        for member in archive.getmembers():
            target, content = places.get(member.name), archive.extractfile(member)
            if target is None or content is None:
                continue
            write_once(target, content.read())
            _like(target, member.mode)


def _like(file: Path, mode: int) -> None:
    os.chmod(file, mode & 0o660)  # noqa: PTH101 - a plain mode


def _media(target: Target, by: Any, say: Say) -> None:
    rows = Blob.objects.filter(damage="").order_by("pk").values_list("pk", "size")
    total = rows.count()
    for number, (sha256, size) in enumerate(rows.iterator(), 1):
        if not vault.exists(sha256):
            with target.read(f"media/{sha256[:2]}/{sha256}", by) as file:
                stored = services.store(file)
            if (stored.sha256, stored.size) != (sha256, size):
                raise BackupFailed(f"The media file {sha256[:12]} in the backup is another one.")
        if number % 1000 == 0:
            say(f"{number} of {total} media files ...")
    say(f"{total} media files are back, each with its hash.")


def _compare(manifest: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        found = database.counts(cursor)
    wrong = sorted(table for table, count in manifest["rows"].items() if found.get(table) != count)
    if wrong:
        raise BackupFailed(f"These tables have other counts than in the backup: {', '.join(wrong)}")
