"""Getting in, being kept out, and ending it."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.db import connections
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import Guesses, Session, User
from accounts.services import lockout
from accounts.services.lockout import Secret
from audit.models import Event
from tests.accounts.conftest import People, is_logged_in, log_in
from tests.factories import PASSWORD, UserFactory
from tests.people import Answer

NEW_PASSWORD = "marble otter violin sunday"


def events(*names: str) -> list[str]:
    return list(Event.objects.filter(verb__in=names).order_by("id").values_list("verb", flat=True))


def text(answer: Answer) -> str:
    return answer.content.decode()


def test_in_and_out(client: Client, people: People) -> None:
    """E-mail in any case, and the password; both ends are events with how it was proved."""
    assert log_in(client, "Alice@Example.org", PASSWORD).status_code == 302
    assert is_logged_in(client)
    client.post("/accounts/logout/")
    assert not is_logged_in(client)
    assert events("login.succeeded", "login.ended") == ["login.succeeded", "login.ended"]
    payload = bytes(Event.objects.get(verb="login.succeeded").payload).decode()
    assert '"via":"password"' in payload
    assert "alice" not in payload.lower()


def test_unknown_and_known_people_get_the_same_answer(client: Client, people: People) -> None:
    """The page for a wrong password says nothing about who has an account, nor does the reset."""
    pages = []
    for email in ("alice@example.org", "nobody@example.org"):
        answer = log_in(client, email, "wrong password wrong")
        assert answer.status_code == 200
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="\w+"|content="\w{64}"', "",
                            text(answer).replace(email, "EMAIL")))  # fmt: skip
    assert pages[0] == pages[1]
    assert "not correct" in pages[0]
    answers = [
        client.post("/accounts/password/reset/", {"email": email})
        for email in ("alice@example.org", "nobody@example.org")
    ]
    assert answers[0].status_code == answers[1].status_code == 302
    assert answers[0]["Location"] == answers[1]["Location"]
    assert [m.to for m in mail.outbox] == [["alice@example.org"], ["nobody@example.org"]]
    assert "There is no account for this address" in mail.outbox[1].body


def test_ten_wrong_passwords_and_a_pause(client: Client, people: People) -> None:
    """The eleventh try is not tried, even with the right password; others are not concerned."""
    for _ in range(10):
        assert "not correct" in text(log_in(client, "alice@example.org", "wrong password wrong"))
    page = text(log_in(client, "alice@example.org", PASSWORD))
    assert "paused for 15 minutes" in page
    assert "reset your password" in page
    assert not is_logged_in(client)
    assert events("login.failed") == ["login.failed"] * 10
    assert events("login.locked") == ["login.locked"]
    assert log_in(Client(), "bob@example.org", PASSWORD).status_code == 302


def test_the_pause_ends(client: Client, people: People) -> None:
    """After a quarter of an hour the right password opens again, and the count starts anew."""
    for _ in range(11):
        log_in(client, "alice@example.org", "wrong password wrong")
    Guesses.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
    assert log_in(client, "alice@example.org", PASSWORD).status_code == 302
    assert not Guesses.objects.exists()


def test_old_guesses_do_not_count(client: Client, people: People) -> None:
    """Nine yesterday and one today are not ten."""
    for _ in range(9):
        log_in(client, "alice@example.org", "wrong password wrong")
    Guesses.objects.update(since=timezone.now() - timedelta(minutes=16))
    log_in(client, "alice@example.org", "wrong password wrong")
    assert Guesses.objects.get().count == 1
    assert log_in(client, "alice@example.org", PASSWORD).status_code == 302


def test_an_unknown_address_is_paused_alike(client: Client, people: People) -> None:
    """Or the pause itself would tell who has an account; the address is not kept."""
    for _ in range(10):
        log_in(client, "nobody@example.org", "wrong password wrong")
    page = text(log_in(client, "nobody@example.org", "wrong password wrong"))
    assert "paused for 15 minutes" in page
    assert "nobody" not in Guesses.objects.get().subject


def test_the_administration_is_behind_the_same_door(client: Client, site_admin: User) -> None:
    """/admin/ leads to the one login; the admin's own form does not check passwords any more."""
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")
    for _ in range(10):
        log_in(client, "root@example.org", "wrong password wrong")
    answer = client.post(
        "/admin/login/", {"username": "root@example.org", "password": PASSWORD}, follow=True
    )
    assert not is_logged_in(client)
    assert "paused" in text(log_in(client, "root@example.org", PASSWORD))
    lockout.forgive(Secret.PASSWORD, "root@example.org")
    log_in(client, "root@example.org", PASSWORD)
    assert client.get("/admin/").status_code == 200


