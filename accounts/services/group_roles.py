"""Roles given by groups of the identity provider, updated at each single sign-on.

Only memberships that a group gave are changed or ended by groups. Those given by hand stay.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from accounts.actors import Actor
from accounts.models import (
    GroupRole,
    Membership,
    ProvisionedGroup,
    ProvisionedPerson,
    Team,
    User,
)
from accounts.refusals import Refusal
from accounts.roles import Permission, Role
from accounts.services.chains import require, team_chain
from accounts.services.notices import email_if_from_outside
from accounts.services.teams import (
    left,
    locked,
    may_hand_out,
    others_remain,
    role_given,
)
from audit.services import record
from audit.verbs import Verb
from audit.who import Who

HOW = "group"


@transaction.atomic
def add(actor: Actor, team: Team, group: str, role: Role) -> GroupRole:
    require(actor, Permission.MANAGE_TEAM, team.pk)
    may_hand_out(actor, team.pk, role)
    group = group.strip()
    if not group:
        raise Refusal("group_missing")
    try:
        with transaction.atomic():
            made = GroupRole.objects.create(team=team, group=group, role=role)
    except IntegrityError as error:
        raise Refusal("group_known", group=group) from error
    _recorded(actor, made, "added")
    _applied_to_provisioned(actor, made)
    email_if_from_outside(
        actor,
        team,
        lambda: gettext("a group gives a role"),
        lambda: gettext(
            "The group {group} of the identity provider gives a role in the team {team}: {role}."
        ).format(group=group, team=team, role=role.label),
    )
    return made


@transaction.atomic
def remove(actor: Actor, given: GroupRole) -> None:
    """Members that the group made lose their role at their next sign-in, and at once where the
    identity provider provisions the group."""
    require(actor, Permission.MANAGE_TEAM, given.team_id)
    if GroupRole.objects.filter(pk=given.pk).delete()[0]:
        _recorded(actor, given, "removed")
        _applied_to_provisioned(actor, given)


def groups_of(sociallogin: Any) -> set[str]:
    """From the person's claims; a provider that names none gives none."""
    claims: Mapping[str, Any] = sociallogin.account.extra_data or {}
    for source in (claims.get("userinfo"), claims.get("id_token"), claims):
        claim = source.get(settings.OIDC_GROUPS_CLAIM) if isinstance(source, dict) else None
        if isinstance(claim, str):
            return {claim}
        if isinstance(claim, list):
            return {one for one in claim if isinstance(one, str)}
    return set()


def open_a_team(groups: Collection[str]) -> bool:
    return GroupRole.objects.filter(group__in=groups).exists()


def apply(user: User, groups: Collection[str], who: Who) -> None:
    """Joins, changes and ends what groups give; of several groups the highest role counts, those
    included that the identity provider provisions."""
    wanted = _highest([*GroupRole.objects.filter(group__in=groups), *_provisioned(user)])
    away = ProvisionedPerson.objects.filter(user=user, is_active=False, removed_at=None)
    for team_id in away.values_list("team_id", flat=True):
        wanted.pop(team_id, None)
    had = Membership.objects.filter(user=user, from_group=True).values_list("team_id", flat=True)
    for team_id in sorted({*wanted, *had}):
        with transaction.atomic():  # one team, one transaction: no order of locks to get wrong
            _apply_in(locked(team_id), user, wanted.get(team_id), who)


def apply_provisioned(person: ProvisionedPerson, who: Who) -> None:
    """In the caller's transaction, which holds the team: what its provisioned groups give."""
    wanted = _highest(_provisioned(person.user)).get(person.team_id)
    _apply_in(person.team, person.user, wanted if person.is_active else None, who)


def apply_to(team: Team, people: QuerySet[ProvisionedPerson], who: Who) -> None:
    """The same for those of them who are active; the caller holds the team."""
    for person in people.filter(is_active=True).select_related("user").order_by("pk"):
        person.team = team
        apply_provisioned(person, who)


def _provisioned(user: User) -> Iterator[GroupRole]:
    """What the groups give in whose lists the person stands. A group has a name and an id, and
    speaks for its own team alone."""
    mine = ProvisionedGroup.objects.filter(members__user=user, members__is_active=True)
    for team_id, *names in mine.values_list("team_id", "name", "external_id"):
        yield from GroupRole.objects.filter(team_id=team_id, group__in=filter(None, names))


def _highest(given: Iterable[GroupRole]) -> dict[UUID, Role]:
    found: dict[UUID, Role] = {}
    for one in given:
        role, known = Role(one.role), found.get(one.team_id)
        found[one.team_id] = role if known is None or role.rank > known.rank else known
    return found


def _applied_to_provisioned(actor: Actor, given: GroupRole) -> None:
    named = Q(name=given.group) | Q(external_id=given.group)
    groups = ProvisionedGroup.objects.filter(named, team_id=given.team_id)
    if not groups.exists():
        return
    team = locked(given.team_id)
    people = ProvisionedPerson.objects.filter(groups__in=groups).distinct()
    apply_to(team, people, actor.who_in(team.pk))


def _apply_in(team: Team, user: User, role: Role | None, who: Who) -> None:
    membership = Membership.objects.select_for_update().filter(team=team, user=user).first()
    if membership is None:
        if role is not None:
            _joined(team, user, role, who)
        return
    if not membership.from_group or membership.role == role:
        return
    before = Role(membership.role)
    try:
        others_remain(team, user, before, role)
    except Refusal:
        return  # a team never loses its last lead or admin
    if role is None:
        left(membership, who, {"left": False, "how": HOW})
    else:
        role_given(membership, role, who, {"how": HOW})


def _joined(team: Team, user: User, role: Role, who: Who) -> None:
    made = Membership.objects.create(team=team, user=user, role=role, from_group=True)
    record(
        chain=team_chain(team.pk), verb=Verb.MEMBER_JOINED, who=who, object_type="user",
        object_id=str(user.pk), data={"role": str(role), "how": HOW}, rows=[made],
    )  # fmt: skip


def _recorded(actor: Actor, given: GroupRole, what: str) -> None:
    record(
        chain=team_chain(given.team_id), verb=Verb.TEAM_CHANGED, who=actor.who_in(given.team_id),
        object_type="team", object_id=str(given.team_id),
        data={"changed": ["group_roles"], what: given.group, "role": str(given.role)},
    )  # fmt: skip
