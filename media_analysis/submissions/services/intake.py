"""The verbs of intake: send media in, send it through again, look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings
from django.db import transaction

import blobs.errors
import blobs.services
import ml.services
from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require
from audit.services import record
from audit.subjects import keep
from audit.verbs import Verb
from jobs.models import UNDER_WAY, Priority, State
from media_analysis.submissions import hooks, languages
from media_analysis.submissions.file_names import displayable
from media_analysis.submissions.models import Part, Submission
from media_analysis.submissions.ownership import require_may
from media_analysis.submissions.services import parts, quotas
from media_analysis.submissions.services.events import record_event
from sandbox.sniff import sniff
from sandbox.types import Rejected

OUTAGES = frozenset({"store_unavailable", "storage_full"})
"""Codes of refusals for which the file is not to blame: the same file is taken later."""


@dataclass(frozen=True)
class Received:
    submission: Submission
    earlier: Submission | None
    """The newest earlier submission of the same bytes that the actor may see."""


def submit(
    actor: Actor,
    team: Team,
    stream: BinaryIO,
    filename: str,
    *,
    note: str = "",
    policy_context: str = "",
    external_id: str = "",
    language: str = "",
    priority: int = Priority.INTERACTIVE,
    also: Callable[[Received], None] | None = None,
) -> Received:
    """Bytes first, rows second, answer last: what was acknowledged exists.

    `also` runs inside the transaction that writes the rows: both happen or neither.
    """
    require(actor, Permission.SUBMIT_MEDIA, team.pk)
    language = languages.tag(language)
    quotas.require_room(actor, team)
    stored = _store(stream)
    submission = Submission(
        team=team,
        submitted_by=actor.user,
        submitted_by_service=actor.service,
        filename=displayable(filename),
        note=note[:4000],
        policy_context=policy_context[:200],
        external_id=external_id[:200],
        language=language,
    )
    media_type = _media_type(stored)
    try:
        return _received(actor, submission, stored, media_type, priority, also)
    except blobs.errors.Gone as error:
        raise Refusal("gone") from error
    except blobs.errors.StoreUnavailable as error:
        raise Refusal(error.code) from error
    except Refusal as refusal:
        if refusal.code == "quota_reached":
            _forget(stored)
        raise


def too_large() -> Refusal:
    """The refusal of a file that is larger than the limit."""
    return Refusal("too_large", limit=settings.MAX_UPLOAD_BYTES // 1_000_000)


def _store(stream: BinaryIO) -> blobs.services.Stored:
    try:
        return blobs.services.store(stream, max_bytes=settings.MAX_UPLOAD_BYTES)
    except blobs.errors.TooLarge as error:
        raise too_large() from error
    except blobs.errors.Empty as error:
        raise Refusal("empty") from error
    except blobs.errors.StorageFull as error:
        raise Refusal("storage_full") from error
    except blobs.errors.StoreUnavailable as error:
        raise Refusal(error.code) from error


def _media_type(stored: blobs.services.Stored) -> str:
    """By the bytes alone; what cannot be read is refused at the door and not kept."""
    try:
        return sniff(stored.head).mime
    except Rejected as rejected:
        _forget(stored)
        raise Refusal(rejected.code) from rejected


def _forget(stored: blobs.services.Stored) -> None:
    """The bytes of what is refused, unless they were there before."""
    if not stored.already_there:
        blobs.services.remove_unclaimed(stored.sha256)


@transaction.atomic
def _received(
    actor: Actor,
    submission: Submission,
    stored: blobs.services.Stored,
    media_type: str,
    priority: int,
    also: Callable[[Received], None] | None,
) -> Received:
    who = actor.who_in(submission.team_id)
    submission.blob = blobs.services.register(stored, media_type, who=who)
    earlier = (
        Submission.objects.for_actor(actor).filter(blob=submission.blob, planted=False).first()
    )
    submission.analysis = ml.services.order(
        submission.blob, submission.pk, priority, actor.flow, actor.weight_in(submission.team)
    )
    submission.save(force_insert=True)
    record_event(
        submission,
        who,
        Verb.SUBMISSION_RECEIVED,
        data={
            "size": stored.size,
            "media_type": media_type,
            "team": submission.team_id,
            "commitments": _commitments(submission),
        },
        rows=[submission],
    )
    test = submission.team.is_test
    ml.services.queued(submission.analysis, who, ring=not test)
    received = Received(submission, earlier)
    if also:
        also(received)
    if test:
        for hook in hooks.received_in_test:
            hook(submission)
    quotas.count(submission, actor.key)
    return received


def _commitments(submission: Submission) -> dict[str, str]:
    """What the sender wrote is personal text: the record holds only proof of it."""
    words = {
        "shown_name": submission.filename,
        "remark": submission.note,
        "context": submission.policy_context,
        "external_id": submission.external_id,
        "language": submission.language,
    }
    return {label: keep(submission.pk, label, text) for label, text in words.items() if text}


@transaction.atomic
def analyse_again(actor: Actor, submission: Submission) -> Submission:
    """A fresh analysis of the same bytes, on the same chain; the earlier one stays on record."""
    locked = (
        Submission.objects.for_actor(actor).select_for_update(of=("self",)).get(pk=submission.pk)
    )
    require_may(actor, Permission.SUBMIT_MEDIA, locked)
    parts.require_media(locked)
    who = actor.who_in(locked.team_id)
    locked.analysis = ml.services.order(
        locked.blob, locked.pk, flow=actor.flow, weight=actor.weight_in(locked.team)
    )
    locked.save(update_fields=["analysis"])
    ml.services.queued(locked.analysis, who, rows=[locked])
    return locked


@contextmanager
def viewed(
    actor: Actor, submission: Submission, *, how: Verb = Verb.MEDIA_VIEWED
) -> Iterator[BinaryIO]:
    """The media's bytes for one look; the look is on record before the first byte is read."""
    parts.require(submission, Part.ORIGINAL)
    with transaction.atomic():
        record(
            chain=submission.pk,
            verb=how,
            who=actor.who_in(submission.team_id),
            object_type="blob",
            object_id=submission.blob_id,
            object_sha256=submission.blob_id,
        )
    with blobs.services.opened(submission.blob) as file:
        yield file


def cancel(actor: Actor, submission: Submission) -> bool:
    """Stop the analysis; the media and what is on record stay. False when it had already ended."""
    require_may(actor, Permission.CANCEL_ANALYSES, submission)
    submission.analysis.refresh_from_db(fields=["state"])
    if submission.analysis.state not in UNDER_WAY:
        return False
    who = actor.who_in(submission.team_id)
    return ml.services.cancel(submission.analysis_id, who) in (State.RUNNING, State.CANCELLED)
