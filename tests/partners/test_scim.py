"""SCIM 2.0: what a team's identity provider can do to the team's people and groups, and no more."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from accounts.key_format import digest
from accounts.models import (
    ApiKey,
    GroupRole,
    Membership,
    ProvisionedPerson,
    Role,
    Scope,
    Team,
    User,
)
from accounts.refusals import Refusal
from accounts.roles import ProvisioningScope
from accounts.services import group_roles, people, provisioning_keys
from accounts.services.keys import issue_key, revoke_key
from audit.models import Event
from audit.who import Who
from media_analysis.partners.throttling import CallerThrottle
from tests.factories import MembershipFactory, ServiceAccountFactory, TeamFactory
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, member

ROOT = "/api/scim/v2"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Provider:
    """A team's identity provider."""

    def __init__(self, team: Team) -> None:
        self.team, self.admin = team, member(team, Role.ADMIN)
        self.issued = provisioning_keys.issue(self.admin.actor, team)
        self.client = Client(headers={"Authorization": f"Bearer {self.issued.secret}"})

    def ask(self, method: str, path: str, body: Any = None, expect: int = 200, **query: str) -> Any:
        answer = self.client.generic(
            method, f"{ROOT}{path}", "" if body is None else json.dumps(body),
            content_type="application/scim+json", query_params=query,
        )  # fmt: skip
        assert answer.status_code == expect, (method, path, answer.status_code, answer.content)
        assert answer.status_code == 204 or answer["Content-Type"] == "application/scim+json"
        return answer.json() if answer.content else None

    def add(self, who: str, expect: int = 201, **more: Any) -> Any:
        body = {"schemas": [USER], "userName": f"{who}@newsroom.example", **more}
        return self.ask("POST", "/Users", body, expect)

    def group(self, name: str, *people: Any, **more: Any) -> Any:
        members = [{"value": one["id"]} for one in people]
        body = {"schemas": [GROUP], "displayName": name, "members": members, **more}
        return self.ask("POST", "/Groups", body, 201)

    def patch(self, path: str, *operations: Any, expect: int = 200) -> Any:
        return self.ask("PATCH", path, {"schemas": [PATCH], "Operations": operations}, expect)

    def deactivate(self, person: Any, expect: int = 200) -> Any:
        off = {"op": "replace", "path": "active", "value": False}
        return self.patch(f"/Users/{person['id']}", off, expect=expect)


@pytest.fixture
def provider(team: Team) -> Provider:
    return Provider(team)


@pytest.fixture
def elsewhere(charlie: Person) -> Provider:
    return Provider(charlie.team)


def called(person: Person, name: str) -> None:
    """The person's account has an address that the provider knows, and has proved it."""
    email = f"{name}@newsroom.example"
    User.objects.filter(pk=person.user.pk).update(email=email, name=name.title())
    EmailAddress.objects.filter(user=person.user).update(email=email, verified=True)


def account(name: str) -> User:
    return User.objects.get(email=f"{name}@newsroom.example")


def role(name: str, team: Team) -> str | None:
    return Membership.objects.filter(user=account(name), team=team).values_list(
        "role", flat=True
    ).first()  # fmt: skip


def gives(provider: Provider, group: str, role: Role) -> GroupRole:
    return group_roles.add(provider.admin.actor, provider.team, group, role)


# --- people -------------------------------------------------------------------------------------
def test_a_person_is_added_read_found_replaced_and_patched(provider: Provider) -> None:
    name = {"givenName": "Ada", "familyName": "Byron"}
    made = provider.add("ada", name=name, externalId="e-1", title="Countess")
    assert made["active"] and made["emails"][0]["value"] == "ada@newsroom.example"
    assert "title" not in made and made["meta"]["location"].endswith(f"/Users/{made['id']}")
    assert made["id"] != str(account("ada").pk) and account("ada").name == "Ada Byron"
    assert not account("ada").has_usable_password() and role("ada", provider.team) is None
    assert provider.ask("GET", f"/Users/{made['id']}") == made
    for asked in ('userName eq "ADA@newsroom.example"', 'externalId eq "e-1"',
                  'name.familyName sw "byr" and active eq true'):  # fmt: skip
        found = provider.ask("GET", "/Users", filter=asked)
        assert [one["id"] for one in found["Resources"]] == [made["id"]], asked
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
    shown = provider.ask("GET", f"/Users/{ada['id']}")["groups"]
    assert {one["display"] for one in shown} == {"viewers", "Leads"}
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
    told = provider.deactivate(ada, expect=409)
    assert "last admin" in told["detail"]
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


# --- keys ---------------------------------------------------------------------------------------
def test_only_the_key_of_the_provider_opens_it_and_it_opens_nothing_else(
    provider: Provider, team: Team, alice: Person
) -> None:
    assert provider.client.get("/api/v1/submissions/").status_code == 403
    assert provider.client.get("/api/v1/webhooks/").status_code == 403
    assert alice.client().get(f"{ROOT}/Users").status_code == 401
    partner = ServiceAccountFactory(team=team)
    key = issue_key(provider.admin.actor, partner, "all", list(Scope))
    client = Client(headers={"Authorization": f"Bearer {key.secret}"})
    assert client.get(f"{ROOT}/Users").status_code == 403
    assert Client().get(f"{ROOT}/Users").status_code == 401
    revoke_key(provider.admin.actor, provider.issued.key)
    provider.ask("GET", "/Users", expect=401)


