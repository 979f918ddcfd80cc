"""The verbs of an upload that goes straight into the bucket: announce it, get addresses for its
parts, say that it is complete, give it up.

The row decides. What the bucket holds without a row that needs it, a duty of the workers ends.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils import timezone

import blobs.errors
from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require
from blobs import quarantine
from jobs.models import UNDER_WAY, Priority, State
from jobs.timing import ClockTimestamp, InSeconds
from media_analysis.submissions.services import quotas
from media_analysis.uploads.direct_models import DirectUpload
from media_analysis.uploads.services.uploading import MOST_AT_ONCE, check_length, end

log = logging.getLogger("touchstone.uploads")
MOST_OF_THE_LARGEST = 20
"""So many files of the largest size may the unfinished uploads of one sender announce together."""
LEFT_FOR = timedelta(hours=1)
"""Objects in quarantine younger than this are never treated as leftovers, because an announcement
may be in progress."""


@dataclass(frozen=True)
class Part:
    number: int
    offset: int
    size: int
    etag: str
    """Empty until it has arrived."""
    url: str


def are_offered() -> bool:
    return settings.DIRECT_UPLOADS and quarantine.is_possible()


def announce(
    actor: Actor, team: Team, length: int, words: Mapping[str, str], *, sha256: str = "",
    key: str = "",
) -> tuple[DirectUpload, bool]:  # fmt: skip
    """True when the same was announced before under this key."""
    require(actor, Permission.SUBMIT_MEDIA, team.pk)
    if not are_offered():
        raise Refusal("direct_uploads_off")
    check_length(length)
    text = json.dumps([str(team.pk), length, sha256, dict(words)], sort_keys=True)
    upload = DirectUpload(
        team=team, user=actor.user, service=actor.service, api_key=actor.key, length=length,
        words=dict(words), sha256=sha256, caller=actor.who.ref, key=key, flow=actor.flow,
        fingerprint=hashlib.sha256(text.encode()).hexdigest(), weight=actor.weight_in(team),
        priority=Priority.PARTNER if actor.service else Priority.INTERACTIVE,
        part_size=quarantine.part_size(length), available_at=end(), expires_at=end(),
    )  # fmt: skip
    if key and (earlier := _earlier(upload)):
        return earlier, True
    quotas.require_room(actor, team)
    _room_for(actor, length)
    with _store():
        upload.store_upload = quarantine.begin(upload.name)
    try:
        if _written(actor, upload):
            return DirectUpload.objects.get(pk=upload.pk), False
    except BaseException:
        forget(upload.name, upload.store_upload)
        raise
    forget(upload.name, upload.store_upload)
    found = _earlier(upload)
    if found is None:  # ended within the moment
        raise Refusal("idempotency_busy")
    return found, True


def _earlier(upload: DirectUpload) -> DirectUpload | None:
    found = DirectUpload.objects.filter(caller=upload.caller, key=upload.key).first()
    if found is not None and found.fingerprint != upload.fingerprint:
        raise Refusal("idempotency_differs")
    return found


@transaction.atomic
def _written(actor: Actor, upload: DirectUpload) -> bool:
    """False when another request with the same key was faster. Announcements of one sender wait
    for each other, so that together they keep to its limits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [upload.caller])
    if upload.key and _earlier(upload):
        return False
    _room_for(actor, upload.length)
    upload.save(force_insert=True)
    return True


