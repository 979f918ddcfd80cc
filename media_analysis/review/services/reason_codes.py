"""A team's own reason codes, and how long its decisions can be undone."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require, team_chain
from audit.payload import holds_address
from audit.services import record
from audit.verbs import Verb
from media_analysis.review.models import Policy, ReasonCode
from media_analysis.review.services.team_rules import write_rule

LONGEST_GRACE = 600
MOST_IN_FORCE = 16
"""Each has a key of its own."""


def codes(team: Team) -> QuerySet[Any]:
    mine = ReasonCode.objects.filter(team=team).select_related("policy")
    ordered: QuerySet[Any] = mine.order_by("-is_active", "name")
    return ordered


@transaction.atomic
def add(actor: Actor, team: Team, name: str, policy: Policy | None = None) -> ReasonCode:
    require(actor, Permission.MANAGE_POLICIES, team.pk)
    name = " ".join(name.split())
    if not name:
        raise Refusal("reason_code_name_missing")
    if holds_address(name):
        raise Refusal("reason_code_holds_address")
    Team.objects.select_for_update().get(pk=team.pk)
    if ReasonCode.objects.filter(team=team, is_active=True).count() >= MOST_IN_FORCE:
        raise Refusal("too_many_reason_codes", most=MOST_IN_FORCE)
    try:
        with transaction.atomic():
            code = ReasonCode.objects.create(team=team, name=name, policy=policy)
    except IntegrityError as error:
        raise Refusal("reason_code_name_taken") from error
    _changed(actor, code, "added")
    return code


@transaction.atomic
def switch(actor: Actor, code: ReasonCode, *, on: bool) -> None:
    """Retired, it can be chosen no more; decisions keep its name."""
    require(actor, Permission.MANAGE_POLICIES, code.team_id)
    if not ReasonCode.objects.filter(pk=code.pk, is_active=not on).update(is_active=on):
        raise Refusal("reason_code_unchanged")
    code.refresh_from_db()
    _changed(actor, code, "put back in force" if on else "retired")


@transaction.atomic
def give_time(actor: Actor, team: Team, seconds: int) -> bool:
    """How long a decision of this team can be undone from now on. False when it was so before."""
    require(actor, Permission.MANAGE_QUEUES, team.pk)
    if not 0 <= seconds <= LONGEST_GRACE:
        raise Refusal("grace_out_of_range", most=LONGEST_GRACE)
    return write_rule(
        actor, team, {"grace_seconds": seconds},
        before=lambda rule: {"grace": rule.undo_seconds}, after={"grace": seconds},
    )  # fmt: skip


def _changed(actor: Actor, code: ReasonCode, how: str) -> None:
    record(
        chain=team_chain(code.team_id), verb=Verb.POLICY_CHANGED, who=actor.who_in(code.team_id),
        object_type="reason_code", object_id=str(code.pk),
        data={"how": how, "name": code.name}, rows=[code],
    )  # fmt: skip
