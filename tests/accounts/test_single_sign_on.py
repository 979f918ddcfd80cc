"""Logging in through an organisation's own identity provider, against a real one in miniature."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from accounts.models import Membership, Role, Team, User
from accounts.services import group_roles, teams
from accounts.services.invitations import invite
from audit.models import Event
from tests.accounts.conftest import People, is_logged_in

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider(ThreadingHTTPServer):
    """Discovery, token and user info over HTTP; who logs in is set by the test."""

    person: dict[str, Any] = {}
    audience = "touchstone"
    seen: dict[str, list[str]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        url = self.server.url
        if self.path.startswith("/.well-known/"):
            self.answer(
                {
                    "issuer": url,
                    "authorization_endpoint": f"{url}/authorize",
                    "token_endpoint": f"{url}/token",
                    "userinfo_endpoint": f"{url}/userinfo",
                    "jwks_uri": f"{url}/jwks",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            )
        elif self.path == "/userinfo":
            self.answer(self.server.person)
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.seen = parse_qs(self.rfile.read(length).decode())
        now = int(time.time())
        token = jwt.encode(
            {"iss": self.server.url, "aud": self.server.audience, "iat": now, "exp": now + 60,
             **self.server.person},
            KEY, algorithm="RS256",
        )  # fmt: skip
        self.answer({"access_token": "abc", "token_type": "Bearer", "id_token": token})

    def answer(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    server = Provider(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "oidc",
                    "name": "Example SSO",
                    "client_id": "touchstone",
                    "secret": "client secret",
                    "settings": {"server_url": server.url},
                }
            ],
        }
    }
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def sign_on(provider: Provider, client: Client | None = None, **person: Any) -> Client:
    """The whole dance: to the provider and back with its code."""
    client = client or Client()
    provider.person = person
    leave = client.post("/accounts/oidc/oidc/login/")
    assert leave.status_code == 302, leave.content.decode()
    query = parse_qs(urlsplit(leave["Location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    client.get("/accounts/oidc/oidc/login/callback/", {"code": "1", "state": query["state"][0]})
    return client


def test_somebody_known_logs_in(people: People, provider: Provider) -> None:
    """The verified address names the account; the record says that the provider vouched."""
    client = sign_on(
        provider, sub="1", email="Alice@Example.org", email_verified=True, name="Alice A."
    )
    assert is_logged_in(client)
    assert User.objects.count() == 3
    payload = bytes(Event.objects.get(verb="login.succeeded").payload).decode()
    assert '"via":"oidc"' in payload and str(people.alice.pk) in payload
    assert provider.seen["code_verifier"], "PKCE was used"


def test_an_unverified_address_opens_nothing(people: People, provider: Provider) -> None:
    """Who can write any address at the provider does not become Alice."""
    client = sign_on(provider, sub="2", email="alice@example.org", email_verified=False, name="X")
    assert not is_logged_in(client)
    assert User.objects.count() == 3


def test_a_stranger_is_not_let_in(people: People, provider: Provider) -> None:
    """A valid login at the provider is not an invitation."""
    client = sign_on(provider, sub="3", email="eve@example.org", email_verified=True, name="Eve")
    assert not is_logged_in(client)
    assert not User.objects.filter(email="eve@example.org").exists()


def test_somebody_invited_joins(people: People, provider: Provider) -> None:
    """The first login makes the account, without a password, and accepts the invitation."""
    invite(people.actor(people.alice), people.team, "dora@example.org", Role.MODERATOR)
    client = sign_on(
        provider, sub="4", email="Dora@example.org", email_verified=True, name="Dora Winter"
    )
    assert is_logged_in(client)
    dora = User.objects.get(email="dora@example.org")
    assert dora.name == "Dora Winter"
    assert not dora.has_usable_password()
    assert Membership.objects.get(user=dora).team == people.team
    about_dora = Event.objects.filter(object_id=str(dora.pk)).values_list("verb", flat=True)
    assert sorted(about_dora) == ["login.succeeded", "member.joined", "user.created"]
    assert is_logged_in(
        sign_on(provider, sub="4", email="Dora@example.org", email_verified=True, name="D")
    )
    assert User.objects.count() == 4


def test_a_token_for_somebody_else_is_refused(people: People, provider: Provider) -> None:
    """An identity token made for another client does not open ours."""
    provider.audience = "another-client"
    client = sign_on(
        provider, sub="1", email="alice@example.org", email_verified=True, name="Alice"
    )
    assert not is_logged_in(client)


def test_an_answer_nobody_asked_for_is_refused(people: People, provider: Provider) -> None:
    """A callback with a made-up state, as a forger would send it, logs nobody in."""
    provider.person = {"sub": "1", "email": "alice@example.org", "email_verified": True}
    client = Client()
    client.get("/accounts/oidc/oidc/login/callback/", {"code": "1", "state": "made-up"})
    assert not is_logged_in(client)


def test_without_settings_there_is_no_such_door(client: Client, people: People) -> None:
    """No provider configured: the address does not exist and the login page offers none."""
    assert client.post("/accounts/oidc/oidc/login/").status_code == 404
    assert "oidc" not in client.get("/accounts/login/").content.decode()


def bob_signs_on(provider: Provider, *groups: str) -> Client:
    return sign_on(
        provider, sub="9", email="bob@example.org", email_verified=True, name="Bob",
        groups=list(groups),
    )  # fmt: skip


def role_of(email: str, team: Team) -> str | None:
    return (
        Membership.objects.filter(user__email=email, team=team)
        .values_list("role", flat=True)
        .first()
    )


def test_a_group_gives_its_role_and_takes_it_back(people: People, provider: Provider) -> None:
    """Read anew at each sign-in: the highest of the groups, another one, then none."""
    charlie = people.actor(people.charlie)
    group_roles.add(charlie, people.other_team, "readers", Role.VIEWER)
    group_roles.add(charlie, people.other_team, "deciders", Role.MODERATOR)
    assert is_logged_in(bob_signs_on(provider, "readers", "deciders", "tennis"))
    assert role_of("bob@example.org", people.other_team) == Role.MODERATOR
    bob_signs_on(provider, "readers")
    assert role_of("bob@example.org", people.other_team) == Role.VIEWER
    bob_signs_on(provider)
    assert role_of("bob@example.org", people.other_team) is None
    assert role_of("bob@example.org", people.team) == Role.MODERATOR, "given by hand"
    verbs = Event.objects.filter(object_id=str(people.bob.pk), verb__startswith="member.")
    verbs_in_order = list(verbs.order_by("id").values_list("verb", flat=True))
    assert verbs_in_order == ["member.joined", "member.role_changed", "member.removed"]


def test_a_role_given_by_hand_is_not_changed_by_groups(people: People, provider: Provider) -> None:
    """Nor is one that a group gave and a person then changed."""
    group_roles.add(people.actor(people.alice), people.team, "admins", Role.ADMIN)
    bob_signs_on(provider, "admins")
    assert role_of("bob@example.org", people.team) == Role.MODERATOR
    charlie = people.actor(people.charlie)
    group_roles.add(charlie, people.other_team, "readers", Role.VIEWER)
    bob_signs_on(provider, "readers")
    teams.change_role(charlie, people.other_team, people.bob, Role.LEAD)
    bob_signs_on(provider)
    assert role_of("bob@example.org", people.other_team) == Role.LEAD


def test_a_group_with_a_role_lets_a_new_person_in(people: People, provider: Provider) -> None:
    """Without an invitation, but only with an address that the provider has verified."""
    group_roles.add(people.actor(people.alice), people.team, "readers", Role.VIEWER)
    about: dict[str, Any] = {
        "sub": "7",
        "email": "eve@example.org",
        "name": "Eve",
        "groups": ["readers"],
    }
    assert not is_logged_in(sign_on(provider, email_verified=False, **about))
    assert is_logged_in(sign_on(provider, email_verified=True, **about))
    assert role_of("eve@example.org", people.team) == Role.VIEWER


def test_the_last_lead_stays_whatever_the_groups_say(people: People, provider: Provider) -> None:
    group_roles.add(people.actor(people.charlie), people.other_team, "chiefs", Role.ADMIN)
    bob_signs_on(provider, "chiefs")
    Membership.objects.filter(user=people.charlie).delete()
    bob_signs_on(provider)
    assert role_of("bob@example.org", people.other_team) == Role.ADMIN


def test_an_admin_adds_and_removes_groups_on_the_page(
    people: People, provider: Provider, client: Client
) -> None:
    """Never above their own role, and nobody else does."""
    page = f"/teams/{people.team.pk}/sign-in/"
    client.force_login(people.alice)
    response = client.post(page, {"group": " readers ", "role": "viewer"}, follow=True)
    assert "readers" in response.content.decode()
    assert client.post(page, {"group": "readers", "role": "lead"}).status_code == 422
    given = people.team.group_roles.get()
    client.force_login(people.charlie)
    assert client.post(f"{page}groups/{given.pk}/remove/").status_code == 404
    client.force_login(people.bob)
    assert client.post(page, {"group": "x", "role": "viewer"}).status_code == 403
    client.force_login(people.alice)
    client.post(f"{page}groups/{given.pk}/remove/")
    assert not people.team.group_roles.exists()
