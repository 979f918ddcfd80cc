"""The list of teams, making and naming one, and the roles in plain words."""

from __future__ import annotations

from django.urls import reverse

from accounts import plain_words
from accounts.models import Permission, Role, Team
from accounts.roles import ROLE_PERMISSIONS
from tests.people import Person


def test_every_right_has_words_of_its_own() -> None:
    """A right that is added must be put into words; no two read alike."""
    assert set(plain_words.WORDS) == set(Permission)
    assert len(set(plain_words.WORDS.values())) == len(Permission)


def test_the_table_is_made_from_the_rights_themselves() -> None:
    """Each tick stands for a right in ROLE_PERMISSIONS, and each right for a tick. What only an
    identity provider may do has no line, for no role has it."""
    ticks = {line.words: line.roles for line in plain_words.table()}
    assert len(ticks) == len(Permission) - 1
    for permission, words in plain_words.WORDS.items():
        expected = tuple(permission in ROLE_PERMISSIONS[role] for role in Role)
        if permission is Permission.PROVISION_MEMBERS:
            assert words not in ticks and not any(expected)
        else:
            assert ticks[words] == expected


def test_each_role_is_told_by_what_it_adds() -> None:
    """A moderator's words are the viewer's and more, without repeating them."""
    words = plain_words.in_short(Role.MODERATOR)
    assert words.startswith("All permissions of Viewer") and "claim, decide" in words
    assert "view the media" not in words
    assert "view the media" in plain_words.in_short(Role.VIEWER)


def test_one_team_is_entered_at_once(lead: Person) -> None:
    """A lead of one team lands on its members; the roles stand beside."""
    client = lead.client()
    answer = client.get(reverse("teams:index"))
    assert answer["Location"] == reverse("teams:members", args=[lead.team.pk])
    assert (
        "Claim, decide and reopen cases"
        in client.get(reverse("teams:roles", args=[lead.team.pk])).content.decode()
    )


def test_a_site_administrator_makes_a_team(site_admin: Person, lead: Person) -> None:
    """Made once a name; empty, and honest about it; a lead may not."""
    client = site_admin.client()
    new = reverse("teams:new")
    answer = client.post(new, {"name": "  Fact   desk "}, follow=True)
    assert Team.objects.filter(name="Fact desk").exists()
    assert b"This team has no members yet" in answer.content
    assert client.post(new, {"name": "fact desk"}).status_code == 422
    assert lead.client().post(new, {"name": "mine"}).status_code == 403


def test_an_admin_renames_the_team_and_a_lead_does_not(admin: Person, lead: Person) -> None:
    """The name changes for everybody; the menu offers it only to whoever may."""
    path = reverse("teams:rename", args=[admin.team.pk])
    assert lead.client().post(path, {"name": "Mine"}).status_code == 403
    assert admin.client().post(path, {"name": "Picture desk"}).status_code == 302
    assert Team.objects.get(pk=admin.team.pk).name == "Picture desk"
    page = lead.client().get(reverse("teams:members", args=[admin.team.pk])).content.decode()
    assert path not in page and "Picture desk" in page


def test_the_menu_offers_what_one_may_enter(site_admin: Person, lead: Person) -> None:
    """A lead has no keys, a site administrator no policies of the team's."""
    path = reverse("teams:members", args=[lead.team.pk])
    policies = reverse("teams:policies", args=[lead.team.pk])
    services = reverse("teams:services", args=[lead.team.pk])
    leads, admins = (p.client().get(path).content.decode() for p in (lead, site_admin))
    assert policies in leads and services not in leads
    assert services in admins and policies not in admins
