"""Monthly quotas: each submission is counted once, for its team and for its partner.

The count is the last thing that the transaction of a submission does. Whoever holds a count waits
for nothing but its own commit: no two submissions wait for each other in a circle, and the others
of the team wait no longer than a commit takes. The team's count comes before the partner's.

The statement that counts also decides whether 80 % or 100 % was just reached (`quota_notices`). So
each notice is sent once, and a count without one costs nothing more. Notices follow both counts.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import ServiceAccount, Team
from accounts.refusals import Refusal
from media_analysis.submissions.models import MonthCount, Submission
from media_analysis.submissions.services import quota_notices
from media_analysis.submissions.services.quota_notices import Notice

COUNT = """
INSERT INTO submissions_monthcount AS mine (team_id, service_id, month, used, quota, told_at)
SELECT %(team)s, %(service)s, date_trunc('month', now() AT TIME ZONE 'UTC')::date, 1, quota,
    CASE quota WHEN 1 THEN 1 END
FROM {owner} WHERE id = %(owner)s AND (quota IS NULL OR quota > 0)
ON CONFLICT (team_id, service_id, month) DO UPDATE SET used = mine.used + 1, quota = excluded.quota,
    told_at = CASE
        WHEN excluded.quota IS NULL THEN NULL
        WHEN mine.used + 1 = excluded.quota THEN mine.used + 1
        WHEN (mine.used + 1)::bigint * 100 < excluded.quota::bigint * %(nearly)s THEN NULL
        WHEN mine.quota = excluded.quota AND mine.told_at IS NOT NULL THEN mine.told_at
        ELSE mine.used + 1
    END
WHERE excluded.quota IS NULL OR mine.used < excluded.quota
RETURNING month, used, quota, told_at
"""
"""No two submissions see the same `used`: where `told_at` equals it, this one tells."""
NEARLY = 80
"""Per cent."""


def count(submission: Submission) -> None:
    """In the transaction that writes the submission, as its last step. Raises `Refusal` where the
    quota is reached, and so that nothing of the submission is written. The quota is read when it
    is counted, because an upload can take longer than a change of the quota."""
    team, service = submission.team, submission.submitted_by_service
    if team.is_test:
        return
    owners: list[Team | ServiceAccount] = [team, *([service] if service else [])]
    to_tell = []
    for owner in owners:
        ids = {"team": team.pk, "service": None if owner is team else owner.pk, "owner": owner.pk}
        with connection.cursor() as cursor:
            said = {**ids, "nearly": NEARLY}
            counted = cursor.execute(COUNT.format(owner=owner._meta.db_table), said).fetchone()
        if not counted:
            owner.refresh_from_db(fields=["quota"])
            raise reached(owner)
        month, used, quota, told_at = counted
        if told_at == used:
            partner = None if owner is team else service
            to_tell.append(Notice(team, partner, used, quota, next_month(month)))
    for notice in to_tell:
        quota_notices.send_emails(notice)


def require_room(actor: Actor, team: Team) -> None:
    """Before anything is read or stored: what is refused in any case costs neither side an upload.
    `count` decides."""
    owners = [owner for owner in (team, actor.service) if owner is not None]
    if team.is_test or all(owner.quota is None for owner in owners):
        return
    used = used_in(team, month_of(timezone.now()))
    for owner in owners:
        mine = used.get(None if owner is team else owner.pk, 0)
        if owner.quota is not None and mine >= owner.quota:
            raise reached(owner)


def used_in(team: Team, month: date) -> dict[UUID | None, int]:
    """By partner; the team's own under None."""
    return dict(MonthCount.objects.filter(team=team, month=month).values_list("service", "used"))


def reached(owner: Team | ServiceAccount) -> Refusal:
    now = timezone.now()
    starts = next_month(month_of(now))
    refusal = Refusal(
        "quota_reached", whose="team" if isinstance(owner, Team) else "partner",
        quota=owner.quota, starts=starts.isoformat(),
    )  # fmt: skip
    refusal.wait = (begin_of(starts) - now).total_seconds()
    return refusal


def month_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date().replace(day=1)


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def begin_of(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)
