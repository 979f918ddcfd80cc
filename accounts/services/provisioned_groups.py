"""Groups that a team's identity provider sends by SCIM, and the roles they give."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.models import ProvisionedGroup, ProvisionedPerson, Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services import group_roles
from accounts.services.chains import require, team_chain
from accounts.services.teams import locked
from audit.services import record
from audit.verbs import Verb


@dataclass(frozen=True)
class GroupData:
    """What the identity provider says of a group."""

    name: str
    external_id: str
    members: frozenset[UUID]


@transaction.atomic
def add(actor: Actor, team: Team, data: GroupData) -> ProvisionedGroup:
    require(actor, Permission.PROVISION_MEMBERS, team.pk)
    team = locked(team.pk)
    group = ProvisionedGroup(team=team, name=data.name, external_id=data.external_id)
    _saved(group)
    group.members.set(_people(team, data.members))
    _recorded(actor, group, "added")
    _give_roles(actor, team, data.members)
    return group


@transaction.atomic
def change(
    actor: Actor, group: ProvisionedGroup, alter: Callable[[ProvisionedGroup], GroupData]
) -> ProvisionedGroup:
    """`alter` gets the group as it is now and says how it shall be; nobody comes between."""
    team, fresh = _held(actor, group)
    data = alter(fresh)
    before = frozenset(fresh.members.values_list("pk", flat=True))
    renamed = (fresh.name, fresh.external_id) != (data.name, data.external_id)
    if before == data.members and not renamed:
        return fresh
    fresh.name, fresh.external_id = data.name, data.external_id
    _saved(fresh)
    fresh.members.set(_people(team, data.members))
    _recorded(actor, fresh, "changed")
    _give_roles(actor, team, before | data.members if renamed else before ^ data.members)
    return fresh


@transaction.atomic
def remove(actor: Actor, group: ProvisionedGroup) -> None:
    team, fresh = _held(actor, group)
    members = frozenset(fresh.members.values_list("pk", flat=True))
    _recorded(actor, fresh, "removed")
    fresh.delete()
    _give_roles(actor, team, members)


def _held(actor: Actor, group: ProvisionedGroup) -> tuple[Team, ProvisionedGroup]:
    require(actor, Permission.PROVISION_MEMBERS, group.team_id)
    team = locked(group.team_id)
    fresh = ProvisionedGroup.objects.filter(pk=group.pk).first()
    if fresh is None:
        raise Refusal("not_found")
    return team, fresh


def _people(team: Team, wanted: Collection[UUID]) -> list[ProvisionedPerson]:
    found = list(ProvisionedPerson.objects.filter(team=team, removed_at=None, pk__in=wanted))
    if len(found) != len(set(wanted)):
        raise Refusal("provisioned_member_unknown")
    return found


def _saved(group: ProvisionedGroup) -> None:
    group.updated_at = Now()
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        raise Refusal("provisioned_group_known") from error
    group.refresh_from_db(fields=["created_at", "updated_at"])


def _give_roles(actor: Actor, team: Team, members: Collection[UUID]) -> None:
    """Whose groups changed, or whose group was renamed."""
    affected = ProvisionedPerson.objects.filter(pk__in=members)
    group_roles.apply_to(team, affected, actor.who_in(team.pk))


def _recorded(actor: Actor, group: ProvisionedGroup, what: str) -> None:
    record(
        chain=team_chain(group.team_id), verb=Verb.GROUP_PROVISIONED,
        who=actor.who_in(group.team_id), object_type="group", object_id=str(group.pk),
        data={"what": what, "members": group.members.count()},
    )  # fmt: skip
