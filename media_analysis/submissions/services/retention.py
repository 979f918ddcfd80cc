"""Retention: a team's rules say after how many days submissions of a kind are erased.

A dry run says how many would go, and shows them, before a rule is saved. Legal holds win. A duty of
the workers orders the erasures; `erasing` carries them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require, team_chain
from audit.services import record
from audit.verbs import Verb
from audit.who import SYSTEM
from media_analysis.submissions.models import (
    Erasure,
    Hold,
    MediaKind,
    RetentionRule,
    Submission,
)
from media_analysis.submissions.services import erasing

LONGEST = 36_500
SHOWN = 20
AT_ONCE = 10_000

Days = Mapping[str, int | None]
"""Days by kind of media; None keeps that kind."""


@dataclass(frozen=True)
class DryRun:
    """What the rules would erase at their first run."""

    counts: dict[str, int]
    held: int
    first: list[Submission]
    """The oldest of them."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def rules(team: Team) -> dict[str, int | None]:
    found = dict(RetentionRule.objects.filter(team=team).values_list("kind", "days"))
    return {kind: found.get(kind) for kind in MediaKind.values}


def dry_run(actor: Actor, team: Team, days: Days) -> DryRun:
    require(actor, Permission.MANAGE_RETENTION, team.pk)
    _check(days)
    due = {kind: _due(team, kind, n) for kind, n in days.items() if n is not None}
    held = sum(_old(team, kind, n).filter(_held()).count() for kind, n in days.items() if n)
    first = sorted(
        (one for found in due.values() for one in found.select_related("analysis")[:SHOWN]),
        key=lambda one: one.created_at,
    )[:SHOWN]
    return DryRun({kind: found.count() for kind, found in due.items()}, held, first)


@transaction.atomic
def set_rules(actor: Actor, team: Team, days: Days) -> bool:
    """All rules of the team at once. False when nothing changed."""
    require(actor, Permission.MANAGE_RETENTION, team.pk)
    _check(days)
    Team.objects.select_for_update().get(pk=team.pk)  # two admins: one after the other
    before = rules(team)
    after = {kind: days.get(kind) for kind in MediaKind.values}
    if before == after:
        return False
    written: list[RetentionRule | tuple[type[RetentionRule], int]] = []
    for kind, number in after.items():
        mine = RetentionRule.objects.filter(team=team, kind=kind)
        if number is not None:
            rule, _ = mine.update_or_create(team=team, kind=kind, defaults={"days": number})
            written.append(rule)
        else:
            written += [(RetentionRule, pk) for pk in mine.values_list("pk", flat=True)]
            mine.delete()
    record(
        chain=team_chain(team.pk), verb=Verb.RETENTION_CHANGED, who=actor.who_in(team.pk),
        object_type="team", object_id=team.pk, rows=written,
        data={"before": before, "after": after},
    )  # fmt: skip
    return True


def order_due() -> int:
    """A duty of the workers: order the erasure of what is older than its team's rule allows."""
    count = 0
    for rule in RetentionRule.objects.select_related("team"):
        due = _due(rule.team, rule.kind, rule.days).values_list("pk", flat=True)[:AT_ONCE]
        count += sum(_order(pk) for pk in due)
    return count + sum(_order(pk) for pk in _old_tests())


def _old_tests() -> QuerySet[Submission, UUID]:
    """What test keys sent stays for some days, whatever the team's rules say."""
    old = Now() - timedelta(days=settings.TEST_KEEP_DAYS)
    ordered = Exists(Erasure.objects.filter(submission=OuterRef("pk")))
    sent = Submission.objects.filter(team__live_team__isnull=False, created_at__lt=old)
    return sent.exclude(ordered).values_list("pk", flat=True)[:AT_ONCE]


@transaction.atomic
def _order(pk: UUID) -> bool:
    submission = Submission.objects.select_for_update().filter(pk=pk).first()
    if submission is None or Erasure.objects.filter(submission=pk).exists():
        return False
    if Hold.objects.standing().filter(submission=submission).exists():
        return False
    erasing.order(submission, SYSTEM, "retention")
    return True


def _old(team: Team, kind: str, days: int) -> QuerySet[Submission]:
    old = Now() - timedelta(days=days)
    return Submission.objects.filter(
        team=team, card__kind=kind, card__received_at__lt=old
    ).order_by("created_at", "pk")


def _due(team: Team, kind: str, days: int) -> QuerySet[Submission]:
    ordered = Exists(Erasure.objects.filter(submission=OuterRef("pk")))
    return _old(team, kind, days).exclude(_held()).exclude(ordered)


def _held() -> Exists:
    return Exists(Hold.objects.standing().filter(submission=OuterRef("pk")))


def _check(days: Days) -> None:
    for kind, number in days.items():
        if kind not in MediaKind.values or (number is not None and not 1 <= number <= LONGEST):
            raise Refusal("retention_days", most=LONGEST)
