"""Members join, change roles and leave; a team never loses its last lead."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError, connection, connections, transaction

from accounts.actors import SHELL_ACTOR
from accounts.models import Invitation, Membership, Role, Team, User
from accounts.refusals import Refusal
from accounts.services.invitations import invite
from accounts.services.teams import (
    add_member,
    change_role,
    create_team,
    remove_member,
    rename_team,
)
from audit.models import Event
from audit.services import site_chain
from tests.accounts.conftest import People
from tests.factories import MembershipFactory, TeamFactory, UserFactory
from tests.refusals import forbids


def verbs(team: Team) -> list[str]:
    return list(
        Event.objects.filter(chain=site_chain(f"team:{team.pk}"))
        .order_by("seq")
        .values_list("verb", flat=True)
    )


def test_a_team_is_made_once_per_name(people: People) -> None:
    """The name tells teams apart, whatever its case; the making is an event."""
    team = create_team(SHELL_ACTOR, "  Trust   and Safety ", first_admin=people.alice)
    assert team.name == "Trust and Safety"
    assert verbs(team) == ["team.created", "member.joined"]
    with pytest.raises(Refusal, match="already a team called"):
        create_team(SHELL_ACTOR, "trust AND safety")
    with forbids():
        create_team(people.actor(people.alice), "Mine")


def test_roles_change_with_an_event(people: People) -> None:
    """Alice makes Bob a lead; the record says from what to what."""
    change_role(people.actor(people.alice), people.team, people.bob, Role.LEAD)
    assert Membership.objects.get(team=people.team, user=people.bob).role == Role.LEAD
    assert verbs(people.team) == ["member.role_changed"]


def test_a_member_who_may_not_is_refused(people: People) -> None:
    """Bob moderates; he neither adds, changes nor removes anybody, nor renames the team."""
    bob = people.actor(people.bob)
    for attempt in (
        lambda: add_member(bob, people.team, people.charlie, Role.VIEWER),
        lambda: change_role(bob, people.team, people.bob, Role.ADMIN),
        lambda: remove_member(bob, people.team, people.alice),
        lambda: rename_team(bob, people.team, "Ours"),
    ):
        with forbids():
            attempt()
    assert verbs(people.team) == []


def test_a_stranger_is_refused(people: People) -> None:
    """Charlie is admin elsewhere, which counts for nothing here."""
    charlie = people.actor(people.charlie)
    with forbids():
        add_member(charlie, people.team, people.charlie, Role.VIEWER)
    with forbids():
        remove_member(charlie, people.team, people.bob)


def test_nobody_hands_out_more_than_they_have(people: People) -> None:
    """A lead manages members but makes no admin, and does not touch one."""
    change_role(people.actor(people.alice), people.team, people.bob, Role.LEAD)
    bob = people.actor(people.bob)
    with forbids(match="above your own"):
        add_member(bob, people.team, people.charlie, Role.ADMIN)
    with forbids(match="above your own"):
        change_role(bob, people.team, people.bob, Role.ADMIN)
    with forbids(match="above your own"):
        remove_member(bob, people.team, people.alice)


def test_the_last_lead_stays(people: People) -> None:
    """Alice can neither leave nor step down while nobody else runs the team."""
    alice = people.actor(people.alice)
    with pytest.raises(Refusal, match="Make somebody else a lead first"):
        remove_member(alice, people.team, people.alice)
    with pytest.raises(Refusal, match="last lead or admin"):
        change_role(alice, people.team, people.alice, Role.VIEWER)
    change_role(alice, people.team, people.bob, Role.LEAD)
    remove_member(alice, people.team, people.alice)
    assert not Membership.objects.filter(team=people.team, user=people.alice).exists()


def test_leaving_takes_open_invitations_along(people: People) -> None:
    """Who is no longer in the team cannot let others in by mails already sent."""
    alice = people.actor(people.alice)
    change_role(alice, people.team, people.bob, Role.LEAD)
    invite(people.actor(people.bob), people.team, "dora@example.org", Role.VIEWER)
    remove_member(alice, people.team, people.bob)
    assert not Invitation.objects.open().exists()


@pytest.mark.django_db(transaction=True)
def test_two_leads_cannot_leave_at_once() -> None:
    """Each counts on the other to stay; the lock lets one go and refuses the second."""
    team = TeamFactory()
    leads = [MembershipFactory(team=team, role=Role.LEAD).user for _ in range(2)]
    barrier, answers = threading.Barrier(2), []

    def leave(user: User) -> None:
        from accounts.actors import actor_for_user

        barrier.wait()
        try:
            remove_member(actor_for_user(user, via="password"), team, user)
            answers.append("left")
        except Refusal:
            answers.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=leave, args=(user,)) for user in leads]
    for t in threads:
        t.start()
    for t in threads:
        t.join(20)
    assert sorted(answers) == ["left", "refused"]
    assert Membership.objects.filter(team=team).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_database_keeps_a_lead_by_itself() -> None:
    """Past every service, an UPDATE or DELETE that takes the last lead does not commit."""
    team = TeamFactory()
    lead = MembershipFactory(team=team, role=Role.LEAD)
    MembershipFactory(team=team, role=Role.VIEWER)
    with pytest.raises(IntegrityError, match="without a lead"):
        Membership.objects.filter(pk=lead.pk).update(role=Role.VIEWER)
    with pytest.raises(IntegrityError, match="without a lead"):
        Membership.objects.filter(pk=lead.pk).delete()


@pytest.mark.django_db(transaction=True)
def test_two_leads_cannot_be_deleted_at_once_in_sql() -> None:
    """The trigger takes the team's lock too: concurrent raw deletes do not slip through."""
    team = TeamFactory()
    leads = [MembershipFactory(team=team, role=Role.LEAD) for _ in range(2)]
    MembershipFactory(team=team, role=Role.VIEWER)
    barrier, answers = threading.Barrier(2), []

    def delete(pk: int) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("DELETE FROM accounts_membership WHERE id = %s", [pk])
                barrier.wait()
            answers.append("deleted")
        except IntegrityError:
            answers.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=delete, args=(m.pk,)) for m in leads]
    for t in threads:
        t.start()
    for t in threads:
        t.join(20)
    assert sorted(answers) == ["deleted", "refused"]


def test_the_database_refuses_what_the_models_rule_out(people: People) -> None:
    """Two memberships in one team, unknown roles, upper-case addresses: not even by SQL."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(team=people.team, user=people.bob, role=Role.VIEWER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(user=people.bob).update(role="king")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=people.bob.pk).update(email="Bob@example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(email="alice@example.org")
