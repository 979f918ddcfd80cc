"""SCIM 2.0: what a team's identity provider can do to its people and groups, and no more."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from accounts.models import (
    Membership,
    ProvisionedPerson,
    Role,
    User,
)
from accounts.services import group_roles, people
from audit.who import Who
from tests.factories import MembershipFactory, TeamFactory
from tests.partners.identity_provider import (
    GROUP,
    ROOT,
    USER,
    Provider,
    account,
    called,
    gives,
    role,
)
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, member


# --- people -------------------------------------------------------------------------------------
def test_a_person_is_added_read_found_replaced_and_patched(provider: Provider) -> None:
    name = {"givenName": "Ada", "familyName": "Byron"}
    made = provider.add("ada", name=name, externalId="e-1", title="Countess")
    assert made["active"] and made["emails"][0]["value"] == "ada@newsroom.example"
    assert "title" not in made and made["meta"]["location"].endswith(f"/Users/{made['id']}")
    assert made["id"] != str(account("ada").pk) and account("ada").name == "Ada Byron"
    assert not account("ada").has_usable_password() and role("ada", provider.team) is None
    assert provider.ask("GET", f"/Users/{made['id']}") == made
    for query in ('userName eq "ADA@newsroom.example"', 'externalId eq "e-1"',
                  'name.familyName sw "byr" and active eq true'):  # fmt: skip
        found = provider.ask("GET", "/Users", filter=query)
        assert [one["id"] for one in found["Resources"]] == [made["id"]], query
    none = provider.ask("GET", "/Users", filter='userName eq "nobody@newsroom.example"')
    assert none["totalResults"] == 0
    body = {"schemas": [USER], "userName": "ada.lovelace@newsroom.example", "displayName": "Ada L."}
    replaced = provider.ask("PUT", f"/Users/{made['id']}", body)
    assert replaced["displayName"] == "Ada L." and "name" not in replaced
    assert account("ada").name == "Ada L."  # and the address stays hers
    operations = [{"op": "Replace", "value": {"displayName": "Ada", "externalId": "e-2"}}]
    patched = provider.patch(f"/Users/{made['id']}", *operations)
    assert (patched["displayName"], patched["externalId"]) == ("Ada", "e-2")


def test_a_list_comes_in_pages(provider: Provider) -> None:
    for number in range(5):
        provider.add(f"p{number}")
    page = provider.ask("GET", "/Users", startIndex="2", count="2", sortBy="userName")
    names = [one["userName"] for one in page["Resources"]]
    assert names == ["p1@newsroom.example", "p2@newsroom.example"]
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (5, 2, 2)
    far = provider.ask("GET", "/Users", startIndex="99999999999999999999")
    assert far["totalResults"] == 5 and not far["Resources"]


def test_the_same_person_is_added_once(provider: Provider) -> None:
    provider.add("ada")
    again = provider.add("ADA", expect=409)
    assert (again["status"], again["scimType"]) == ("409", "uniqueness")


def test_deactivation_ends_sessions_and_the_place_in_the_team(provider: Provider) -> None:
    gives(provider, "desk", Role.MODERATOR)
    ada = provider.add("ada")
    provider.group("desk", ada)
    browser = Person(account("ada"), provider.team).client()
    assert browser.get("/").status_code == 200
    provider.deactivate(ada)
    assert browser.get("/").status_code == 302 and not account("ada").is_active
    assert role("ada", provider.team) is None
    assert provider.ask("GET", f"/Users/{ada['id']}")["active"] is False
    on = {"op": "replace", "path": "active", "value": True}
    provider.patch(f"/Users/{ada['id']}", on)
    assert account("ada").is_active and role("ada", provider.team) == Role.MODERATOR


def test_a_removed_person_is_gone_for_the_provider_and_can_come_back(provider: Provider) -> None:
    ada = provider.add("ada")
    provider.ask("DELETE", f"/Users/{ada['id']}", expect=204)
    assert not account("ada").is_active
    provider.ask("GET", f"/Users/{ada['id']}", expect=404)
    again = provider.add("ada")
    assert account("ada").is_active and again["id"] != ada["id"]


def test_whom_a_site_admin_closed_no_provider_opens(provider: Provider, site_admin: Person) -> None:
    ada = provider.add("ada")
    provider.deactivate(ada)
    people.deactivate(site_admin.actor, account("ada"))
    on = {"op": "replace", "path": "active", "value": True}
    provider.patch(f"/Users/{ada['id']}", on, expect=409)
    provider.ask("DELETE", f"/Users/{ada['id']}", expect=204)
    provider.add("ada", expect=409)
    assert not account("ada").is_active


# --- groups -------------------------------------------------------------------------------------
def test_a_group_gives_the_role_of_the_mapping_and_the_highest_counts(provider: Provider) -> None:
    gives(provider, "viewers", Role.VIEWER)
    gives(provider, "id-of-leads", Role.LEAD)
    ada = provider.add("ada")
    provider.group("viewers", ada)
    assert role("ada", provider.team) == Role.VIEWER
    leads = provider.group("Leads", externalId="id-of-leads")
    add = {"op": "add", "path": "members", "value": [{"value": ada["id"]}]}
    provider.patch(f"/Groups/{leads['id']}", add)
    assert role("ada", provider.team) == Role.LEAD
    groups = provider.ask("GET", f"/Users/{ada['id']}")["groups"]
    assert {one["display"] for one in groups} == {"viewers", "Leads"}
    out = {"op": "remove", "path": f'members[value eq "{ada["id"]}"]'}
    provider.patch(f"/Groups/{leads['id']}", out)
    assert role("ada", provider.team) == Role.VIEWER


def test_a_group_without_a_mapping_gives_nothing(provider: Provider) -> None:
    ada = provider.add("ada", roles=[{"value": "admin"}], groups=[{"value": "admins"}])
    provider.group("admin", ada)
    assert role("ada", provider.team) is None


def test_a_mapping_counts_at_once_for_groups_that_are_provisioned(provider: Provider) -> None:
    ada = provider.add("ada")
    provider.group("desk", ada)
    given = gives(provider, "desk", Role.MODERATOR)
    assert role("ada", provider.team) == Role.MODERATOR
    group_roles.remove(provider.admin.actor, given)
    assert role("ada", provider.team) is None


def test_a_role_given_by_hand_stays_whatever_the_groups_say(
    provider: Provider, alice: Person
) -> None:
    gives(provider, "viewers", Role.VIEWER)
    called(alice, "alice")
    made = provider.add("alice")
    group = provider.group("viewers", made)
    provider.ask("DELETE", f"/Groups/{group['id']}", expect=204)
    assert role("alice", provider.team) == Role.MODERATOR


def test_a_renamed_group_gives_what_its_new_name_gives(provider: Provider) -> None:
    gives(provider, "desk", Role.MODERATOR)
    ada = provider.add("ada")
    group = provider.group("new people", ada)
    rename = {"op": "replace", "path": "displayName", "value": "desk"}
    provider.patch(f"/Groups/{group['id']}", rename)
    assert role("ada", provider.team) == Role.MODERATOR


def test_single_sign_on_and_scim_count_together(provider: Provider) -> None:
    gives(provider, "desk", Role.MODERATOR)
    gives(provider, "readers", Role.VIEWER)
    ada = provider.add("ada")
    provider.group("desk", ada)
    who = Who(kind="user", id=str(account("ada").pk), via="oidc")
    for groups in (set(), {"readers"}):
        group_roles.apply(account("ada"), groups, who)
        assert role("ada", provider.team) == Role.MODERATOR
    MembershipFactory(user=account("ada"), team=TeamFactory(), role=Role.VIEWER)
    provider.deactivate(ada)
    group_roles.apply(account("ada"), {"desk"}, who)
    assert account("ada").is_active and role("ada", provider.team) is None


# --- guards -------------------------------------------------------------------------------------
def test_the_last_admin_cannot_be_taken_away(provider: Provider) -> None:
    gives(provider, "admins", Role.ADMIN)
    ada = provider.add("ada")
    group = provider.group("admins", ada)
    lead = member(provider.team, Role.LEAD)
    Membership.objects.filter(user=provider.admin.user).delete()
    assert role("ada", provider.team) == Role.ADMIN and lead.user.is_active
    answer = provider.deactivate(ada, expect=409)
    assert "last admin" in answer["detail"]
    provider.ask("DELETE", f"/Users/{ada['id']}", expect=409)
    provider.patch(f"/Groups/{group['id']}", {"op": "remove", "path": "members"})
    provider.ask("DELETE", f"/Groups/{group['id']}", expect=204)
    assert role("ada", provider.team) == Role.ADMIN and account("ada").is_active
    assert provider.ask("GET", f"/Users/{ada['id']}")["active"] is True


def test_who_belongs_to_another_team_is_not_touched_there(
    provider: Provider, charlie: Person
) -> None:
    gives(provider, "desk", Role.MODERATOR)
    called(charlie, "charlie")
    made = provider.add("charlie", displayName="Somebody Else")
    provider.group("desk", made)
    browser = charlie.client()
    rename = {"op": "replace", "path": "displayName", "value": "Nobody"}
    provider.patch(f"/Users/{made['id']}", rename)
    provider.deactivate(made)
    assert account("charlie").is_active and account("charlie").name == "Charlie"
    assert role("charlie", provider.team) is None and role("charlie", charlie.team) == Role.ADMIN
    assert browser.get("/").status_code == 200


def test_a_site_administrator_is_never_closed(provider: Provider, site_admin: Person) -> None:
    called(site_admin, "boss")
    made = provider.add("boss")
    provider.ask("DELETE", f"/Users/{made['id']}", expect=204)
    assert account("boss").is_active


def test_an_account_that_never_proved_its_address_is_not_given_a_place(provider: Provider) -> None:
    people.new_person("ada@newsroom.example", password="correct horse battery", proved=False)
    provider.add("ada", expect=409)
    assert not ProvisionedPerson.objects.exists()


def test_the_provider_of_another_team_sees_nothing(provider: Provider, elsewhere: Provider) -> None:
    ada = provider.add("ada")
    group = provider.group("desk", ada)
    for kind, one in (("Users", ada), ("Groups", group)):
        assert elsewhere.ask("GET", f"/{kind}")["totalResults"] == 0
        for method in ("GET", "DELETE"):
            elsewhere.ask(method, f"/{kind}/{one['id']}", expect=404)
        elsewhere.ask("PUT", f"/{kind}/{one['id']}", {"userName": "x", "displayName": "x"}, 404)
    body = {"schemas": [GROUP], "displayName": "theirs", "members": [{"value": ada["id"]}]}
    elsewhere.ask("POST", "/Groups", body, 400)
    assert account("ada").is_active


def test_a_mapping_of_another_team_gives_nothing(provider: Provider, elsewhere: Provider) -> None:
    gives(elsewhere, "desk", Role.ADMIN)
    ada = provider.add("ada")
    provider.group("desk", ada)
    assert not Membership.objects.filter(user=account("ada")).exists()


@pytest.mark.django_db(transaction=True)
def test_of_eight_that_add_one_person_at_once_one_does() -> None:
    provider = Provider(TeamFactory(name="Newsroom"))
    body = json.dumps({"schemas": [USER], "userName": "ada@newsroom.example"})

    def once(number: int) -> int:
        try:
            header = {"Authorization": f"Bearer {provider.issued.secret}"}
            answer = Client(headers=header).post(f"{ROOT}/Users", body, "application/scim+json")
            return answer.status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(once, range(8)))
    assert codes == [201, *[409] * 7]
    assert User.objects.filter(email="ada@newsroom.example").count() == 1
