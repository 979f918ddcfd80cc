"""The verbs of a team's own rules: which verdicts want a person, in which order they come, and what
decisions rest on.

Each is one transaction with its event in the team's chain, like those in `services.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet

from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require, team_chain
from audit.services import record
from audit.verbs import Verb
from media_analysis.review.models import Decision, Policy, QueueOrder, RoutingRule
from media_analysis.review.search import queue
from media_analysis.review.search.rule_match import Rules
from media_analysis.review.services.team_rules import named, queue_changed, write_rule
from ml.engine.contract import Outcome

OUTCOMES = tuple(outcome.value for outcome in Outcome)


def wanted(team: Team) -> frozenset[str]:
    """The outcomes that open a case in this team today."""
    return Rules.of(team.pk).usual


@transaction.atomic
def route(actor: Actor, team: Team, outcomes: Collection[str]) -> bool:
    """These outcomes want a person from now on. False when they did before."""
    require(actor, Permission.MANAGE_QUEUES, team.pk)
    if unknown := set(outcomes) - set(OUTCOMES):
        raise Refusal("verdict_unknown", verdicts=", ".join(sorted(unknown)))
    Team.objects.select_for_update().get(pk=team.pk)  # two leads: one after the other
    before = wanted(team)
    if before == set(outcomes):
        return False
    rule, _ = RoutingRule.objects.update_or_create(
        team=team, defaults={outcome: outcome in outcomes for outcome in OUTCOMES}
    )
    queue_changed(actor, team.pk, [rule], before=sorted(before), after=sorted(outcomes))
    return True


def order(team: Team) -> QueueOrder:
    """How this team works its queue today."""
    return queue.orders([team.pk])[team.pk]


@transaction.atomic
def work_in_order(actor: Actor, team: Team, wanted: str) -> bool:
    """From the next case on the queue hands out in this order. False when it did before."""
    require(actor, Permission.MANAGE_QUEUES, team.pk)
    if wanted not in QueueOrder.values:
        raise Refusal("order_unknown")
    return write_rule(
        actor, team, {"queue_order": wanted},
        before=lambda _rule: {"order": order(team).value}, after={"order": wanted},
    )  # fmt: skip


@transaction.atomic
def write_policy(actor: Actor, team: Team, name: str, text: str) -> Policy:
    require(actor, Permission.MANAGE_POLICIES, team.pk)
    name = named(name, "policy")
    try:
        with transaction.atomic():
            policy = Policy.objects.create(team=team, name=name, text=text.strip())
    except IntegrityError as error:
        raise Refusal("policy_name_taken", name=name) from error
    _changed(actor, policy, "written")
    return policy


@transaction.atomic
def edit_policy(actor: Actor, policy: Policy, name: str, text: str) -> None:
    """For decisions from now on: each decision keeps the text as it stood."""
    require(actor, Permission.MANAGE_POLICIES, policy.team_id)
    name = named(name, "policy")
    try:
        with transaction.atomic():
            there = Policy.objects.filter(pk=policy.pk).update(name=name, text=text.strip())
    except IntegrityError as error:
        raise Refusal("policy_name_taken", name=name) from error
    if not there:
        raise Refusal("policy_gone")
    policy.refresh_from_db()
    _changed(actor, policy, "edited")


@transaction.atomic
def retire_policy(actor: Actor, policy: Policy) -> None:
    """No new decision may rest on it; earlier ones keep it."""
    require(actor, Permission.MANAGE_POLICIES, policy.team_id)
    if not Policy.objects.filter(pk=policy.pk, is_active=True).update(is_active=False):
        raise Refusal("policy_already_retired")
    _changed(actor, policy, "retired")


@transaction.atomic
def restore_policy(actor: Actor, policy: Policy) -> None:
    require(actor, Permission.MANAGE_POLICIES, policy.team_id)
    if not Policy.objects.filter(pk=policy.pk, is_active=False).update(is_active=True):
        raise Refusal("policy_already_in_force")
    _changed(actor, policy, "put back in force")


@transaction.atomic
def delete_policy(actor: Actor, policy: Policy) -> None:
    """Only one that no decision ever rested on; one that is being made just now is waited for."""
    require(actor, Permission.MANAGE_POLICIES, policy.team_id)
    found = Policy.objects.select_for_update().filter(pk=policy.pk).first()
    if found is None:
        raise Refusal("policy_already_deleted")
    try:
        found.delete()
    except ProtectedError as error:
        raise Refusal("policy_in_use") from error
    _changed(actor, policy, "deleted")


def policies(team: Team) -> QuerySet[Any]:
    """In force first; `is_used` says that decisions rest on it."""
    resting = Decision.objects.filter(policy=OuterRef("pk"))
    mine = Policy.objects.filter(team=team).annotate(is_used=Exists(resting))
    ordered: QuerySet[Any] = mine.order_by("-is_active", "name")
    return ordered


def _changed(actor: Actor, policy: Policy, how: str) -> None:
    record(
        chain=team_chain(policy.team_id), verb=Verb.POLICY_CHANGED,
        who=actor.who_in(policy.team_id), object_type="policy", object_id=str(policy.pk),
        data={"how": how, "name": policy.name}, rows=[policy],
    )  # fmt: skip
