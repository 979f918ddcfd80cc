"""The verbs of a resumable upload: begin, append, delete.

Bytes on disk count only as far as the row says. So a server that dies in the middle of a piece
leaves nothing that could be taken for a part of the file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, BinaryIO

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require
from jobs.models import Priority
from media_analysis.submissions.services import intake, quotas, spool
from media_analysis.uploads.digests import Expected
from media_analysis.uploads.models import Upload

ALGORITHMS = ("sha1", "sha256")
DIGEST = "repr_digest"
"""Among the words of an upload: what its sender says of the whole file."""
MOST_AT_ONCE = 100
"""Unfinished uploads of one sender."""
CHUNK = 1 << 20
FOR_NOW = intake.OUTAGES | {"gone"}
"""The file is not to blame: the last piece may be sent again."""


def begin(
    actor: Actor, team: Team, length: int, words: Mapping[str, str], *, digest: str = ""
) -> Upload:
    """`digest` is the `Repr-Digest` of the whole file, which is checked when all of it is there."""
    require(actor, Permission.SUBMIT_MEDIA, team.pk)
    check_length(length)
    if digest:
        Expected.by(digest)
    open_ones = Upload.objects.for_actor(actor).filter(submission__isnull=True)
    if open_ones.count() >= MOST_AT_ONCE:
        raise Refusal("too_many_uploads", most=MOST_AT_ONCE)
    quotas.require_room(actor, team)
    upload = Upload.objects.create(
        team=team, user=actor.user, service=actor.service, length=length,
        words={**words, DIGEST: digest} if digest else dict(words), expires_at=end(),
    )  # fmt: skip
    return Upload.objects.get(pk=upload.pk)


def append(
    actor: Actor, upload: Upload, offset: int, piece: BinaryIO, checksum: tuple[str, bytes] | None
) -> Upload:
    """All of the piece or nothing of it. With the last one the file is submitted."""
    refused: Refusal | None = None
    path = upload.path
    with transaction.atomic():
        mine = _locked(actor, upload)
        if offset != arrived(mine):
            raise Refusal("upload_offset_differs")
        if mine.submission_id is None:
            _write(mine, offset, piece, checksum)
            if mine.offset == mine.length:
                refused = _submit(actor, mine)
    if refused is not None or mine.submission_id is not None:
        spool.remove(path)
    if refused is not None:
        raise refused
    return mine


def give_up(actor: Actor, upload: Upload) -> None:
    """Its bytes go at once. A submission that it became stays."""
    with transaction.atomic():
        mine = _locked(actor, upload)
        path = mine.path
        mine.delete()
    spool.remove(path)


def arrived(upload: Upload) -> int:
    """What is surely there: a machine that lost power may have less on disk than in the row."""
    if upload.submission_id is not None:
        return upload.length
    with spool.usable():
        size = upload.path.stat().st_size if upload.path.exists() else 0
    return min(upload.offset, size)


def _locked(actor: Actor, upload: Upload) -> Upload:
    try:
        mine = Upload.objects.for_actor(actor).select_for_update(nowait=True, of=("self",))
        found = mine.filter(pk=upload.pk).first()
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "55P03":
            raise
        raise Refusal("upload_locked") from error
    if found is None:
        raise Refusal("upload_gone")
    return found


def _write(mine: Upload, offset: int, piece: BinaryIO, checksum: tuple[str, bytes] | None) -> None:
    hasher = hashlib.new(checksum[0], usedforsecurity=False) if checksum else None
    with spool.opened(mine.path) as file:
        file.truncate(offset)
        file.seek(offset)
        at = offset
        while chunk := piece.read(CHUNK):
            at += len(chunk)
            if at > mine.length:
                raise Refusal("upload_too_long")
            if hasher:
                hasher.update(chunk)
            file.write(chunk)
        if hasher and checksum and hasher.digest() != checksum[1]:
            raise Refusal("checksum_differs")
        file.flush()
        with spool.usable():
            os.fsync(file.fileno())
    mine.offset, mine.expires_at = at, end()
    mine.save(update_fields=["offset", "expires_at"])


def _submit(actor: Actor, mine: Upload) -> Refusal | None:
    """In the transaction of the last piece: a row that says it is whole has its submission."""
    digest = mine.words.get(DIGEST, "")
    texts = {name: text for name, text in mine.words.items() if name != DIGEST}
    name, words = as_submission(actor, texts)
    try:
        with spool.opened(mine.path) as file, transaction.atomic():
            if digest:
                Expected.by(digest).check_file(file)
            received = intake.submit(actor, mine.team, file, name, **words)
    except Refusal as refusal:
        if refusal.code in FOR_NOW:
            raise
        mine.delete()
        return refusal
    mine.submission = received.submission
    mine.save(update_fields=["submission"])
    return None


def as_submission(actor: Actor, texts: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """The file name and the other arguments of intake."""
    words: dict[str, Any] = dict(texts)
    name = words.pop("filename", "")
    batch = words.pop("batch", "") == "true"
    priority = Priority.PARTNER if actor.service else Priority.INTERACTIVE
    return name, {**words, "priority": Priority.BATCH if batch else priority}


def check_length(length: int) -> None:
    """As announced, before a byte has arrived."""
    if length > settings.MAX_UPLOAD_BYTES:
        raise intake.too_large()
    if length == 0:
        raise Refusal("empty")


def end() -> Now:
    """When an abandoned upload expires."""
    return Now() + timedelta(hours=settings.UPLOAD_SPOOL_HOURS)  # type: ignore[return-value]


def forget_old() -> int:
    """A daily duty of the workers. The bytes go with the spool's own."""
    return Upload.objects.filter(expires_at__lt=Now()).delete()[0]
