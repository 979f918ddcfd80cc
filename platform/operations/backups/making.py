"""Makes a backup. After an interruption, a second run continues and does not write existing media
again."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.db import transaction

from audit import fingerprints
from audit.keys import mark_file, public_key_file
from audit.services import record, site_chain
from audit.verbs import Verb
from audit.who import SHELL
from blobs import vault
from blobs.errors import BlobError
from blobs.models import Blob, Damage
from operations.backups import database
from operations.backups.sealed import PART, BackupFailed, Target, recipient

FORMAT = 1
MEDIA = "media"
NAME = re.compile(r"\d{8}T\d{6}Z")
Say = Callable[[str], None]


def key_files() -> dict[str, Path | None]:
    """What a site needs in addition to its database and media, by the name in the backup."""
    return {
        "audit_signing.key": settings.AUDIT_SIGNING_KEY_FILE,
        "audit_signing.pub": public_key_file(),
        "audit_signing.mark": mark_file(),
        "audit_subjects.key": settings.AUDIT_SUBJECT_KEY_FILE,
        "report_signing.key": settings.REPORT_SIGNING_KEY_FILE,
        "audit.anchor": settings.AUDIT_ANCHOR_FILE,
    }


def media_name(sha256: str) -> str:
    return f"{MEDIA}/{sha256[:2]}/{sha256}"


def names(target: Target) -> list[str]:
    """The backups that ended, oldest first."""
    return [
        name
        for name in target.folders()
        if NAME.fullmatch(name) and target.has(f"{name}/manifest.json")
    ]


def make(target: Target, to: str, say: Say) -> str:
    """Returns the name of the backup. Keys and anchor first, then the database, then media: what is
    newer never contradicts what is older."""
    key = recipient(to)
    name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    sha256 = {}
    with tempfile.TemporaryFile() as archive:
        _keys(cast(BinaryIO, archive))
        sha256["keys.tar"] = _write(target, f"{name}/keys.tar", cast(BinaryIO, archive), key)
    say("Keys and anchor are written.")
    with tempfile.TemporaryFile() as dumped:
        with database.snapshot() as (snapshot, cursor):
            database.dump(cast(BinaryIO, dumped), snapshot)
            rows = database.counts(cursor)
            cursor.execute("SELECT sha256, size FROM blobs_blob WHERE damage = '' ORDER BY sha256")
            blobs: list[tuple[str, int]] = cursor.fetchall()
            cursor.execute("SELECT coalesce(max(size), 0) FROM audit_checkpoint")
            sealed: int = cursor.fetchone()[0]
        size = dumped.seek(0, io.SEEK_END)
        sha256["database.dump"] = _write(
            target, f"{name}/database.dump", cast(BinaryIO, dumped), key
        )
    say(f"The database is written: {sum(rows.values())} rows, {size / 1e6:.1f} MB.")
    written, gone = _media(target, key, blobs, say)
    kept = [(digest, size) for digest, size in blobs if digest not in gone]
    listed = io.BytesIO("".join(f"{digest} {size}\n" for digest, size in kept).encode())
    sha256["media.list"] = _digest(listed)
    target.write_clear(f"{name}/media.list", listed)
    manifest = {
        "format": FORMAT, "name": name, "rows": rows, "media": len(kept), "sha256": sha256,
        "sealed": sealed,
        "secret_key": fingerprints.of("secret", settings.SECRET_KEY.encode()),
    }  # fmt: skip
    # Last: a backup without its manifest did not end, and is not restored.
    content = json.dumps(manifest, sort_keys=True).encode()
    target.write(f"{name}/manifest.json", io.BytesIO(content), key)
    _record(name, len(kept), sum(rows.values()), hashlib.sha256(content).hexdigest())
    say(f"{written} media files are written, {len(kept) - written} were there.")
    return name


@transaction.atomic
def _record(name: str, media: int, rows: int, manifest: str) -> None:
    record(
        chain=site_chain("backups"), verb=Verb.BACKUP_MADE, who=SHELL,
        object_type="backup", object_id=name, object_sha256=manifest,
        data={"media": media, "rows": rows},
    )  # fmt: skip


def _write(target: Target, name: str, content: BinaryIO, key: Any) -> str:
    """The digest of the clear content: a file of another backup under this name is noticed."""
    content.seek(0)
    digest = _digest(content)
    target.write(name, content, key)
    return digest


def _digest(content: BinaryIO) -> str:
    digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    content.seek(0)
    return digest


def _keys(out: BinaryIO) -> None:
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, file in key_files().items():
            if file is not None and file.exists():
                # A sealer may write to the file in the meantime: take the length that it has now.
                with file.open("rb") as source, tempfile.TemporaryFile() as copy:
                    shutil.copyfileobj(source, copy)
                    member = tarfile.TarInfo(name)
                    member.size = copy.tell()
                    copy.seek(0)
                    archive.addfile(member, copy)


def _media(
    target: Target, key: Any, blobs: list[tuple[str, int]], say: Say
) -> tuple[int, set[str]]:
    """Media is stored next to the backups and shared by all of them, because it never changes."""
    written, gone = 0, set()
    for number, (sha256, size) in enumerate(blobs, 1):
        if not target.has(media_name(sha256)):
            try:
                with vault.opened(sha256, size) as file:
                    target.write(media_name(sha256), file, key)
                written += 1
            except BlobError as error:
                kept = Blob.objects.exclude(damage=Damage.REMOVED)
                if kept.filter(pk=sha256).exists():
                    raise BackupFailed(
                        f"{error.sentence} The backup did not end. Run `manage.py scrub`, repair "
                        "the file (docs/storage.md), then run the backup again."
                    ) from error
                gone.add(sha256)  # erased or removed since the snapshot
        if number % 1000 == 0:
            say(f"{number} of {len(blobs)} media files ...")
    return written, gone


def prune(target: Target, keep: int, say: Say) -> None:
    """Delete all but the newest `keep` backups, the rests of runs that did not end, and the media
    that none of the kept backups needs."""
    ended = names(target)
    kept = ended[-keep:]
    if not kept:
        return
    needed = {sha256 for name in kept for sha256, _ in listed(target, name)}
    old = [n for n in target.folders() if NAME.fullmatch(n) and n not in kept and n < kept[-1]]
    for name in old:
        # The manifest first: what is left of a cut-off deletion is no backup.
        for file in sorted(target.files(name), key=lambda file: not file.startswith("manifest")):
            target.delete(f"{name}/{file}")
        target.delete(name)
    media = list(_unneeded(target, needed))
    for file in media:
        target.delete(file)
    say(f"{len(old)} older backups and {len(media)} media files of theirs are deleted.")


def listed(target: Target, name: str) -> list[tuple[str, int]]:
    """The media files of a backup, with their sizes."""
    lines = target.read_clear(f"{name}/media.list").decode().splitlines()
    return [(sha256, int(size)) for sha256, _, size in (line.partition(" ") for line in lines)]


def _unneeded(target: Target, needed: set[str]) -> Iterable[str]:
    for folder in target.folders(MEDIA):
        for file in target.files(f"{MEDIA}/{folder}"):
            if file.endswith(PART) or file.removesuffix(".age") not in needed:
                yield f"{MEDIA}/{folder}/{file}"
