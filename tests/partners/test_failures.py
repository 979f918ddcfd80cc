"""The answers while the database is unavailable, and after an unexpected error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.db import InterfaceError, OperationalError
from django.test import Client, override_settings

AWAY = (OperationalError("server closed the connection"), InterfaceError("connection closed"))
Break = Callable[[Exception], None]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Break:
    """Before any view runs: a middleware meets the error."""

    def breaks(error: Exception) -> None:
        def raises(self: Any, request: Any) -> None:
            raise error

        monkeypatch.setattr(AuthenticationMiddleware, "process_request", raises)

    return breaks


@pytest.mark.parametrize("error", AWAY)
def test_a_database_that_is_away_is_no_server_error(
    client: Client, broken: Break, error: Exception
) -> None:
    """A program gets a problem with its code, a person a page that says what to do; both may try
    again soon."""
    broken(error)
    response = client.get("/api/v1/submissions/")
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    page = client.get("/review/")
    assert page.status_code == 503 and "try again" in page.content.decode()
    assert {response["Retry-After"], page["Retry-After"]} == {"10"}
    assert "closed" not in response.content.decode() + page.content.decode()


@pytest.mark.parametrize("error", AWAY)
def test_nor_is_it_one_inside_of_the_interface(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    from accounts.api_auth import ApiKeyAuthentication

    def raises(*_: Any) -> None:
        raise error

    monkeypatch.setattr(ApiKeyAuthentication, "authenticate", raises)
    response = client.get("/api/v1/submissions/")
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")


def test_what_nobody_foresaw_is_told_in_the_form_of_the_caller(
    client: Client, broken: Break
) -> None:
    broken(RuntimeError("a secret of ours"))
    response = client.get("/api/v1/submissions/")
    assert (response.status_code, response.json()["code"]) == (500, "server_error")
    assert response["Content-Type"] == "application/problem+json"
    page = client.get("/review/")
    assert page.status_code == 500 and "Something went wrong" in page.content.decode()
    assert "secret" not in response.content.decode() + page.content.decode()


@override_settings(DEBUG=False)
@pytest.mark.parametrize("path", ["500.html", "503.html"])
def test_their_pages_ask_nothing(path: str) -> None:
    """No database is allowed here, and no request is known."""
    from django.template import loader

    assert "<h1>" in loader.get_template(path).render()