def test_people_without_the_right_do_not_see_the_administration(
    client: Client, people: People
) -> None:
    """Alice runs a team, not the house."""
    log_in(client, "alice@example.org", PASSWORD)
    assert client.get("/admin/login/").status_code == 403
    assert client.get("/admin/", follow=True).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_a_thousand_guesses_at_once_are_ten() -> None:
    """Twenty threads, fifty guesses each, one account: ten are tried. Counting comes first."""
    barrier = threading.Barrier(20)
    tried: list[bool] = []

    def guess() -> None:
        barrier.wait()
        tried.extend(lockout.count_attempt(Secret.PASSWORD, "a@example.org") for _ in range(50))
        connections.close_all()

    threads = [threading.Thread(target=guess) for _ in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert len(tried) == 1000
    assert sum(tried) == lockout.LIMIT


@pytest.mark.django_db(transaction=True)
def test_the_count_is_shared_between_processes(tmp_path: Path) -> None:
    """Six wrong guesses in one process and four in another close the door for both."""
    import os
    import subprocess
    import sys

    from django.conf import settings
    from django.db import connection

    program = (
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "import sys\n"
        "from django.db import connection\n"
        "connection.settings_dict['NAME'] = sys.argv[1]\n"
        "from accounts.services import lockout\n"
        "who = lockout.Secret.PASSWORD, 'a@example.org'\n"
        "print([lockout.count_attempt(*who) for _ in range(6)])\n"
    )
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": os.environ["TEST_DATABASE_URL"],
        "PYTHONPATH": f"{settings.ROOT}/platform:{settings.ROOT}",
        "TOUCHSTONE_HOME": str(tmp_path),
    }
    answers = [
        subprocess.run(
            [sys.executable, "-c", program, connection.settings_dict["NAME"]],
            env=env, capture_output=True, text=True, check=True,
        ).stdout.strip()
        for _ in range(2)
    ]  # fmt: skip
    assert answers == [str([True] * 6), str([True] * 4 + [False] * 2)]
    assert lockout.is_paused(Secret.PASSWORD, "a@example.org")


def test_housekeeping_forgets_old_counts(client: Client, people: People) -> None:
    """Rows of past guesses and expired sessions go; a running pause stays."""
    from django.core.cache import cache
    from django.core.management import call_command
    from django.db import connection

    lockout.count_attempt(Secret.PASSWORD, "old@example.org")
    Guesses.objects.update(since=timezone.now() - timedelta(hours=1))
    for _ in range(10):
        lockout.count_attempt(Secret.PASSWORD, "paused@example.org")
    log_in(client, "alice@example.org", PASSWORD)
    Session.objects.update(expire_date=timezone.now() - timedelta(hours=1))
    cache.set("old", "x", timeout=-1)
    call_command("tidy_accounts")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM shared_cache WHERE expires < now()")
        assert cursor.fetchone() == (0,)
    assert Guesses.objects.count() == 1
    assert not Session.objects.exists()


# --- sessions ---
def test_a_session_can_be_ended_from_another(people: People) -> None:
    """Alice sees both devices and ends the other one; it is out at its next click."""
    here, there = Client(), Client()
    log_in(here, "alice@example.org", PASSWORD, headers={"user-agent": "Firefox here"})
    log_in(there, "alice@example.org", PASSWORD, headers={"user-agent": "Chrome there"})
    page = text(here.get("/accounts/sessions/"))
    assert "Firefox here" in page and "Chrome there" in page and "This session" in page
    name = Session.objects.get(user_agent="Chrome there").name
    here.post(f"/accounts/sessions/{name}/end/")
    assert not is_logged_in(there)
    assert is_logged_in(here)
    assert events("session.revoked") == ["session.revoked"]


