"""Monthly quotas: each submission is counted once, for its team, its partner and its key.

The count is the last thing that the transaction of a submission does. Whoever holds a count waits
for nothing but its own commit: no two submissions wait for each other in a circle, and the others
of the team wait no longer than a commit takes. The team's count comes before the partner's, and
that before the key's.

The statement that counts also decides whether 80 % or 100 % was just reached (`quota_notices`). So
each notice is sent once, and a count without one costs nothing more. Notices follow all counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import ApiKey, ServiceAccount, Team
from accounts.refusals import Refusal
from media_analysis.submissions.models import KeyMonthCount, MonthCount, Submission
from media_analysis.submissions.services import quota_notices
from media_analysis.submissions.services.quota_notices import Notice

COUNT = """
INSERT INTO {counts} AS mine ({ids}, month, used, quota, told_at)
SELECT {values}, date_trunc('month', now() AT TIME ZONE 'UTC')::date, 1, quota,
    CASE quota WHEN 1 THEN 1 END
FROM {owner} WHERE id = %(owner)s AND (quota IS NULL OR quota > 0)
ON CONFLICT ({ids}, month) DO UPDATE SET used = mine.used + 1, quota = excluded.quota,
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
Owner = Team | ServiceAccount | ApiKey
WHOSE = {Team: "team", ServiceAccount: "partner", ApiKey: "key"}


def count(submission: Submission, key: ApiKey | None = None) -> None:
    """In the transaction that writes the submission, as its last step. Raises `Refusal` where the
    quota is reached, and so that nothing of the submission is written. The quota is read when it
    is counted, because an upload can take longer than a change of the quota."""
    team, service = submission.team, submission.submitted_by_service
    if team.is_test:
        return
    to_tell = []
    for owner in _owners(team, service, key):
        counted = _counted(team, owner)
        if not counted:
            owner.refresh_from_db(fields=["quota"])
            raise reached(owner)
        month, used, quota, told_at = counted
        if told_at == used:
            starts = next_month(month)
            partner = None if owner is team else service
            of_key = key if isinstance(owner, ApiKey) else None
            to_tell.append(Notice(team, partner, used, quota, starts, of_key))
    for notice in to_tell:
        quota_notices.send_emails(notice)


def require_room(actor: Actor, team: Team) -> None:
    """Before anything is read or stored: what is refused in any case costs neither side an upload.
    `count` decides."""
    if team.is_test:
        return
    limited = [one for one in _owners(team, actor.service, actor.key) if one.quota is not None]
    if not limited:
        return
    month = month_of(timezone.now())
    keys = [one for one in limited if isinstance(one, ApiKey)]
    used = used_in(team, month) | used_by(keys, month)
    for owner in limited:
        mine = used.get(None if owner is team else owner.pk, 0)
        if owner.quota is not None and mine >= owner.quota:
            raise reached(owner)


def used_in(team: Team, month: date) -> dict[UUID | None, int]:
    """By partner; the team's own under None."""
    return dict(MonthCount.objects.filter(team=team, month=month).values_list("service", "used"))


def used_by(keys: Iterable[ApiKey], month: date) -> dict[UUID | None, int]:
    """By the key that holds the count."""
    wanted = [key.counted_as_id for key in keys]
    if not wanted:
        return {}
    found = KeyMonthCount.objects.filter(key__in=wanted, month=month)
    return dict(found.values_list("key", "used"))


def _owners(team: Team, service: ServiceAccount | None, key: ApiKey | None) -> list[Owner]:
    found: list[Owner | None] = [team, service, key and key.counted_as]
    return [owner for owner in found if owner is not None]


def _counted(team: Team, owner: Owner) -> tuple[date, int, int, int] | None:
    """What the statement returns; nothing where the quota is reached."""
    ids: dict[str, UUID | None] = {"team_id": team.pk, "service_id": None}
    counts: type[MonthCount | KeyMonthCount] = MonthCount
    if isinstance(owner, ApiKey):
        ids, counts = {"key_id": owner.pk}, KeyMonthCount
    elif owner is not team:
        ids["service_id"] = owner.pk
    statement = COUNT.format(
        counts=counts._meta.db_table, owner=owner._meta.db_table,
        ids=", ".join(ids), values=", ".join(f"%({name})s" for name in ids),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(statement, {**ids, "owner": owner.pk, "nearly": NEARLY})
        counted: tuple[date, int, int, int] | None = cursor.fetchone()
    return counted


def reached(owner: Owner) -> Refusal:
    now = timezone.now()
    starts = next_month(month_of(now))
    refusal = Refusal(
        "quota_reached", whose=WHOSE[type(owner)], quota=owner.quota, starts=starts.isoformat()
    )
    refusal.wait = (begin_of(starts) - now).total_seconds()
    return refusal


def month_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date().replace(day=1)


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def begin_of(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)
