"""Sending media in with an `Idempotency-Key`: repeated as often as you like, done once."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import BinaryIO

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.refusals import Refusal
from jobs.timing import ClockTimestamp, InSeconds
from media_analysis.partners.models import Allowance, IdempotentRequest
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services.intake import Received

BUSY_SECONDS = settings.IDEMPOTENCY_BUSY_SECONDS
"""Longer than storing takes, for the bytes have arrived by then. A server that died is forgotten
after that; one that was only slow finds its place taken and writes nothing."""


class Overtaken(Exception):
    """We were slower than our place was kept, and somebody else has answered by now."""


def fingerprint(stream: BinaryIO, *words: str) -> str:
    """What a request asks for: its bytes and its words. Leaves the stream at its beginning."""
    hasher = hashlib.sha256()
    for word in words:
        hasher.update(f"{len(word)}:{word};".encode())
    while chunk := stream.read(1 << 20):
        hasher.update(chunk)
    stream.seek(0)
    return hasher.hexdigest()


def send_idempotently(
    actor: Actor,
    key: str,
    fingerprint: str,
    send: Callable[[Callable[[Received], None]], Received],
) -> tuple[Submission, bool]:
    """Send, or find what the same request sent before. True when it was found.

    `send` calls its argument inside the transaction that writes the submission, so that the
    answer and what it answers for exist together.
    """
    caller = actor.who.ref
    mine = IdempotentRequest.objects.filter(caller=caller, key=key)
    IdempotentRequest.objects.bulk_create(
        [IdempotentRequest(caller=caller, key=key, fingerprint=fingerprint)], ignore_conflicts=True
    )
    holder = uuid.uuid4()
    free = Q(busy_until__isnull=True) | Q(busy_until__lt=ClockTimestamp())
    taken = mine.filter(free, submission__isnull=True).update(
        busy_until=InSeconds(BUSY_SECONDS), holder=holder, fingerprint=fingerprint
    )
    if not taken:
        return _settled(mine, fingerprint)
    held = mine.filter(holder=holder, submission__isnull=True)
    try:
        received = send(lambda one: _answered(held, one.submission))
    except Overtaken:
        return _settled(mine, fingerprint)
    except BaseException:
        held.delete()  # nothing was done under this key: it may be used for anything
        raise
    return received.submission, False


def _settled(mine: QuerySet[IdempotentRequest], fingerprint: str) -> tuple[Submission, bool]:
    """Somebody else has the row: it was answered, or is still being worked on."""
    row = mine.first()
    if row is not None and row.fingerprint != fingerprint:
        raise Refusal("idempotency_differs")
    if row is None or row.submission_id is None:
        raise Refusal("idempotency_busy")
    return Submission.objects.get(pk=row.submission_id), True


def _answered(held: QuerySet[IdempotentRequest], submission: Submission) -> None:
    """Inside the transaction that writes the submission: whoever comes second writes neither."""
    if not held.update(submission=submission, busy_until=None):
        raise Overtaken


def forget_old() -> int:
    """A daily duty of the workers: callers who have not called for a day, whose windows ended long
    ago, and keys that are older than a repeated request can be."""
    Allowance.objects.filter(since__lt=Now() - timedelta(days=1)).delete()
    old = Now() - timedelta(days=settings.IDEMPOTENCY_KEEP_DAYS)
    return IdempotentRequest.objects.filter(created_at__lt=old).delete()[0]