def test_all_other_sessions_end_at_once(people: People) -> None:
    """One click, and only this device stays."""
    clients = [Client() for _ in range(3)]
    for client in clients:
        log_in(client, "alice@example.org", PASSWORD)
    clients[0].post("/accounts/sessions/")
    assert [is_logged_in(c) for c in clients] == [True, False, False]


def test_nobody_ends_anothers_session(people: People) -> None:
    """Bob knows the name of Alice's session; it is not his to end. An empty name ends nothing."""
    alice, bob = Client(), Client()
    log_in(alice, "alice@example.org", PASSWORD)
    log_in(bob, "bob@example.org", PASSWORD)
    name = Session.objects.get(user=people.alice).name
    bob.post(f"/accounts/sessions/{name}/end/")
    assert is_logged_in(alice)
    assert name not in text(bob.get("/accounts/sessions/"))


def test_a_revoked_session_does_not_save_itself_back(people: People, rf: RequestFactory) -> None:
    """A request that was under way when its session ended cannot bring it back."""
    from django.contrib.sessions.backends.base import UpdateError

    from accounts.sessions import SessionStore

    client = Client()
    log_in(client, "alice@example.org", PASSWORD)
    store = SessionStore(client.cookies["sessionid"].value)
    store["x"] = 1
    Session.objects.all().delete()
    with pytest.raises(UpdateError):
        store.save()
    assert not Session.objects.exists()


def test_a_closed_account_is_out_at_once(people: People, site_admin: User) -> None:
    """Deactivating ends every session and the password no longer opens."""
    from accounts.actors import actor_for_user
    from accounts.services.people import deactivate

    client = Client()
    log_in(client, "bob@example.org", PASSWORD)
    deactivate(actor_for_user(site_admin, via="password"), people.bob, why="left the company")
    assert not is_logged_in(client)
    log_in(client, "bob@example.org", PASSWORD)
    assert not is_logged_in(client)


# --- passwords ---
def test_a_reset_ends_every_session_and_the_pause(people: People) -> None:
    """The mailed link sets a new password once; whoever was in with the old one is out."""
    elsewhere, client = Client(), Client()
    log_in(elsewhere, "alice@example.org", PASSWORD)
    for _ in range(11):
        log_in(client, "alice@example.org", "wrong password wrong")
    client.post("/accounts/password/reset/", {"email": "alice@example.org"})
    found = re.search(
        r"http://localhost:8000(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body)
    )
    assert found
    link = found[1]
    page = client.get(link, follow=True)
    form = page.redirect_chain[-1][0]
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert not is_logged_in(elsewhere)
    assert events("password.reset") == ["password.reset"]
    again = Client().get(link, follow=True)
    assert "password1" not in text(again)
    assert log_in(client, "alice@example.org", PASSWORD).status_code == 200
    assert log_in(client, "alice@example.org", NEW_PASSWORD).status_code == 302


def test_a_changed_password_ends_the_other_sessions(people: People) -> None:
    """This device stays in, the others go; the person is told by mail."""
    here, there = Client(), Client()
    log_in(here, "alice@example.org", PASSWORD)
    log_in(there, "alice@example.org", PASSWORD)
    answer = here.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    assert answer.status_code == 302, text(answer)
    assert is_logged_in(here)
    assert not is_logged_in(there)
    assert events("password.changed") == ["password.changed"]
    assert "alice@example.org" in mail.outbox[-1].to


def test_passwords_are_hashed_with_argon2(people: People) -> None:
    """The strongest hash that Django offers, and no other."""
    assert people.alice.password.startswith("argon2$argon2id$")


def test_old_addresses_are_found_whatever_their_case(db: None) -> None:
    """One mailbox, one account."""
    user = UserFactory(email="dora@example.org")
    assert type(user).objects.get_by_natural_key("DORA@example.org") == user