def _room_for(actor: Actor, length: int) -> None:
    unfinished = DirectUpload.objects.for_actor(actor).filter(state__in=UNDER_WAY)
    if unfinished.count() >= MOST_AT_ONCE:
        raise Refusal("too_many_uploads", most=MOST_AT_ONCE)
    most = MOST_OF_THE_LARGEST * settings.MAX_UPLOAD_BYTES
    announced: int = unfinished.aggregate(all=Sum("length"))["all"] or 0
    if announced + length > most:
        raise Refusal("too_many_bytes", limit=most // 1_000_000)


def addresses(actor: Actor, upload: DirectUpload) -> list[Part]:
    """Addresses of all parts, valid for an hour, with what has arrived. Extends the expiry of the
    upload. Empty once the upload is complete."""
    mine = DirectUpload.objects.for_actor(actor).open().filter(pk=upload.pk)
    if not mine.update(expires_at=end(), available_at=end()):
        if upload.completed_at is None:
            raise Refusal("upload_gone")
        return []
    sizes = dict(enumerate(upload.sizes, 1))
    with _store():
        there = {one.number: one for one in quarantine.arrived(upload.name, upload.store_upload)}
        urls = quarantine.addresses(upload.name, upload.store_upload, sizes)
    return [
        Part(number, (number - 1) * upload.part_size, size,
             there[number].etag if _is_whole(there.get(number), size) else "", urls[number])
        for number, size in sizes.items()
    ]  # fmt: skip


def complete(
    actor: Actor, upload: DirectUpload, named: Sequence[Mapping[str, str]] = ()
) -> DirectUpload:
    """The upload will be received; said again, the same. `named`: the parts that the sender sent,
    each with its `number` and `etag`, to be compared with what arrived."""
    mine = DirectUpload.objects.for_actor(actor).filter(pk=upload.pk)
    if upload.completed_at is None:
        try:
            etags = _etags(upload, {int(one["number"]): one["etag"] for one in named})
        except Refusal:
            if not mine.filter(completed_at__isnull=False).exists():
                raise
        else:
            mine.open().update(etags=etags, completed_at=Now(), available_at=ClockTimestamp())
    fresh = mine.filter(completed_at__isnull=False).first()
    if fresh is None:
        raise Refusal("upload_gone")
    return fresh


def _etags(upload: DirectUpload, named: Mapping[int, str]) -> list[str]:
    """The ETags of the parts that arrived, if all did with the right size."""
    with _store():
        there = {one.number: one for one in quarantine.arrived(upload.name, upload.store_upload)}
    etags = []
    for number, size in enumerate(upload.sizes, 1):
        found = there.get(number)
        etag = named.get(number, "" if named else None)
        if found is None or not _is_whole(found, size) or etag not in (None, found.etag):
            raise Refusal("parts_differ", place=number)
        etags.append(found.etag)
    if more := sorted(there.keys() - range(1, len(etags) + 1)):
        raise Refusal("parts_differ", place=more[0])
    return etags


def _is_whole(part: quarantine.Part | None, size: int) -> bool:
    return part is not None and part.size == size


def give_up(actor: Actor, upload: DirectUpload) -> None:
    """Its bytes go at once. A submission that it became stays."""
    if not DirectUpload.objects.for_actor(actor).filter(pk=upload.pk).delete()[0]:
        raise Refusal("upload_gone")
    forget(upload.name, upload.store_upload)


def forget(name: str, store_upload: str) -> None:
    """Where that fails, `forget_old` does it later."""
    try:
        quarantine.forget(name, store_upload)
    except blobs.errors.BlobError:
        log.warning("the upload %s stays in quarantine for now", name)


def forget_old() -> int:
    """A duty of the workers: rows that nobody asks for any more, and what lies in quarantine though
    no row needs it."""
    settled = DirectUpload.objects.exclude(state__in=(*UNDER_WAY, State.PARKED))
    old = InSeconds(-86_400 * settings.IDEMPOTENCY_KEEP_DAYS)
    gone = settled.filter(finished_at__lt=old).delete()[0]
    if quarantine.is_possible() and (settings.DIRECT_UPLOADS or DirectUpload.objects.exists()):
        gone += quarantine.sweep(is_needed, timezone.now() - LEFT_FOR)
    return gone


def is_needed(name: str) -> bool:
    """Whether an object in quarantine belongs to an upload. Parked uploads wait for a person, with
    their bytes."""
    try:
        pk = uuid.UUID(name)
    except ValueError:
        return False
    return DirectUpload.objects.filter(pk=pk, state__in=(*UNDER_WAY, State.PARKED)).exists()


@contextmanager
def _store() -> Iterator[None]:
    try:
        yield
    except quarantine.NotThere as error:
        raise Refusal("upload_gone") from error
    except blobs.errors.BlobError as error:
        raise Refusal(error.code) from error
