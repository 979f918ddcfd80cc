"""A team's identity provider that uses SCIM."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import (
    GroupRole,
    Membership,
    Role,
    Team,
    User,
)
from accounts.services import group_roles, provisioning_keys
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
