"""Objects of an S3 bucket, submitted once each on behalf of a partner's key.

This module does not know whether a list or a notification found an object. The row decides whether
it was done, so a restart continues where it stopped, and two simultaneous runs do nothing twice.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any, BinaryIO

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.actors import actor_for_key
from accounts.models import ApiKey
from accounts.refusals import Refusal
from accounts.services.keys import working_key
from jobs.models import Priority
from jobs.timing import ClockTimestamp, InSeconds
from media_analysis.batches.bucket_models import BucketObject
from media_analysis.submissions.services import intake, quotas, spool

BUSY_SECONDS = 900.0
"""Longer than an object of the largest size takes. One whose process died is free after that."""
GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404", "412", "PreconditionFailed"})
LONGEST_ID = 200
PIECE = 1 << 20
LATER = intake.OUTAGES | {"not_allowed", "quota_reached"}
"""Codes of refusals after which the object waits: the store is unavailable, the key may not submit
any more, or this month's quota is reached."""
TAG = "touchstone"


class End(StrEnum):
    SUBMITTED = "submitted"
    REFUSED = "refused"
    KNOWN = "known"
    BUSY = "busy"


@dataclass(frozen=True)
class Found:
    """An object as a list or a notification names it."""

    bucket: str
    key: str
    etag: str
    version_id: str = ""
    size: int | None = None

    @property
    def version(self) -> str:
        """The ETag, for a list knows no other. The same bytes under the same key are known."""
        return self.etag or self.version_id

    @property
    def digest(self) -> str:
        named = json.dumps([self.bucket, self.key, self.version])
        return hashlib.sha256(named.encode()).hexdigest()

    @property
    def is_folder(self) -> bool:
        return self.key.endswith("/") and not self.size

    @property
    def external_id(self) -> str:
        """The key and its version; of a long key the end, which distinguishes objects."""
        end = f"#{self.version[:100]}"
        room = LONGEST_ID - len(end)
        return (self.key if len(self.key) <= room else f"…{self.key[1 - room :]}") + end


class Gone(Exception):
    """The object, or this version of it, is not there any more."""


class _Overtaken(Exception):
    """Somebody else has the row by now."""


@dataclass(frozen=True)
class Outcome:
    end: End
    code: str = ""
    submission: uuid.UUID | None = None


def ingest(client: Any, key_prefix: str, found: Found, *, tag: bool = False) -> Outcome:
    """Submit the object, or say what became of it before. Raises `Refusal` with a code of
    `LATER`, and botocore's errors where the bucket does not answer:
    then nothing is kept and the object can be tried again."""
    key = working_key(key_prefix)
    row, _ = BucketObject.objects.get_or_create(service=key.service, digest=found.digest)
    outcome = _known(row) if row.ended_at else _taken(client, key, found, row)
    if tag and outcome.end is not End.BUSY:
        _tag(client, found, row)
    return outcome


def require_room(key_prefix: str) -> None:
    """Raises `Refusal` where the key, its partner or its team has reached its quota."""
    key = working_key(key_prefix)
    quotas.require_room(actor_for_key(key), key.service.team)


def _known(row: BucketObject) -> Outcome:
    return Outcome(End.KNOWN, row.refused, row.submission)


def _taken(client: Any, key: ApiKey, found: Found, row: BucketObject) -> Outcome:
    holder, mine = uuid.uuid4(), BucketObject.objects.filter(pk=row.pk, ended_at=None)
    free = Q(busy_until=None) | Q(busy_until__lt=ClockTimestamp())
    if not mine.filter(free).update(busy_until=InSeconds(BUSY_SECONDS), holder=holder):
        row.refresh_from_db()
        return _known(row) if row.ended_at else Outcome(End.BUSY)
    held = mine.filter(holder=holder)
    try:
        return _submitted(client, key, found, held)
    except _Overtaken:
        return Outcome(End.BUSY)
    except Gone:
        return _refused(held, "object_gone")
    except Refusal as refusal:
        if refusal.code in LATER:
            held.update(busy_until=None, holder=None)
            raise
        return _refused(held, refusal.code)
    except BaseException:
        held.update(busy_until=None, holder=None)
        raise


def _submitted(client: Any, key: ApiKey, found: Found, held: QuerySet[BucketObject]) -> Outcome:
    if (found.size or 0) > settings.MAX_UPLOAD_BYTES:
        raise intake.too_large()
    actor, team = actor_for_key(key), key.service.team
    quotas.require_room(actor, team)

    def also(received: intake.Received) -> None:
        """Inside the transaction that writes the submission."""
        if not _ended(held, submission=received.submission.pk):
            raise _Overtaken

    with spool.unnamed() as file:
        _download(client, found, file)
        received = intake.submit(
            actor, team, file, found.key.rstrip("/").rpartition("/")[2],
            external_id=found.external_id, priority=Priority.BATCH, also=also,
        )  # fmt: skip
    return Outcome(End.SUBMITTED, submission=received.submission.pk)


def _download(client: Any, found: Found, file: BinaryIO) -> None:
    """These bytes and no later ones: the version, or the ETag, is asked for by name."""
    from botocore.exceptions import ClientError

    exactly = {"VersionId": found.version_id} if found.version_id else {"IfMatch": found.etag}
    try:
        answer = client.get_object(Bucket=found.bucket, Key=found.key, **exactly)
    except ClientError as error:
        if _is_gone(error):
            raise Gone from error
        raise
    body: IO[bytes] = answer["Body"]
    arrived = 0
    while piece := body.read(PIECE):
        arrived += len(piece)
        if arrived > settings.MAX_UPLOAD_BYTES:
            raise intake.too_large()
        file.write(piece)
    file.seek(0)


def _is_gone(error: Any) -> bool:
    return str(error.response.get("Error", {}).get("Code")) in GONE


def _refused(held: QuerySet[BucketObject], code: str) -> Outcome:
    return Outcome(End.REFUSED, code) if _ended(held, refused=code) else Outcome(End.BUSY)


def _ended(held: QuerySet[BucketObject], **how: Any) -> bool:
    return bool(held.update(ended_at=Now(), busy_until=None, holder=None, **how))


def _tag(client: Any, found: Found, row: BucketObject) -> None:
    """Tag the object with its result, keeping its other tags. If a crash prevents it, it is
    repeated when the object is seen again."""
    from botocore.exceptions import ClientError

    row.refresh_from_db()
    if row.tagged or row.refused == "object_gone":
        return
    where = {"Bucket": found.bucket, "Key": found.key}
    if found.version_id:
        where["VersionId"] = found.version_id
    value = str(row.submission) if row.submission else f"refused:{row.refused}"
    try:
        tags = [one for one in client.get_object_tagging(**where)["TagSet"] if one["Key"] != TAG]
        client.put_object_tagging(
            **where, Tagging={"TagSet": [*tags, {"Key": TAG, "Value": value}]}
        )
    except ClientError as error:
        if not _is_gone(error):
            raise
    BucketObject.objects.filter(pk=row.pk).update(tagged=True)
