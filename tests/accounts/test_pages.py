"""Every page of the account opens, in our layout, for those it is for."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.accounts.conftest import People, log_in
from tests.factories import PASSWORD

OPEN = ["/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/",
        "/accounts/signup/", "/accounts/inactive/", "/accounts/confirm-email/"]  # fmt: skip
OWN = ["/accounts/logout/", "/accounts/email/", "/accounts/password/change/", "/accounts/2fa/",
       "/accounts/2fa/webauthn/", "/accounts/sessions/", "/accounts/3rdparty/",
       "/accounts/reauthenticate/"]  # fmt: skip
GUARDED = ["/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/"]


@pytest.mark.parametrize("path", OPEN)
def test_open_pages(client: Client, db: None, path: str) -> None:
    """Anybody may see them; nothing in them is inline script, which the policy forbids."""
    page = client.get(path)
    assert page.status_code == 200
    assert "Touchstone</title>" in page.content.decode()


@pytest.mark.parametrize("path", OWN + GUARDED)
def test_own_pages(people: People, path: str) -> None:
    """With a login they open (the guarded ones after the password again), without one they lead
    to it."""
    stranger = Client()
    assert "/accounts/login/" in stranger.get(path, follow=True).redirect_chain[-1][0]
    client = Client()
    log_in(client, "alice@example.org", PASSWORD)
    if path in GUARDED:
        assert client.get(path)["Location"].startswith("/accounts/reauthenticate/")
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get(path)
    assert page.status_code == 200
    assert "Touchstone</title>" in page.content.decode()


def test_too_many_requests_are_told_so(client: Client, db: None, settings: Any) -> None:
    """One network address that keeps trying accounts is stopped, with a page that says so. Hours
    instead of minutes, so that a slow machine does not outlive the limit."""
    assert set(settings.ACCOUNT_RATE_LIMITS) == {"login", "login_failed"}
    settings.ACCOUNT_RATE_LIMITS = {"login": "4/h/ip", "login_failed": "3/h/ip"}
    answers = [log_in(client, f"p{n}@example.org", "wrong password wrong") for n in range(5)]
    assert ["came from your network address" in a.content.decode() for a in answers[:4]] == [
        False, False, False, True,
    ]  # fmt: skip
    assert answers[4].status_code == 429
    assert "Wait a minute" in answers[4].content.decode()
