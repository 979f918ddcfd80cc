"""The shell commands that create an administrator and a team."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from accounts.models import Membership, Role, Team, User
from audit.models import Event
from tests.accounts.conftest import is_logged_in, log_in
from tests.factories import UserFactory

GIVEN = "marble otter violin sunday"


def run(*args: str) -> str:
    out = io.StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def test_an_administrator_with_a_made_up_password(client: Client, db: None) -> None:
    """Printed once and it works; run again, nothing changes and nothing is printed."""
    output = run("create_admin", "--email", "Admin@localhost")
    password = output.rsplit(": ", 1)[1].strip()
    assert len(password) >= 15
    log_in(client, "admin@localhost", password)
    assert client.get("/admin/").status_code == 200
    again = run("create_admin", "--email", "admin@localhost")
    assert "there already" in again and "Password" not in again
    assert User.objects.count() == 1
    log_in(client, "admin@localhost", password)
    assert is_logged_in(client)


def test_only_the_password_for_scripts(db: None) -> None:
    """`make up` reads one word the first time, and nothing afterwards."""
    first = run("create_admin", "--email", "admin@localhost", "--only-password")
    assert first.strip() and len(first.split()) == 1
    assert run("create_admin", "--email", "admin@localhost", "--only-password") == ""


def test_a_password_from_standard_input(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken as it is, judged like any other, never printed."""
    monkeypatch.setattr("sys.stdin", io.StringIO(GIVEN + "\n"))
    assert GIVEN not in run("create_admin", "--email", "a@example.org", "--password-stdin")
    assert log_in(client, "a@example.org", GIVEN).status_code == 302
    monkeypatch.setattr("sys.stdin", io.StringIO("password\n"))
    with pytest.raises(CommandError, match="too short"):
        run("create_admin", "--email", "b@example.org", "--password-stdin")


def test_a_new_password_ends_all_sessions(client: Client, db: None) -> None:
    """--reset is for a lost password: a new one, and whoever had the old one is out."""
    password = run("create_admin", "--email", "a@example.org", "--only-password").strip()
    log_in(client, "a@example.org", password)
    new = run("create_admin", "--email", "a@example.org", "--reset", "--only-password").strip()
    assert new and new != password
    assert not is_logged_in(client)
    assert list(Event.objects.filter(object_type="user").order_by("id").values_list("verb"))[
        :1
    ] == [("user.created",)]
    assert Event.objects.filter(verb="password.reset").exists()


def test_somebody_known_becomes_administrator(db: None) -> None:
    """An existing account keeps its password and gains the right, as an event."""
    user = UserFactory()
    before = user.password
    run("create_admin", "--email", user.email)
    user.refresh_from_db()
    assert user.is_superuser and user.password == before
    assert Event.objects.filter(verb="user.changed").exists()


def test_not_an_address(db: None) -> None:
    """A typo is refused with a sentence, not stored."""
    with pytest.raises(CommandError, match="valid email"):
        run("create_admin", "--email", "nonsense")


def test_a_team(db: None) -> None:
    """Made once, with somebody to run it if named."""
    user = UserFactory()
    assert "Created the team Newsroom" in run("create_team", "Newsroom", "--admin", user.email)
    assert Membership.objects.get().role == Role.ADMIN
    assert "already a team" in run("create_team", "newsroom")
    assert Team.objects.count() == 1
    with pytest.raises(CommandError, match="no account"):
        run("create_team", "Other", "--admin", "nobody@example.org")