def test_an_admin_makes_and_revokes_its_key_on_the_page(admin: Person, charlie: Person) -> None:
    browser, page = admin.client(), f"/teams/{admin.team.pk}/sign-in/"
    assert "There is no key." in browser.get(page).content.decode()
    made = browser.post(f"{page}scim/", {"days": "365"})
    key = ApiKey.objects.get(service__provisions=True)
    secret = made.context["issued"].secret
    assert secret in made.content.decode() and made["Cache-Control"].count("no-store")
    assert ApiKey.objects.filter(key_sha256=digest(secret)).exists() and key.expires_at
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    assert client.get(f"{ROOT}/Users").status_code == 200
    shown = browser.get(page).content.decode()
    assert key.prefix in shown and secret not in shown
    partners = browser.get(f"/teams/{admin.team.pk}/partners/").content.decode()
    assert key.prefix not in partners and provisioning_keys.NAME not in partners
    assert charlie.client().post(f"{page}scim/{key.pk}/revoke/").status_code == 404
    assert browser.post(f"{page}scim/{key.pk}/revoke/").status_code == 302
    assert client.get(f"{ROOT}/Users").status_code == 401


def test_its_scope_cannot_be_mixed_with_others(provider: Provider, team: Team) -> None:
    partner, wanted = ServiceAccountFactory(team=team), ProvisioningScope.MEMBERS_PROVISION
    for service, scopes in (
        (partner, [wanted]),
        (partner, [wanted, Scope.MEDIA_READ]),
        (provider.issued.key.service, [Scope.MEDIA_READ]),
        (provider.issued.key.service, [wanted, Scope.MEDIA_READ]),
    ):
        with pytest.raises(Refusal) as refused:
            issue_key(provider.admin.actor, service, "x", scopes)
        assert refused.value.code == "scopes_of_another_kind"
    assert not ApiKey.objects.filter(key_sha256=provider.issued.secret).exists()


def test_what_it_does_is_on_record_under_its_key(provider: Provider) -> None:
    gives(provider, "desk", Role.MODERATOR)
    ada = provider.add("ada")
    provider.group("desk", ada)
    provider.deactivate(ada)
    verbs = list(Event.objects.order_by("pk").values_list("verb", flat=True))
    for verb in ("member.provisioned", "user.created", "group.provisioned", "member.joined",
                 "member.removed", "user.deactivated"):  # fmt: skip
        assert verb in verbs, verb


def test_it_has_a_rate_like_every_key(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CallerThrottle, "THROTTLE_RATES", {"read": "2/min", "write": "2/min"})
    for _ in range(2):
        provider.ask("GET", "/Users")
    assert provider.ask("GET", "/Users", expect=429)["status"] == "429"


# --- bad input ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"userName": 5}', b"[" * 100_000, b"\xff\xfe",
     b'{"userName": "a\\u0000@x.org"}', b'{"userName": "\\ud800@x.org"}', b'{"userName": "ada"}',
     b'{"userName": "ada@x.org", "externalId": "' + b"x" * 300 + b'"}',
     b'{"userName": "ada@x.org", "emails": [{"value": "nonsense"}]}'],
)  # fmt: skip
def test_a_body_that_is_none_answers_400_with_a_sentence(provider: Provider, body: bytes) -> None:
    answer = provider.client.post(f"{ROOT}/Users", body, content_type="application/scim+json")
    assert (answer.status_code, answer.json()["status"]) == (400, "400"), answer.content
    assert answer.json()["detail"] and not User.objects.filter(email__contains="ada").exists()


@pytest.mark.parametrize(
    "query",
    [{"filter": "userName eq"}, {"filter": 'nonsense eq "x"'}, {"filter": "(" * 1000},
     {"filter": 'userName eq "\x00"'}, {"sortBy": "emails[", "filter": "userName pr"},
     {"startIndex": "x"}, {"count": "x"}],
)  # fmt: skip
def test_a_question_that_is_none_answers_400(provider: Provider, query: dict[str, str]) -> None:
    answer = provider.client.get(f"{ROOT}/Users", query)
    assert (answer.status_code, answer.json()["status"]) == (400, "400"), answer.content


# --- conformity ---------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_checker_that_nobody_here_wrote_finds_no_deviation(
    transactional_db: None, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """scim2-tester reads what the server can, then adds, reads, replaces, patches and removes."""
    import httpx2
    from scim2_client.engines.httpx2 import SyncSCIMClient
    from scim2_tester import Status, check_server

    monkeypatch.setattr(CallerThrottle, "THROTTLE_RATES", {"read": "9999/s", "write": "9999/s"})
    provider = Provider(TeamFactory(name="Checked"))
    headers = {"Authorization": f"Bearer {provider.issued.secret}"}
    with httpx2.Client(base_url=f"{live_server.url}{ROOT}", headers=headers, timeout=120) as http:
        results = check_server(SyncSCIMClient(http))
    counts = {status: sum(one.status is status for one in results) for status in Status}
    print("\n" + ", ".join(f"{status.name}: {count}" for status, count in counts.items()))
    fine = (Status.SUCCESS, Status.SKIPPED, Status.ACCEPTABLE, Status.COMPLIANT)
    wrong = {f"{one.title} {one.resource_type}": one.reason for one in results
             if one.status not in fine}  # fmt: skip
    # The checker writes another address into `emails`, which we publish as immutable. It leaves
    # other immutable attributes alone, and says in its code that it cannot yet for lists.
    assert "mutability" in str(wrong.pop("object_replacement User", None))
    assert not wrong, wrong
    assert counts[Status.SUCCESS] > 50
