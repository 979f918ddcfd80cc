"""The rights of every role: the whole matrix, written by hand a second time."""

from __future__ import annotations

import pytest

from accounts.actors import ANONYMOUS, actor_for_user
from accounts.models import Membership, Permission, Role, Scope, Team, User
from accounts.roles import (
    ROLE_PERMISSIONS,
    SCOPE_PERMISSIONS,
    SITE_ADMIN_PERMISSIONS,
    ProvisioningScope,
)
from tests.accounts.conftest import People
from tests.factories import MembershipFactory

MATRIX = """
permission                viewer moderator lead admin
submissions.view          yes    yes       yes  yes
submissions.submit        -      yes       yes  yes
submissions.cancel        -      yes       yes  yes
submissions.export        -      -         yes  yes
submissions.request_deletion -   -         yes  yes
submissions.answer_deletion -    -         -    yes
submissions.hold          -      -         -    yes
submissions.retention     -      -         -    yes
media.view                yes    yes       yes  yes
cases.view                yes    yes       yes  yes
reports.view              yes    yes       yes  yes
cases.decide              -      yes       yes  yes
decisions.appeal          yes    yes       yes  yes
dashboard.view            -      -         yes  yes
submissions.retry         -      -         yes  yes
members.view              yes    yes       yes  yes
members.manage            -      -         yes  yes
members.provision         -      -         -    -
queues.manage             -      -         yes  yes
policies.manage           -      -         yes  yes
keys.manage               -      -         -    yes
keys.revoke               -      -         -    yes
webhooks.manage           -      -         -    yes
sources.manage            -      -         -    yes
team.manage               -      -         -    yes
"""
_head, *_rows = [line.split() for line in MATRIX.strip().splitlines()]
CELLS = [
    (Permission(row[0]), Role(role), answer == "yes")
    for row in _rows
    for role, answer in zip(_head[1:], row[1:], strict=True)
]


def test_the_matrix_names_every_permission() -> None:
    """A permission that is added must be decided here for every role."""
    assert {permission for permission, _, _ in CELLS} == set(Permission)
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert set(SCOPE_PERMISSIONS) == {*Scope, *ProvisioningScope}


@pytest.mark.parametrize(("permission", "role", "expected"), CELLS)
def test_role_allows(db: None, permission: Permission, role: Role, expected: bool) -> None:
    """Each role does exactly what the matrix says, in its own team and in no other."""
    membership = MembershipFactory(role=role)
    elsewhere = Team.objects.create(name="elsewhere")
    actor = actor_for_user(membership.user, via="password")
    assert actor.can(permission, membership.team_id) is expected
    assert actor.team_ids(permission) == ([membership.team_id] if expected else [])
    assert not actor.can(permission, elsewhere.pk)


@pytest.mark.parametrize("permission", list(Permission))
def test_nobody_may_nothing(people: People, permission: Permission) -> None:
    """Without a login every question is answered no."""
    assert not ANONYMOUS.can(permission, people.team.pk)
    assert ANONYMOUS.team_ids(permission) == []


@pytest.mark.parametrize("permission", list(Permission))
def test_a_site_administrator_runs_teams_but_sees_no_media(
    people: People, site_admin: User, permission: Permission
) -> None:
    """Running the house gives no look at what teams examine."""
    actor = actor_for_user(site_admin, via="password")
    expected = permission in SITE_ADMIN_PERMISSIONS
    assert actor.can(permission, people.team.pk) is expected
    assert set(actor.team_ids(permission)) == (
        {people.team.pk, people.other_team.pk} if expected else set()
    )
    assert not SITE_ADMIN_PERMISSIONS & {
        Permission.VIEW_MEDIA,
        Permission.VIEW_SUBMISSIONS,
        Permission.DECIDE_CASES,
        Permission.MANAGE_KEYS,
    }


def test_querysets_start_from_the_actor(people: People) -> None:
    """Charlie's queries find his own team and nothing of Alice's; foreign ids look missing."""
    charlie = people.actor(people.charlie)
    assert list(Team.objects.for_actor(charlie)) == [people.other_team]
    assert not Team.objects.for_actor(charlie).filter(pk=people.team.pk).exists()
    assert {m.user for m in Membership.objects.for_actor(charlie)} == {people.charlie}
    assert {m.user for m in Membership.objects.for_actor(people.actor(people.bob))} == {
        people.alice,
        people.bob,
    }
    assert not Team.objects.for_actor(ANONYMOUS).exists()
