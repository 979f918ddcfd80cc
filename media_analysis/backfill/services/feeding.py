"""A duty of the workers: keep so many submissions of each running backfill in the queue, and end
the backfill when there are no more.

It goes through the submissions in the order of their ids and notes how far it is in the same
transaction that queues them, so a kill repeats nothing and leaves nothing out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, QuerySet

from jobs.bell import ring_on_commit
from jobs.models import Priority, State
from media_analysis.backfill.models import Backfill, BackfillItem, Stage
from media_analysis.backfill.selection import TO_DO, Selection, with_reasons
from media_analysis.backfill.services import running
from media_analysis.backfill.services.estimating import SECONDS_PER_HOUR
from media_analysis.submissions.models import Submission

LOOKED_AT = 500
"""Submissions a transaction."""
STEPS = 20
"""Transactions a run of the duty: many may have to be left out before one is found."""
BELLS = 20


def feed() -> int:
    """Returns how many were queued."""
    going = Backfill.objects.filter(state=Stage.RUNNING).order_by("started_at")
    return sum(_feed(pk) for pk in going.values_list("pk", flat=True))


def _feed(pk: UUID) -> int:
    queued = 0
    for _ in range(STEPS):
        made, more = _step(pk)
        queued += made
        if not more:
            break
    return queued


@transaction.atomic
def _step(pk: UUID) -> tuple[int, bool]:
    """How many were queued, and whether the next step can find more."""
    # Another worker feeds it: nothing is left for this one to do.
    locked = Backfill.objects.select_for_update(skip_locked=True)
    run = locked.filter(pk=pk, state=Stage.RUNNING).first()
    if run is None:
        return 0, False
    room = run.at_once - run.items.filter(state=State.QUEUED).count()
    if not run.is_exhausted and room > 0:
        return _queue(run, room)
    if running.is_over(run):
        running.end(run)
    return 0, False


def _queue(run: Backfill, room: int) -> tuple[int, bool]:
    found = list(_next(run)[:LOOKED_AT])
    taken: list[Submission] = []
    skipped = dict(run.skipped)
    looked_at = 0
    for one in found:
        if len(taken) == room:
            break
        looked_at += 1
        if (why := one.why_not) == TO_DO:
            taken.append(one)
        else:
            skipped[why] = skipped.get(why, 0) + 1
    _order(run, taken)
    Backfill.objects.filter(pk=run.pk).update(
        cursor=found[looked_at - 1].pk if looked_at else run.cursor,
        is_exhausted=looked_at == len(found) < LOOKED_AT,
        ordered=F("ordered") + len(taken),
        skipped=skipped,
    )
    return len(taken), True


def _next(run: Backfill) -> QuerySet[Any]:
    found = Selection.of_json(run.selection).submissions(run.team_id)
    if run.cursor:
        found = found.filter(pk__gt=run.cursor)
    whole = with_reasons(found, run).select_related("analysis").order_by("pk")
    return whole.only("pk", "analysis__id", "analysis__kind")


def _order(run: Backfill, taken: list[Submission]) -> None:
    due = _due_times(run, len(taken))
    made = BackfillItem.objects.bulk_create(
        BackfillItem(
            run=run, submission=one, before=one.analysis, kind=one.analysis.kind or _kind(one),
            priority=Priority.BATCH, available_at=at,
        )
        for one, at in zip(taken, due, strict=True)
    )  # fmt: skip
    for item in made[:BELLS]:
        ring_on_commit(item)


def _kind(submission: Submission) -> str:
    """The kind of a file that was analysed before analyses had a kind."""
    return Submission.objects.select_related("analysis", "blob").get(pk=submission.pk).kind


def _due_times(run: Backfill, count: int) -> list[datetime]:
    """At the run's rate, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    if not run.per_hour:
        return [now] * count
    apart = timedelta(seconds=SECONDS_PER_HOUR / run.per_hour)
    first = max(now, run.next_at or now)
    Backfill.objects.filter(pk=run.pk).update(next_at=first + apart * count)
    return [first + apart * place for place in range(count)]
