"""Restores a backup into an empty site and verifies that it is complete.

Everything that could be wrong is checked before anything is written. Then media, keys and the
database are restored in this order, the database in one transaction. A run that fails removes what
it wrote, and after an interruption the same command continues.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from audit import fingerprints, sealer
from audit.anchoring import anchors_of_site
from audit.anchors import size_of
from audit.checking import verify_database
from audit.keys import trusted_keys, write_once
from audit.services import record, site_chain
from audit.verbs import Verb
from audit.who import SHELL
from blobs import services, vault
from blobs.models import Blob, Damage
from operations.backups import database
from operations.backups.making import FORMAT, key_files, listed, media_name
from operations.backups.sealed import BackupFailed, Target

Say = Callable[[str], None]


@dataclass
class Written:
    """What this run has put into the empty place, so that it can take it away again."""

    media: list[str] = field(default_factory=list)
    keys: list[Path] = field(default_factory=list)

    def take_back(self) -> None:
        for sha256 in self.media:
            vault.storage().delete(vault.name_of(sha256))
        for file in self.keys:
            file.unlink(missing_ok=True)


def restore(target: Target, name: str, by: Any, say: Say) -> None:
    """As the owner's role. Nothing that is there is overwritten: it refuses instead."""
    if not database.is_empty():
        raise BackupFailed("The database is not empty. Restore into a new one. Nothing was done.")
    written = Written()
    with ExitStack() as opened:
        try:
            manifest = _manifest(target, name, by)
            dumped = opened.enter_context(_checked(target, name, "database.dump", by, manifest))
            archive = opened.enter_context(_checked(target, name, "keys.tar", by, manifest))
            keys = dict(_unpacked(archive))
            media = _media_of(target, name, manifest)
            _refuse_newer_anchors(manifest.get("sealed"))
            _refuse_foreign_media({sha256 for sha256, _ in media})
            say(f"The backup {name} is complete: {len(media)} media files. Restoring ...")
            _media(target, by, media, written, say)
            for file, content in keys.items():
                if write_once(file, content):
                    written.keys.append(file)
            say("Keys and anchor are restored.")
            database.restore(dumped)
        except BaseException as problem:
            written.take_back()
            if isinstance(problem, BackupFailed):
                raise BackupFailed(f"{problem} Nothing was restored.") from problem
            raise
    say("The database is restored.")
    _prove(name, manifest, say)


def check(target: Target, name: str, by: Any, say: Say) -> None:
    """Decrypt all of a backup and compare each digest, without writing anything."""
    manifest = _manifest(target, name, by, here=False)
    for part in ("database.dump", "keys.tar"):
        with _checked(target, name, part, by, manifest):
            pass
    media = _media_of(target, name, manifest)
    for number, (sha256, _) in enumerate(media, 1):
        with target.read(media_name(sha256), by) as file:
            if _sha256(file) != sha256:
                raise BackupFailed(f"The media file {sha256[:12]} in the backup is another one.")
        _progress(number, len(media), say)


def media_only(target: Target, name: str, by: Any, say: Say) -> None:
    """Into a living site: the media of this backup that are missing or damaged in its store."""
    media = _media_of(target, name, _manifest(target, name, by, here=False))
    # Erased or removed since: they stay away.
    kept = Blob.objects.exclude(damage=Damage.REMOVED)
    known = set(kept.values_list("pk", flat=True))
    written = Written()
    _media(target, by, [one for one in media if one[0] in known], written, say)
    say(f"{len(written.media)} media files were missing or damaged and are restored.")


def _manifest(target: Target, name: str, by: Any, *, here: bool = True) -> dict[str, Any]:
    with target.read(f"{name}/manifest.json", by) as file:
        manifest: dict[str, Any] = json.load(file)
    if manifest["format"] != FORMAT:
        raise BackupFailed(f"This backup has the format {manifest['format']}, not {FORMAT}.")
    secret = fingerprints.of("secret", settings.SECRET_KEY.encode())
    if here and manifest["secret_key"] != secret:
        raise BackupFailed(
            "SECRET_KEY is not the one of the backed-up site. Set the old one, and change it later "
            "with `manage.py keys rotate secret`."
        )
    return manifest


@contextmanager
def _checked(
    target: Target, name: str, part: str, by: Any, manifest: dict[str, Any]
) -> Iterator[BinaryIO]:
    """A part of the backup, decrypted, with the digest that the manifest says."""
    with target.read(f"{name}/{part}", by) as file:
        if _sha256(file) != manifest["sha256"][part]:
            raise BackupFailed(f"{name}/{part}.age belongs to another backup.")
        yield file


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    return digest


