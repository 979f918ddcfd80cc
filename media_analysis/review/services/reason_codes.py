"""A team's own reason codes, and how long its decisions can be undone."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.errors import Refused
from accounts.models import Team
from accounts.roles import Permission
from accounts.services.chains import require, team_chain
from audit.payload import holds_address
from audit.services import record
from audit.verbs import Verb
from media_analysis.review.models import Policy, ReasonCode, RoutingRule
from media_analysis.review.services import grace

LONGEST_GRACE = 600
MOST_IN_FORCE = 16
"""Each has a key of its own."""


def codes(team: Team) -> QuerySet[Any]:
    mine = ReasonCode.objects.filter(team=team).select_related("policy")
    ordered: QuerySet[Any] = mine.order_by("-is_active", "name")
    return ordered


@transaction.atomic
def add(actor: Actor, team: Team, name: str, policy: Policy | None = None) -> ReasonCode:
    require(actor, Permission.MANAGE_POLICIES, team.pk, "write reason codes")
    name = " ".join(name.split())
    if not name:
        raise Refused(_("A reason code needs a name."))
    if holds_address(name):
        raise Refused(_("A reason code stays on record for good: it cannot hold an email address."))
    Team.objects.select_for_update().get(pk=team.pk)
    if ReasonCode.objects.filter(team=team, is_active=True).count() >= MOST_IN_FORCE:
        raise Refused(_("A team has at most 16 reason codes in force. Retire one first."))
    try:
        with transaction.atomic():
            code = ReasonCode.objects.create(team=team, name=name, policy=policy)
    except IntegrityError as error:
        raise Refused(_("There is already a reason code of this name.")) from error
    _changed(actor, code, "added")
    return code


@transaction.atomic
def switch(actor: Actor, code: ReasonCode, *, on: bool) -> None:
    """Retired, it can be chosen no more; decisions keep its name."""
    require(actor, Permission.MANAGE_POLICIES, code.team_id, "change reason codes")
    if not ReasonCode.objects.filter(pk=code.pk, is_active=not on).update(is_active=on):
        raise Refused(_("It was so before; nothing was changed."))
    code.refresh_from_db()
    _changed(actor, code, "put back in force" if on else "retired")


@transaction.atomic
def give_time(actor: Actor, team: Team, seconds: int) -> bool:
    """How long a decision of this team can be undone from now on. False when it was so before."""
    require(actor, Permission.MANAGE_QUEUES, team.pk, "change the grace time")
    if not 0 <= seconds <= LONGEST_GRACE:
        raise Refused(_("The grace time is between 0 and 600 seconds."))
    Team.objects.select_for_update().get(pk=team.pk)
    before = grace.seconds_of(team.pk)
    if before == seconds:
        return False
    rule, _made = RoutingRule.objects.update_or_create(
        team=team, defaults={"grace_seconds": seconds}
    )
    record(
        chain=team_chain(team.pk), verb=Verb.QUEUE_CHANGED, who=actor.who_in(team.pk),
        object_type="team", object_id=str(team.pk),
        data={"grace_before": before, "grace_after": seconds}, rows=[rule],
    )  # fmt: skip
    return True


def _changed(actor: Actor, code: ReasonCode, how: str) -> None:
    record(
        chain=team_chain(code.team_id), verb=Verb.POLICY_CHANGED, who=actor.who_in(code.team_id),
        object_type="reason_code", object_id=str(code.pk),
        data={"how": how, "name": code.name}, rows=[code],
    )  # fmt: skip
