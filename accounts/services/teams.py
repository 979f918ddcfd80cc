"""Make a team, change a role, remove a member. A team never loses its last lead."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext

from accounts.actors import Actor
from accounts.models import Invitation, Membership, Team, User
from accounts.models.team import MembershipQuerySet
from accounts.refusals import Refusal
from accounts.roles import Permission, Role
from accounts.services.chains import require, team_chain
from accounts.services.notices import email_if_from_outside
from audit.services import record
from audit.verbs import Verb
from audit.who import Who


@transaction.atomic
def create_team(actor: Actor, name: str, *, first_admin: User | None = None) -> Team:
    if not actor.is_site_admin:
        raise Refusal("site_admin_only")
    name = " ".join(name.split())
    if not name:
        raise Refusal("team_name_missing")
    if Team.objects.filter(name__iexact=name).exists():
        raise Refusal("team_name_taken", name=name)
    team = Team.objects.create(name=name)
    record(
        chain=team_chain(team.pk), verb=Verb.TEAM_CREATED, who=actor.who,
        object_type="team", object_id=str(team.pk), rows=[team],
    )  # fmt: skip
    if first_admin is not None:
        add_member(actor, team, first_admin, Role.ADMIN)
    return team


@transaction.atomic
def rename_team(actor: Actor, team: Team, name: str) -> Team:
    require(actor, Permission.MANAGE_TEAM, team.pk)
    name = " ".join(name.split())
    if not name:
        raise Refusal("team_name_missing")
    if Team.objects.filter(name__iexact=name).exclude(pk=team.pk).exists():
        raise Refusal("team_name_taken", name=name)
    team = locked(team.pk)
    team.name = name
    team.save(update_fields=["name"])
    record(
        chain=team_chain(team.pk), verb=Verb.TEAM_CHANGED, who=actor.who_in(team.pk),
        object_type="team", object_id=str(team.pk), data={"changed": ["name"]},
        rows=[team],
    )  # fmt: skip
    return team


@transaction.atomic
def add_member(actor: Actor, team: Team, user: User, role: Role) -> Membership:
    """At once and without asking: for the shell and the administration. People invite."""
    require(actor, Permission.MANAGE_MEMBERS, team.pk)
    may_hand_out(actor, team.pk, role)
    locked(team.pk)
    try:
        with transaction.atomic():
            membership = Membership.objects.create(team=team, user=user, role=role)
    except IntegrityError as error:
        raise Refusal("already_member", person=str(user), team=str(team)) from error
    record(
        chain=team_chain(team.pk), verb=Verb.MEMBER_JOINED, who=actor.who_in(team.pk),
        object_type="user", object_id=str(user.pk), data={"role": str(role), "how": "added"},
        rows=[membership],
    )  # fmt: skip
    email_if_from_outside(
        actor,
        team,
        lambda: gettext("a new member"),
        lambda: gettext("{person} was added to the team {team}. Role: {role}.").format(
            person=user, team=team, role=role.label
        ),
    )
    return membership


@transaction.atomic
def change_role(actor: Actor, team: Team, user: User, role: Role) -> Membership:
    require(actor, Permission.MANAGE_MEMBERS, team.pk)
    locked(team.pk)
    membership = _member(team, user)
    before = Role(membership.role)
    _may_touch(actor, team.pk, before)
    may_hand_out(actor, team.pk, role)
    if before == role:
        return membership
    if before.runs_a_team and not role.runs_a_team:
        another_runs_it(team, user)
    membership.from_group = False  # a role given by hand stays
    membership.save(update_fields=["from_group"])
    role_given(membership, role, actor.who_in(team.pk), {})
    email_if_from_outside(
        actor, team, lambda: gettext("a changed role"),
        lambda: gettext(
            "The role of {person} in the team {team} was changed from {before} to {role}."
        ).format(person=user, team=team, before=before.label, role=role.label),
    )  # fmt: skip
    return membership


@transaction.atomic
def remove_member(actor: Actor, team: Team, user: User) -> None:
    """Anybody may leave; others need the right to manage members."""
    leaving = actor.user is not None and actor.user.pk == user.pk
    if not leaving:
        require(actor, Permission.MANAGE_MEMBERS, team.pk)
    locked(team.pk)
    membership = _member(team, user)
    role = Role(membership.role)
    if not leaving:
        _may_touch(actor, team.pk, role)
    if role.runs_a_team:
        another_runs_it(team, user)
    left(membership, actor.who_in(team.pk), {"left": leaving})


def role_given(membership: Membership, role: Role, who: Who, how: dict[str, Any]) -> None:
    """In the caller's transaction, which holds the team: another role, and its event."""
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    withdrawn = Invitation.objects.all().end_those_of(membership.user)
    record(
        chain=team_chain(membership.team_id), verb=Verb.MEMBER_ROLE_CHANGED, who=who,
        object_type="user", object_id=str(membership.user_id),
        data={"from": str(before), "to": str(role), "invitations_withdrawn": withdrawn, **how},
        rows=[membership],
    )  # fmt: skip


def left(membership: Membership, who: Who, how: dict[str, Any]) -> None:
    """In the caller's transaction, which holds the team: the end of a membership."""
    team_id, user_id, role = membership.team_id, membership.user_id, str(membership.role)
    gone = (Membership, membership.pk)
    membership.delete()
    # What they promised others in the team's name ends with their place in it.
    promised = Invitation.objects.pending().filter(team=team_id, invited_by=user_id)
    withdrawn = promised.update(revoked_at=Now())
    record(
        chain=team_chain(team_id), verb=Verb.MEMBER_REMOVED, who=who,
        object_type="user", object_id=str(user_id),
        data={"role": role, "invitations_withdrawn": withdrawn, **how}, rows=[gone],
    )  # fmt: skip


def locked(team_id: UUID) -> Team:
    """Whoever changes a team's members holds its row: two leads cannot leave at once."""
    return Team.objects.select_for_update().get(pk=team_id)


def _member(team: Team, user: User) -> Membership:
    membership = Membership.objects.select_for_update().filter(team=team, user=user).first()
    if membership is None:
        raise Refusal("not_member", person=str(user), team=str(team))
    return membership


def another_runs_it(team: Team, user: User, among: MembershipQuerySet | None = None) -> None:
    members = Membership.objects.all() if among is None else among
    if not members.who_run_a_team().filter(team=team).exclude(user=user).exists():
        raise Refusal("last_lead", person=str(user), team=str(team))


def others_remain(team: Team, user: User, before: Role, after: Role | None) -> None:
    """For changes that no person makes: the team keeps a lead or admin, and an admin if it had
    one. Somebody whose account is closed does not count."""
    others = Membership.objects.filter(team=team, user__is_active=True).exclude(user=user)
    if before.runs_a_team and not (after and after.runs_a_team):
        another_runs_it(team, user, others)
    if before == Role.ADMIN != after and not others.filter(role=Role.ADMIN).exists():
        raise Refusal("last_admin", person=str(user), team=str(team))


def may_hand_out(actor: Actor, team_id: UUID, role: Role) -> None:
    own = actor.role_in(team_id)
    if actor.is_site_admin or (own is not None and role.rank <= own.rank):
        return
    raise Refusal("role_above_yours", role=str(role))


def _may_touch(actor: Actor, team_id: UUID, role: Role) -> None:
    own = actor.role_in(team_id)
    if actor.is_site_admin or (own is not None and role.rank <= own.rank):
        return
    raise Refusal("member_above_you")
