"""Members and invitations: who may change whom, what the last lead is told, the letter's text."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation, Membership, Role, Team
from accounts.services.chains import team_chain
from audit.models import Event
from audit.verbs import Verb
from tests.people import Person, member


def url(name: str, team: Team, *more: Any) -> str:
    return reverse(f"teams:{name}", args=[team.pk, *more])


def role_of(person: Person) -> str | None:
    found = Membership.objects.filter(team=person.team, user=person.user)
    return found.values_list("role", flat=True).first()


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_page_lists_members_and_invitations(lead: Person, alice: Person) -> None:
    """People with their roles; an empty list of invitations says so."""
    page = text(lead.client().get(url("members", lead.team)))
    assert alice.user.email in page and lead.user.email in page
    assert "No open invitations" in page


def test_charlie_finds_no_such_team(charlie: Person, lead: Person, alice: Person) -> None:
    """Another team's pages and people answer like missing ones, through one's own team too."""
    client = charlie.client()
    assert client.get(url("members", lead.team)).status_code == 404
    for name in ("change_role", "remove"):
        for team in (lead.team, charlie.team):
            answer = client.post(url(name, team, alice.user.pk), {"role": "viewer"})
            assert answer.status_code == 404
    assert role_of(alice) == Role.MODERATOR


def test_a_lead_changes_a_role(lead: Person, alice: Person) -> None:
    """The message names both roles, and the event is in the team's chain."""
    answer = lead.client().post(
        url("change_role", lead.team, alice.user.pk), {"role": "viewer"}, follow=True
    )
    assert "Viewer. Previously: Moderator." in text(answer)
    assert role_of(alice) == Role.VIEWER
    event = Event.objects.get(chain=team_chain(lead.team.pk), verb=Verb.MEMBER_ROLE_CHANGED)
    changed = {"from": "moderator", "to": "viewer", "invitations_withdrawn": 0}
    assert event.content["data"] == changed


def test_a_lead_cannot_make_or_touch_an_admin(lead: Person, admin: Person, alice: Person) -> None:
    """The form does not offer it, and a forged one changes nothing."""
    client = lead.client()
    assert "above your own role" in text(client.get(url("members", lead.team)))
    client.post(url("change_role", lead.team, alice.user.pk), {"role": "admin"})
    assert role_of(alice) == Role.MODERATOR
    answer = client.post(url("change_role", lead.team, admin.user.pk), {"role": "viewer"})
    assert answer.status_code == 403 and role_of(admin) == Role.ADMIN
    assert client.post(url("remove", lead.team, admin.user.pk)).status_code == 403
    assert role_of(admin) == Role.ADMIN


def test_the_last_lead_stays(lead: Person) -> None:
    """Neither stepping down nor leaving is possible, and the page says what to do."""
    client = lead.client()
    answer = client.post(
        url("change_role", lead.team, lead.user.pk), {"role": "viewer"}, follow=True
    )
    assert "Make somebody else a lead first" in text(answer)
    client.post(url("remove", lead.team, lead.user.pk))
    assert role_of(lead) == Role.LEAD


def test_removing_asks_first(lead: Person, alice: Person) -> None:
    """GET asks and changes nothing; POST removes; the page is closed to them at once."""
    client = lead.client()
    theirs = alice.client()
    assert "Remove" in text(client.get(url("remove", lead.team, alice.user.pk)))
    assert role_of(alice) == Role.MODERATOR
    answer = client.post(url("remove", lead.team, alice.user.pk), follow=True)
    assert "no longer belongs" in text(answer) and role_of(alice) is None
    assert theirs.get(reverse("submissions:submit")).context["form"].fields.get("team") is None or (
        not theirs.get(reverse("submissions:history")).context.get("may_submit")
    )


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MODERATOR])
def test_who_runs_no_team_is_refused(role: Role, alice: Person) -> None:
    """A member without the right is told so; nothing of the page is shown."""
    client = member(alice.team, role).client()
    assert client.get(url("members", alice.team)).status_code == 403
    assert client.post(url("invite", alice.team), {"email": "x@example.org"}).status_code == 403
    assert client.get(reverse("teams:index")).status_code == 403


