"""An invitation ends when its sender loses the right to invite."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.actors import SHELL_ACTOR, actor_for_user
from accounts.models import Invitation, Membership, Role, User
from accounts.refusals import Refusal
from accounts.services import invitations
from accounts.services import people as persons
from accounts.services.invitations import accept_as_new_person, invite
from accounts.services.teams import change_role, remove_member
from audit.models import Event
from tests.accounts.conftest import People
from tests.factories import MembershipFactory, UserFactory

PASSWORD = "marble otter violin sunday"


@pytest.fixture
def lead(people: People) -> User:
    """Bob's colleague who invites; Alice, the admin, stays."""
    return MembershipFactory(team=people.team, role=Role.LEAD).user


def demote(people: People, lead: User) -> None:
    change_role(people.actor(people.alice), people.team, lead, Role.MODERATOR)


def remove(people: People, lead: User) -> None:
    remove_member(people.actor(people.alice), people.team, lead)


def leave(people: People, lead: User) -> None:
    remove_member(people.actor(lead), people.team, lead)


def deactivate(people: People, lead: User) -> None:
    persons.deactivate(SHELL_ACTOR, lead)


def erase(people: People, lead: User) -> None:
    persons.erase(SHELL_ACTOR, lead)


@pytest.mark.parametrize("lose", [demote, remove, leave, deactivate, erase])
def test_an_invitation_ends_with_the_right_of_its_inviter(
    people: People, lead: User, lose: Callable[[People, User], None]
) -> None:
    """The link is dead, single sign-on is not awaited, and the loss says how many ended."""
    invited = invite(people.actor(lead), people.team, "dora@example.org", Role.MODERATOR)
    token = invited.link.rstrip("/").rsplit("/", 1)[1]
    assert invitations.find(token) and invitations.is_awaited("dora@example.org")
    lose(people, lead)
    assert invitations.find(token) is None and not invitations.is_awaited("dora@example.org")
    with pytest.raises(Refusal, match="can no longer be used"):
        accept_as_new_person(token, name="Dora", password=PASSWORD)
    assert not User.objects.filter(email="dora@example.org").exists()
    invited.invitation.refresh_from_db()
    assert invited.invitation.revoked_at is not None
    contents = [event.content["data"] for event in Event.objects.filter(object_id=str(lead.pk))]
    assert [
        data["invitations_withdrawn"] for data in contents if "invitations_withdrawn" in data
    ] == [1]


def test_it_does_not_come_back_with_the_right(people: People, lead: User) -> None:
    """Demoted and promoted again: what was promised before stays ended."""
    invited = invite(people.actor(lead), people.team, "dora@example.org", Role.MODERATOR)
    demote(people, lead)
    change_role(people.actor(people.alice), people.team, lead, Role.LEAD)
    assert not Invitation.objects.open().filter(pk=invited.invitation.pk).exists()


def test_only_what_is_above_the_new_role_ends(people: People) -> None:
    """An admin who becomes a lead could still invite a viewer, and no longer an admin."""
    eve = MembershipFactory(team=people.team, role=Role.ADMIN).user
    low = invite(people.actor(eve), people.team, "low@example.org", Role.VIEWER).invitation
    high = invite(people.actor(eve), people.team, "high@example.org", Role.ADMIN).invitation
    change_role(people.actor(people.alice), people.team, eve, Role.LEAD)
    assert list(Invitation.objects.open()) == [low]
    high.refresh_from_db()
    assert high.revoked_at is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda lead: Membership.objects.filter(user=lead).update(role=Role.VIEWER),
        lambda lead: Membership.objects.filter(user=lead).delete(),
        lambda lead: User.objects.filter(pk=lead.pk).update(is_active=False),
    ],
)
def test_it_is_dead_whichever_way_the_right_was_lost(
    people: People, lead: User, change: Callable[[User], object]
) -> None:
    """The rows are asked when the link is opened, so no verb can be forgotten."""
    invite(people.actor(lead), people.team, "dora@example.org", Role.MODERATOR)
    change(lead)
    assert not Invitation.objects.open().exists()


def test_a_site_administrators_invitation_ends_with_the_office(people: People) -> None:
    """Belongs to no team, so nothing else carried it. The shell's own stand."""
    root = UserFactory(is_superuser=True, is_staff=True)
    invite(actor_for_user(root, via="password"), people.team, "dora@example.org", Role.ADMIN)
    by_shell = invite(SHELL_ACTOR, people.team, "eve@example.org", Role.ADMIN).invitation
    assert Invitation.objects.open().count() == 2
    User.objects.filter(pk=root.pk).update(is_superuser=False)
    assert list(Invitation.objects.open()) == [by_shell]
