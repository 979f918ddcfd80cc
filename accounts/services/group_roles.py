"""Roles that the identity provider's groups give, read anew at each single sign-on.

Only memberships that a group gave are changed or ended by groups. Those given by hand stay.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from accounts.actors import Actor
from accounts.models import GroupRole, Membership, Team, User
from accounts.refusals import Refusal
from accounts.roles import Permission, Role
from accounts.services.chains import require, team_chain
from accounts.services.notices import tell_if_from_outside
from accounts.services.teams import (
    another_runs_it,
    left,
    locked,
    may_hand_out,
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
    tell_if_from_outside(
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
    """Members that the group made lose their role at their next sign-in."""
    require(actor, Permission.MANAGE_TEAM, given.team_id)
    if GroupRole.objects.filter(pk=given.pk).delete()[0]:
        _recorded(actor, given, "removed")


def groups_of(sociallogin: Any) -> set[str]:
    """From the person's claims; a provider that names none gives none."""
    said: Mapping[str, Any] = sociallogin.account.extra_data or {}
    for source in (said.get("userinfo"), said.get("id_token"), said):
        claim = source.get(settings.OIDC_GROUPS_CLAIM) if isinstance(source, dict) else None
        if isinstance(claim, str):
            return {claim}
        if isinstance(claim, list):
            return {one for one in claim if isinstance(one, str)}
    return set()


def open_a_team(groups: Collection[str]) -> bool:
    return GroupRole.objects.filter(group__in=groups).exists()


def apply(user: User, groups: Collection[str], who: Who) -> None:
    """Joins, changes and ends what groups give; of several groups the highest role counts."""
    wanted: dict[UUID, Role] = {}
    for given in GroupRole.objects.filter(group__in=groups):
        role = Role(given.role)
        known = wanted.get(given.team_id)
        wanted[given.team_id] = role if known is None or role.rank > known.rank else known
    had = Membership.objects.filter(user=user, from_group=True).values_list("team_id", flat=True)
    for team_id in sorted({*wanted, *had}):
        with transaction.atomic():  # one team, one transaction: no order of locks to get wrong
            _apply_in(locked(team_id), user, wanted.get(team_id), who)


def _apply_in(team: Team, user: User, role: Role | None, who: Who) -> None:
    membership = Membership.objects.select_for_update().filter(team=team, user=user).first()
    if membership is None:
        if role is not None:
            _joined(team, user, role, who)
        return
    if not membership.from_group or membership.role == role:
        return
    before = Role(membership.role)
    if before.runs_a_team and not (role and role.runs_a_team):
        try:
            another_runs_it(team, user)
        except Refusal:
            return  # a team never loses its last lead
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