def test_an_invitation_is_mailed_and_its_link_shown_once(
    lead: Person, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    """The letter says who, where, as what, until when. The link shown is another than the mailed
    one, and the list shows neither."""
    client = lead.client()
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(
            url("invite", lead.team), {"email": "Dora@Example.org", "role": "moderator"}
        )
    (letter,) = mail.outbox
    assert letter.to == ["dora@example.org"] and "Newsroom" in letter.subject
    for part in (str(lead.user), "Newsroom", "Moderator", "7 days", "ignore this message"):
        assert part in letter.body
    link = next(line for line in letter.body.splitlines() if "/accounts/invitation/" in line)
    found = re.search(r"http\S+/accounts/invitation/[\w-]{20,}/", text(answer))
    assert found and found.group() not in letter.body and link.strip() not in text(answer)
    page = text(client.get(url("members", lead.team)))
    assert "dora@example.org" in page and "/accounts/invitation/" not in page


def test_a_lead_cannot_invite_an_admin(lead: Person) -> None:
    """The form says so, and no invitation is made."""
    answer = lead.client().post(
        url("invite", lead.team), {"email": "dora@example.org", "role": "admin"}
    )
    assert answer.status_code == 422 and not Invitation.objects.exists()


def test_who_belongs_already_is_not_invited(lead: Person, alice: Person) -> None:
    """One clear sentence beside the field."""
    answer = lead.client().post(
        url("invite", lead.team), {"email": alice.user.email, "role": "viewer"}
    )
    assert answer.status_code == 422 and "already belongs to Newsroom" in text(answer)


def test_a_broken_mail_server_loses_no_invitation(
    lead: Person, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """The invitation stands, and whoever sent it is told by the service that no letter went out."""
    from accounts.services import invitations

    def broken(*args: Any, **kwargs: Any) -> None:
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr(invitations, "send_mail", broken)
    with django_capture_on_commit_callbacks(execute=True):
        invited = invitations.invite(lead.actor, lead.team, "dora@example.org", Role.VIEWER)
    assert invited.mailed is False and Invitation.objects.open().exists()


def test_sending_again_replaces_the_link(lead: Person) -> None:
    """One working link a mailbox: the earlier one is withdrawn by the new one."""
    client = lead.client()
    client.post(url("invite", lead.team), {"email": "dora@example.org", "role": "viewer"})
    first = Invitation.objects.get()
    answer = client.post(url("invite_again", lead.team, first.pk))
    assert "is invited" in text(answer)
    first.refresh_from_db()
    assert first.revoked_at is not None
    assert Invitation.objects.open().count() == 1


def test_an_expired_or_withdrawn_one_can_be_sent_again(lead: Person) -> None:
    """Withdrawing asks no question, because inviting again undoes it."""
    client = lead.client()
    client.post(url("invite", lead.team), {"email": "dora@example.org", "role": "viewer"})
    invitation = Invitation.objects.get()
    client.post(url("withdraw", lead.team, invitation.pk))
    assert not Invitation.objects.open().exists()
    page = text(client.get(url("members", lead.team)))
    assert "Withdrawn" in page and "Invite again" in page
    Invitation.objects.update(revoked_at=None, expires_at=timezone.now() - timedelta(days=1))
    assert "Expired" in text(client.get(url("members", lead.team)))
    client.post(url("invite_again", lead.team, invitation.pk))
    assert Invitation.objects.open().count() == 1


def test_another_teams_invitation_is_not_there(lead: Person, charlie: Person) -> None:
    """Its id answers like a missing one, through the own team as well."""
    lead.client().post(url("invite", lead.team), {"email": "dora@example.org", "role": "viewer"})
    invitation = Invitation.objects.get()
    for team in (lead.team, charlie.team):
        for name in ("withdraw", "invite_again"):
            answer = charlie.client().post(url(name, team, invitation.pk))
            assert answer.status_code == 404
    assert Invitation.objects.open().exists()


@pytest.mark.parametrize("people", [1, 8])
def test_the_number_of_queries_does_not_grow(
    people: int, lead: Person, django_assert_num_queries: Callable[..., Any]
) -> None:
    """One member or nine, one invitation or eight: the same number of queries."""
    client = lead.client()
    for number in range(people):
        member(lead.team, Role.VIEWER)
        client.post(url("invite", lead.team), {"email": f"p{number}@x.org", "role": "viewer"})
    with django_assert_num_queries(QUERIES):
        client.get(url("members", lead.team))


QUERIES = 7
"""Session, person, memberships, team, members, open and closed invitations."""
