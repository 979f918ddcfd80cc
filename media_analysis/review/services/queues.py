"""The verbs of a team's named queues and of the ordered rules that fill them.

Each is one transaction with its event in the team's chain. Cases that wait stay where they are: a
rule is asked once, when an analysis ends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, FilteredRelation, Max, Min, Q, QuerySet
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.models import ServiceAccount, Team, User
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require
from media_analysis.review.models import Case, CaseState, Queue, QueueRule
from media_analysis.review.services.bulk import deciders
from media_analysis.review.services.team_rules import named, queue_changed
from media_analysis.submissions import languages

MOST_QUEUES, MOST_RULES = 30, 50
CONDITIONS = (
    "name", "kinds", "outcomes", "probability_from", "probability_to", "check_found", "sender",
    "context", "languages", "known", "alike", "share", "reviews", "queue", "hours",
)  # fmt: skip


def queues_of(team: Team) -> QuerySet[Any]:
    """By name, each with how many cases wait in it, how many are overdue, and the oldest. Decided
    cases are not joined: in time they are most."""
    waiting = (CaseState.OPEN, CaseState.CLAIMED)
    unended = FilteredRelation("cases", condition=Q(cases__state__in=waiting))
    found: QuerySet[Any] = (
        Queue.objects.filter(team=team)
        .prefetch_related("people")
        .annotate(unended=unended)
        .annotate(
            waiting=Count("unended"),
            overdue=Count("unended", filter=Q(unended__due_at__lt=Now())),
            oldest=Min("unended__opened_at"),
        )
    )
    return found


def rules_of(team: Team) -> QuerySet[Any]:
    found: QuerySet[Any] = QueueRule.objects.filter(team=team).select_related("queue", "sender")
    return found


@transaction.atomic
def make(
    actor: Actor,
    team: Team,
    name: str,
    hours: int | None,
    people: Collection[User],
    second_share: float | None = None,
) -> Queue:
    _locked(actor, team.pk)
    _check_share(second_share)
    if Queue.objects.filter(team=team).count() >= MOST_QUEUES:
        raise Refusal("too_many_queues", most=MOST_QUEUES)
    queue = Queue(team=team, name=_named(name), hours=hours, second_share=second_share)
    _saved(queue, "queue_name_taken")
    queue.people.set(_deciding(team, people))
    _changed(actor, team.pk, queue, "queue made", people=_ids(people), **_share_of(queue))
    return queue


@transaction.atomic
def edit(
    actor: Actor,
    queue: Queue,
    name: str,
    hours: int | None,
    people: Collection[User],
    second_share: float | None = None,
) -> None:
    """Cases that wait in it keep the time at which they are due."""
    _locked(actor, queue.team_id)
    _check_share(second_share)
    queue.name, queue.hours, queue.second_share = _named(name), hours, second_share
    _saved(queue, "queue_name_taken")
    queue.people.set(_deciding(queue.team, people))
    _changed(actor, queue.team_id, queue, "queue edited", people=_ids(people), **_share_of(queue))


@transaction.atomic
def pause(actor: Actor, queue: Queue, on: bool) -> None:
    """Nobody can claim from a paused queue. Who holds a case of it keeps it."""
    _locked(actor, queue.team_id)
    if not Queue.objects.filter(pk=queue.pk, is_paused=not on).update(is_paused=on):
        raise Refusal("queue_already_so")
    queue.refresh_from_db()
    _changed(actor, queue.team_id, queue, "queue paused" if on else "queue resumed")


@transaction.atomic
def remove(actor: Actor, queue: Queue) -> None:
    """Only one that no case was ever in and no rule fills."""
    _locked(actor, queue.team_id)
    if Case.objects.filter(queue=queue).exists() or QueueRule.objects.filter(queue=queue).exists():
        raise Refusal("queue_in_use")
    pk, name = queue.pk, queue.name
    queue.delete()
    queue_changed(actor, queue.team_id, [(Queue, pk)], how="queue removed", name=name)


@transaction.atomic
def write_rule(actor: Actor, team: Team, values: Mapping[str, Any]) -> QueueRule:
    """The last of the ordered rules."""
    _locked(actor, team.pk)
    if QueueRule.objects.filter(team=team).count() >= MOST_RULES:
        raise Refusal("too_many_rules", most=MOST_RULES)
    last = QueueRule.objects.filter(team=team).aggregate(last=Max("position"))["last"] or 0
    rule = QueueRule(team=team, position=last + 1, **as_columns(team, values))
    _saved(rule, "rule_name_taken")
    _changed(actor, team.pk, rule, "rule written", **_rule_data(rule))
    return rule


@transaction.atomic
def edit_rule(actor: Actor, rule: QueueRule, values: Mapping[str, Any]) -> None:
    _locked(actor, rule.team_id)
    before = _rule_data(rule)
    for name, value in as_columns(rule.team, values).items():
        setattr(rule, name, value)
    _saved(rule, "rule_name_taken")
    _changed(actor, rule.team_id, rule, "rule edited", before=before, **_rule_data(rule))


@transaction.atomic
def move_rule(actor: Actor, rule: QueueRule, up: bool) -> bool:
    """One place earlier or later. False where there is no further place."""
    _locked(actor, rule.team_id)
    ordered = list(QueueRule.objects.filter(team=rule.team_id).order_by("position"))
    place = next((n for n, one in enumerate(ordered) if one.pk == rule.pk), None)
    if place is None:
        raise Refusal("rule_gone")
    other = place - 1 if up else place + 1
    if not 0 <= other < len(ordered):
        return False
    mine, its = ordered[place], ordered[other]
    mine.position, its.position = its.position, mine.position
    for one in (mine, its):
        one.save(update_fields=["position"])
    queue_changed(
        actor, rule.team_id, [mine, its], how="rule moved", name=mine.name, position=mine.position
    )
    return True


@transaction.atomic
def remove_rule(actor: Actor, rule: QueueRule) -> None:
    """Cases that it sent keep its name."""
    _locked(actor, rule.team_id)
    found = QueueRule.objects.filter(pk=rule.pk).first()
    if found is None:
        raise Refusal("rule_gone")
    pk, data = found.pk, _rule_data(found)
    found.delete()
    queue_changed(actor, rule.team_id, [(QueueRule, pk)], how="rule removed", **data)


def as_columns(team: Team, given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a rule, validated as far as the database cannot."""
    values = {name: given[name] for name in CONDITIONS if name in given}
    values["name"] = _named(values.get("name", ""))
    values["languages"] = [languages.tag(one) for one in values.get("languages", [])]
    queue, sender = values.get("queue"), values.get("sender")
    if isinstance(queue, Queue) and queue.team_id != team.pk:
        raise Refusal("queue_unknown")
    if isinstance(sender, ServiceAccount) and sender.team_id != team.pk:
        raise Refusal("sender_unknown")
    if not values.get("reviews", True):
        values |= {"queue": None, "hours": None}
    return values