def _unpacked(archive_file: BinaryIO) -> Iterator[tuple[Path, bytes]]:
    """Where each key goes, and its content; what is there already must be the same."""
    places = key_files()
    with tarfile.open(fileobj=archive_file) as archive:
        for member in archive.getmembers():
            place, source = places.get(member.name), archive.extractfile(member)
            if place is None or source is None:
                continue
            content = source.read()
            if place.exists() and place.read_bytes() != content:
                raise BackupFailed(f"{place} exists already, with other content. Move it away.")
            yield place, content


def _media_of(target: Target, name: str, manifest: dict[str, Any]) -> list[tuple[str, int]]:
    """The list of media, whole, and every file of it there."""
    content = target.read_clear(f"{name}/media.list")
    if hashlib.sha256(content).hexdigest() != manifest["sha256"]["media.list"]:
        raise BackupFailed(f"{name}/media.list was changed or cut.")
    media = listed(target, name)
    missing = [sha256 for sha256, _ in media if not target.has(media_name(sha256))]
    if missing:
        raise BackupFailed(
            f"The backup lacks {len(missing)} of {len(media)} media files, the first is "
            f"{media_name(missing[0])}.age."
        )
    return media


def _refuse_newer_anchors(sealed: int | None) -> None:
    """A bucket or a copy that outlived the old site knows more than the backup, and nothing would
    be sealed beside it. Backups of earlier versions do not say how many events they hold."""
    if sealed is None:
        return
    for anchor in anchors_of_site():
        try:
            noted = anchor.last()
            known = 0 if noted is None else size_of(noted)
        except OSError as error:
            raise BackupFailed(f"The anchor {anchor} cannot be read: {error}.") from error
        except (ValueError, IndexError) as error:
            raise BackupFailed(f"The newest entry of the anchor {anchor} is none.") from error
        if known > sealed:
            raise BackupFailed(
                f"The anchor {anchor} knows {known} sealed events and the backup {sealed}: the "
                "others are lost. Keep that anchor as evidence. Give AUDIT_ANCHOR_COPIES or "
                "AUDIT_ANCHOR_STORAGE_OPTIONS a new place, and restore again."
            )


def _refuse_foreign_media(ours: set[str]) -> None:
    """The store may hold what a killed run of this restore has written, and nothing else."""
    place = vault.storage()
    for folder in _folders_of_store():
        for name in place.listdir(folder)[1]:
            if name not in ours:
                raise BackupFailed(
                    "The media store is not empty: it holds files that are not of this backup. "
                    "Give BLOB_STORAGE_OPTIONS an empty place."
                )


def _folders_of_store() -> Iterator[str]:
    place, first = vault.storage(), "sha256"
    try:
        top = place.listdir(first)[0]
    except FileNotFoundError:
        return
    for one in top:
        for two in place.listdir(f"{first}/{one}")[0]:
            yield f"{first}/{one}/{two}"


def _media(
    target: Target, by: Any, media: list[tuple[str, int]], written: Written, say: Say
) -> None:
    for number, (sha256, size) in enumerate(media, 1):
        if not (vault.exists(sha256) and vault.fault(sha256, size) is None):
            with target.read(media_name(sha256), by) as file:
                if _sha256(file) != sha256:
                    raise BackupFailed(
                        f"The media file {sha256[:12]} in the backup is another one."
                    )
                services.store(file)
            written.media.append(sha256)
        _progress(number, len(media), say)
    say(f"All {len(media)} media files are there, each with its hash.")


def _progress(number: int, total: int, say: Say) -> None:
    if number % 1000 == 0:
        say(f"{number} of {total} media files ...")


def _prove(name: str, manifest: dict[str, Any], say: Say) -> None:
    """Everything is restored at this point. Differences are reported for a person to examine."""
    with connection.cursor() as cursor:
        found = database.counts(cursor)
    wrong = sorted(table for table, count in manifest["rows"].items() if found.get(table) != count)
    if wrong:
        raise BackupFailed(
            "All is restored, but these tables have other counts than in the backup: "
            f"{', '.join(wrong)}."
        )
    say(f"All {len(manifest['rows'])} tables have as many rows as in the backup.")
    call_command("migrate", interactive=False, verbosity=0)  # privileges, newer tables
    damaged = Blob.objects.exclude(damage__in=("", Damage.REMOVED)).count()
    if damaged:
        say(f"{damaged} media files were damaged before the backup and are not in it.")
    with transaction.atomic():
        record(
            chain=site_chain("backups"), verb=Verb.BACKUP_RESTORED, who=SHELL,
            object_type="backup", object_id=name,
        )  # fmt: skip
    try:
        sealer.seal(everything=True)
    except sealer.SealRefused as refused:
        raise BackupFailed(f"All is restored, but nothing can be sealed: {refused}") from refused
    report = verify_database(trusted_keys(), [])
    if not report.ok:
        raise BackupFailed(
            f"All is restored, but the audit record does not verify.\n{report.as_text()}"
        )
    say("The audit record verifies.")
