"""Retention rules: after how many days a team's submissions of a kind are erased.

Rules for parts are in `part_rules`. A dry run counts and shows what would be erased before a rule
is saved. Legal holds take precedence. A duty of the workers orders the erasures; `erasing` carries
them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
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
from audit.rows import Row
from audit.services import record
from audit.verbs import Verb
from audit.who import SYSTEM
from media_analysis.submissions.models import (
    Erasure,
    Hold,
    MediaKind,
    PartRule,
    RetentionRule,
    Submission,
)
from media_analysis.submissions.services import erasing, part_rules

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
    parts: list[part_rules.Line] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def rules(team: Team) -> dict[str, int | None]:
    found = dict(RetentionRule.objects.filter(team=team).values_list("kind", "days"))
    return {kind: found.get(kind) for kind in MediaKind.values}


def dry_run(actor: Actor, team: Team, days: Days, of_parts: part_rules.Days) -> DryRun:
    require(actor, Permission.MANAGE_RETENTION, team.pk)
    _check(days)
    part_rules.check(of_parts, days, LONGEST)
    due = {kind: _due(team, kind, n) for kind, n in days.items() if n is not None}
    held = sum(_old(team, kind, n).filter(_held()).count() for kind, n in days.items() if n)
    first = sorted(
        (one for found in due.values() for one in found.select_related("analysis")[:SHOWN]),
        key=lambda one: one.created_at,
    )[:SHOWN]
    counts = {kind: found.count() for kind, found in due.items()}
    return DryRun(counts, held, first, part_rules.dry_run(team, of_parts))


@transaction.atomic
def set_rules(
    actor: Actor, team: Team, days: Days, of_parts: part_rules.Days | None = None
) -> bool:
    """All rules of the team at once. False when nothing changed."""
    require(actor, Permission.MANAGE_RETENTION, team.pk)
    of_parts = of_parts or {}
    _check(days)
    part_rules.check(of_parts, days, LONGEST)
    Team.objects.select_for_update().get(pk=team.pk)  # two admins: one after the other
    before, parts_before = rules(team), part_rules.rules(team)
    after = {kind: days.get(kind) for kind in MediaKind.values}
    parts_after = {place: of_parts.get(place) for place in parts_before}
    if (before, parts_before) == (after, parts_after):
        return False
    written: list[Row] = []
    for kind, number in after.items():
        written += _written(RetentionRule, team, number, kind=kind)
    for (kind, part), number in parts_after.items():
        written += _written(PartRule, team, number, kind=kind, part=part)
    record(
        chain=team_chain(team.pk), verb=Verb.RETENTION_CHANGED, who=actor.who_in(team.pk),
        object_type="team", object_id=team.pk, rows=written,
        data={"before": {**before, **_named(parts_before)},
              "after": {**after, **_named(parts_after)}},
    )  # fmt: skip
    return True


def _written(
    model: type[RetentionRule] | type[PartRule], team: Team, number: int | None, **place: str
) -> list[Row]:
    mine: Any = model._default_manager.filter(team=team, **place)
    if number is not None:
        return [mine.update_or_create(team=team, **place, defaults={"days": number})[0]]
    gone: list[Row] = [(model, pk) for pk in mine.values_list("pk", flat=True)]
    mine.delete()
    return gone


def _named(of_parts: part_rules.Days) -> dict[str, int]:
    return {f"{kind}:{part}": days for (kind, part), days in of_parts.items() if days is not None}


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
    if Hold.objects.in_force().filter(submission=submission).exists():
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
    return Exists(Hold.objects.in_force().filter(submission=OuterRef("pk")))


def _check(days: Days) -> None:
    for kind, number in days.items():
        if kind not in MediaKind.values or (number is not None and not 1 <= number <= LONGEST):
            raise Refusal("retention_days", most=LONGEST)