def _rule_data(rule: QueueRule) -> dict[str, Any]:
    """What an event says of a rule: the conditions that it has."""
    values = {name: getattr(rule, name) for name in CONDITIONS}
    values |= {"queue": rule.queue.name if rule.queue else "", "sender": str(rule.sender_id or "")}
    return {name: value for name, value in values.items() if value not in (None, "", [], False)}


def _locked(actor: Actor, team_id: UUID) -> None:
    """Two leads: one after the other."""
    require(actor, Permission.MANAGE_QUEUES, team_id)
    Team.objects.select_for_update().get(pk=team_id)


def _saved(row: Queue | QueueRule, taken: str) -> None:
    """The team is locked, so that nobody else takes the name at the same time in any spelling."""
    others = type(row)._default_manager.filter(team=row.team_id).exclude(pk=row.pk)
    if others.filter(name__iexact=row.name).exists():
        raise Refusal(taken, name=row.name)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if "a_name" in str(error):
            raise Refusal(taken, name=row.name) from error
        raise


def _named(name: str) -> str:
    return named(name, "queue")[:80]


def _deciding(team: Team, people: Collection[User]) -> Sequence[User]:
    allowed = {person.pk for person in deciders(team.pk)}
    if any(person.pk not in allowed for person in people):
        raise Refusal("person_does_not_decide")
    return list(people)


def _check_share(share: float | None) -> None:
    if share is not None and not 0 <= share <= 1:
        raise Refusal("share_out_of_range")


def _share_of(queue: Queue) -> dict[str, float]:
    """For the event, where the queue has a share of its own."""
    return {} if queue.second_share is None else {"second_share": queue.second_share}


def _ids(people: Collection[User]) -> list[str]:
    return sorted(str(person.pk) for person in people)


def _changed(actor: Actor, team_id: UUID, row: Queue | QueueRule, how: str, **data: Any) -> None:
    queue_changed(actor, team_id, [row], how=how, **{"name": row.name, **data})
