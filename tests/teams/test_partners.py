"""Service accounts and keys by page: shown once, revoked at once, never another team's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import ApiKey, Scope, ServiceAccount
from accounts.services import keys
from audit.models import Event
from tests.people import Person

FORM = {"name": "staging", "scopes": ["submissions:read"], "days": "30", "networks": ""}


def url(name: str, person: Person, *more: Any) -> str:
    return reverse(f"teams:{name}", args=[person.team.pk, *more])


@pytest.fixture
def service(admin: Person) -> ServiceAccount:
    return keys.create_service_account(admin.actor, admin.team, "Wire")


def issue(admin: Person, service: ServiceAccount, **more: Any) -> str:
    answer = admin.client().post(url("new_key", admin, service.pk), FORM | more)
    assert answer.status_code == 200, answer.content.decode()
    found = re.search(r"tsk_[0-9A-Za-z]{36}", answer.content.decode())
    assert found and "no-store" in answer["Cache-Control"]
    return found.group()


def calls(secret: str) -> int:
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    return client.get(reverse("api:submission-list")).status_code


def test_from_nothing_to_a_working_key(admin: Person) -> None:
    """Add an account, issue a key, call with it; the empty list showed the way."""
    client = admin.client()
    assert b"No program calls the API for this team" in client.get(url("services", admin)).content
    answer = client.post(url("new_service", admin), {"name": "Wire"})
    service = ServiceAccount.objects.get()
    assert answer["Location"] == url("new_key", admin, service.pk)
    assert calls(issue(admin, service)) == 200


def test_the_key_is_shown_once_and_kept_by_nobody(admin: Person, service: ServiceAccount) -> None:
    """Neither the list, nor the row, nor the record has it."""
    secret = issue(admin, service)
    page = admin.client().get(url("services", admin)).content.decode()
    assert secret not in page and secret[:10] in page
    assert secret not in str(ApiKey.objects.values())
    assert all(secret not in bytes(event.payload).decode() for event in Event.objects.all())


def test_scopes_expiry_and_networks_are_kept(admin: Person, service: ServiceAccount) -> None:
    """What the form says is what the key may."""
    networks = "192.0.2.0/24\n2001:db8::/32"
    issue(admin, service, scopes=["submissions:write"], days="", networks=networks)
    key = ApiKey.objects.get()
    assert key.scopes == ["submissions:write"] and key.expires_at is None
    assert key.allowed_networks == ["192.0.2.0/24", "2001:db8::/32"]
    page = admin.client().get(url("services", admin)).content.decode()
    assert "Send media" in page and "192.0.2.0/24" in page and "no expiry date" in page


@pytest.mark.parametrize(
    "wrong", [{"networks": "here"}, {"scopes": []}, {"scopes": ["all"]}, {"days": "9999"}]
)
def test_a_wrong_form_issues_nothing(
    admin: Person, service: ServiceAccount, wrong: dict[str, Any]
) -> None:
    """422 with a sentence, and no key."""
    answer = admin.client().post(url("new_key", admin, service.pk), FORM | wrong)
    assert answer.status_code == 422 and not ApiKey.objects.exists()


def test_a_key_is_revoked_after_a_question(admin: Person, service: ServiceAccount) -> None:
    """GET asks and it still works; POST revokes, and it works no more; used keys say when."""
    secret = issue(admin, service)
    assert calls(secret) == 200
    key = ApiKey.objects.get()
    client = admin.client()
    assert b"last used" in client.get(url("revoke_key", admin, key.pk)).content
    assert calls(secret) == 200
    client.post(url("revoke_key", admin, key.pk))
    assert calls(secret) == 401
    assert b"no longer works" in client.get(url("services", admin)).content
    answer = client.post(url("revoke_key", admin, key.pk), follow=True)
    assert b"already revoked" in answer.content


def test_a_key_is_replaced_on_its_page(admin: Person, service: ServiceAccount) -> None:
    """The new one is shown once; the list says until when the old one works."""
    old = issue(admin, service)
    key = ApiKey.objects.get()
    client = admin.client()
    assert key.prefix.encode() in client.get(url("replace_key", admin, key.pk)).content
    response = client.post(url("replace_key", admin, key.pk), {"overlap": "24", "days": "90"})
    (new,) = set(re.findall(r"tsk_[A-Za-z0-9]{36}", response.content.decode())) - {old}
    assert (calls(old), calls(new)) == (200, 200)
    assert (
        response["Cache-Control"] and new not in client.get(url("services", admin)).content.decode()
    )
    wrong = client.post(url("replace_key", admin, key.pk), {"overlap": "9999"})
    assert wrong.status_code == 422 and ApiKey.objects.count() == 2
    client.post(url("revoke_key", admin, key.pk))
    again = client.post(url("replace_key", admin, key.pk), {"overlap": "24"})
    assert again.status_code == 422 and b"already revoked" in again.content


def test_closing_an_account_ends_all_its_keys(admin: Person, service: ServiceAccount) -> None:
    """After a question that names them; no new key can be issued."""
    secrets = [issue(admin, service), issue(admin, service, name="other")]
    client = admin.client()
    assert b"2 active keys stop" in client.get(url("close_service", admin, service.pk)).content
    client.post(url("close_service", admin, service.pk))
    assert {calls(secret) for secret in secrets} == {401}
    assert b"is closed" in client.get(url("new_key", admin, service.pk)).content
    assert client.post(url("new_key", admin, service.pk), FORM).status_code == 422


def test_a_lead_and_charlie_reach_no_key(
    admin: Person, lead: Person, charlie: Person, service: ServiceAccount
) -> None:
    """A lead is refused, Charlie finds nothing, not even through his own team."""
    issue(admin, service)
    key = ApiKey.objects.get()
    assert lead.client().get(url("services", lead)).status_code == 403
    client = charlie.client()
    for person in (admin, charlie):
        for name, thing in (("revoke_key", key), ("replace_key", key), ("close_service", service),
                            ("new_key", service)):  # fmt: skip
            assert client.post(url(name, person, thing.pk), FORM).status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None and ApiKey.objects.count() == 1


@pytest.mark.parametrize("number", [1, 5])
def test_the_number_of_queries_does_not_grow(
    number: int, admin: Person, django_assert_num_queries: Callable[..., Any]
) -> None:
    """One account with one key costs as much as five with five."""
    for name in range(number):
        service = keys.create_service_account(admin.actor, admin.team, f"Wire {name}")
        for _ in range(number):
            keys.issue_key(admin.actor, service, "key", [Scope.SUBMISSIONS_READ])
    client = admin.client()
    with django_assert_num_queries(8):
        client.get(url("services", admin))
