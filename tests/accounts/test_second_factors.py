"""Authenticator apps, recovery codes and passkeys, each through the pages that people use."""

from __future__ import annotations

import json
import re
import threading

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connections
from django.test import Client

from accounts.forms import spend_code
from accounts.models import Guesses, Session
from audit.models import Event
from tests.accounts.conftest import People, is_logged_in, log_in
from tests.accounts.soft_passkey import SoftPasskey
from tests.factories import PASSWORD, UserFactory
from tests.people import Answer

CODE_PAGE = "/accounts/2fa/authenticate/"


class Moment:
    """A clock for one-time codes that the test turns by hand."""

    counter = 57_000_000

    def code(self, secret: str, later: int = 0) -> str:
        return str(format_hotp_value(hotp_value(secret, self.counter + later)))


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Moment:
    moment = Moment()
    monkeypatch.setattr(
        "allauth.mfa.totp.internal.auth.yield_hotp_counters_from_time",
        lambda: iter([moment.counter - 1, moment.counter, moment.counter + 1]),
    )
    return moment


@pytest.fixture
def secret(people: People) -> str:
    secret = str(generate_totp_secret())
    TOTP.activate(people.alice, secret)
    RecoveryCodes.activate(people.alice)
    return secret


def at_the_code_page(client: Client | None = None) -> Client:
    client = client or Client()
    answer = log_in(client, "alice@example.org", PASSWORD)
    assert answer["Location"].startswith(CODE_PAGE)
    return client


def last(verb: str) -> str:
    return bytes(Event.objects.filter(verb=verb).latest("id").payload).decode()


def test_the_password_alone_is_not_enough(secret: str) -> None:
    """After the password comes the code; until then nothing opens."""
    client = at_the_code_page()
    assert not is_logged_in(client)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == CODE_PAGE


def test_a_code_opens_once(secret: str, moment: Moment) -> None:
    """The same code a second later, in another browser or with a blank inside, is refused, in its
    own half minute and in the next."""
    code = moment.code(secret)
    client = at_the_code_page()
    assert client.post(CODE_PAGE, {"code": code}).status_code == 302
    assert is_logged_in(client)
    assert '"via":"totp"' in last("login.succeeded")
    for variant in (code, f"{code[:3]} {code[3:]}"):
        other = at_the_code_page()
        assert "Incorrect code" in other.post(CODE_PAGE, {"code": variant}).content.decode()
        assert not is_logged_in(other)
    moment.counter += 1  # still within the tolerance for slow clocks
    other = at_the_code_page()
    alice = Session.objects.get(user__isnull=False).user_id
    # What the library itself remembers has run out by then.
    assert cache.delete(f"allauth.mfa.totp.used?user={alice}&code={code}")
    other.post(CODE_PAGE, {"code": code})
    assert not is_logged_in(other)
    assert other.post(CODE_PAGE, {"code": moment.code(secret, 1)}).status_code == 302
    assert is_logged_in(other)


@pytest.mark.django_db(transaction=True)
def test_a_code_opens_once_even_in_a_race() -> None:
    """Eight requests with one right code at the same moment: one passes."""
    user, barrier, answers = UserFactory(), threading.Barrier(8), []

    def spend() -> None:
        barrier.wait()
        try:
            spend_code(user, "123456")
            answers.append("in")
        except ValidationError:
            answers.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(30)
    assert sorted(answers) == ["in"] + ["refused"] * 7


def test_ten_wrong_codes_and_a_pause(secret: str, moment: Moment) -> None:
    """After ten wrong codes even the right one waits; logging in anew does not help."""
    right = moment.code(secret)
    wrong = f"{(int(right) + 500_000) % 1_000_000:06}"
    for _ in range(2):
        client = at_the_code_page()
        for _ in range(5):
            assert "Incorrect code" in client.post(CODE_PAGE, {"code": wrong}).content.decode()
    client = at_the_code_page()
    page = client.post(CODE_PAGE, {"code": right}).content.decode()
    assert "codes are not accepted for 15 minutes" in page
    assert not is_logged_in(client)
    assert Event.objects.filter(verb="login.failed").count() == 10
    assert Event.objects.filter(verb="login.locked").count() == 1
    Guesses.objects.all().delete()
    assert client.post(CODE_PAGE, {"code": right}).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_setting_up_and_switching_off(client: Client, people: People, moment: Moment) -> None:
    """Through the pages: password again, scan, code; recovery codes shown once; off again. The
    code that proved the app does not log in as well."""
    log_in(client, "alice@example.org", PASSWORD)
    path = "/accounts/2fa/totp/activate/"
    page = client.get(path, follow=True)
    assert page.redirect_chain[-1][0].startswith("/accounts/reauthenticate/")
    client.post(page.redirect_chain[-1][0], {"password": PASSWORD})
    seed = re.search(r"\b[A-Z2-7]{32}\b", client.get(path).content.decode())
    assert seed
    code = moment.code(seed[0])
    answer = client.post(path, {"code": code})
    assert answer.status_code == 302, answer.content.decode()
    kinds = set(Authenticator.objects.values_list("type", flat=True))
    assert kinds == {"totp", "recovery_codes"}
    html = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert len(re.findall(r"\b\d{8}\b", html)) >= 10
    again = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert not re.findall(r"\b\d{8}\b", again)
    other = at_the_code_page()
    other.post(CODE_PAGE, {"code": code})
    assert not is_logged_in(other)
    client.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()
    verbs = Event.objects.filter(verb__startswith="mfa.").order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == [
        "mfa.added", "mfa.added", "mfa.removed", "mfa.removed",
    ]  # fmt: skip


def test_a_recovery_code_opens_once(people: People, secret: str, moment: Moment) -> None:
    """The lost phone's replacement: each code once, and its use stands in the record."""
    codes = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()
    client = at_the_code_page()
    assert client.post(CODE_PAGE, {"code": codes[0]}).status_code == 302
    assert is_logged_in(client)
    assert Event.objects.filter(verb="mfa.recovery_used").count() == 1
    other = at_the_code_page()
    other.post(CODE_PAGE, {"code": codes[0]})
    assert not is_logged_in(other)
    other.post(CODE_PAGE, {"code": codes[1]})
    assert is_logged_in(other)


# --- passkeys ---
@pytest.fixture
def with_passkey(people: People) -> SoftPasskey:
    """Alice adds a passkey through the page."""
    client = Client(SERVER_NAME="localhost")
    log_in(client, "alice@example.org", PASSWORD)
    path = "/accounts/2fa/webauthn/add/"
    client.post(f"/accounts/reauthenticate/?next={path}", {"password": PASSWORD})
    page = client.get(path)
    passkey = SoftPasskey()
    credential = passkey.register(page.context["js_data"]["creation_options"])
    answer = client.post(path, {"name": "Phone", "credential": credential, "passwordless": "on"})
    assert answer.status_code == 302, answer.content.decode()
    client.post("/accounts/logout/")
    return passkey


def passkey_login(client: Client, passkey: SoftPasskey, **how: bool) -> Answer:
    path = "/accounts/2fa/webauthn/login/"
    options = client.get(path, headers={"accept": "application/json"}).json()["request_options"]
    return client.post(path, {"credential": passkey.sign(options, **how)})


def test_a_passkey_alone_opens(with_passkey: SoftPasskey) -> None:
    """No password, no code; the record says how it was proved."""
    client = Client(SERVER_NAME="localhost")
    passkey_login(client, with_passkey)
    assert is_logged_in(client)
    assert '"via":"passkey"' in last("login.succeeded")


def test_a_passkey_opens_while_passwords_are_paused(with_passkey: SoftPasskey) -> None:
    """The sentence of the pause promises it: guesses of others do not keep Alice out."""
    for _ in range(11):
        log_in(Client(), "alice@example.org", "wrong password wrong")
    client = Client(SERVER_NAME="localhost")
    passkey_login(client, with_passkey)
    assert is_logged_in(client)


def test_a_touch_is_not_enough(with_passkey: SoftPasskey) -> None:
    """Without the device having checked its owner (PIN or finger) the passkey does not open."""
    client = Client(SERVER_NAME="localhost")
    passkey_login(client, with_passkey, verified=False)
    assert not is_logged_in(client)


def test_a_passkey_from_another_site_is_refused(with_passkey: SoftPasskey) -> None:
    """A signature that a look-alike site collected does not open ours."""
    client = Client(SERVER_NAME="localhost")
    with_passkey.origin = "https://localhost.example.net"
    passkey_login(client, with_passkey)
    assert not is_logged_in(client)


def test_a_signature_opens_once(with_passkey: SoftPasskey) -> None:
    """Played again, the answer to an old challenge is worth nothing."""
    path = "/accounts/2fa/webauthn/login/"
    client = Client(SERVER_NAME="localhost")
    options = client.get(path, headers={"accept": "application/json"}).json()["request_options"]
    answer = with_passkey.sign(options)
    client.post(path, {"credential": answer})
    client.post("/accounts/logout/")
    client.get(path, headers={"accept": "application/json"})
    client.post(path, {"credential": answer})
    assert not is_logged_in(client)


def test_a_strangers_key_is_refused(with_passkey: SoftPasskey) -> None:
    """A well-formed signature by a key that nobody registered."""
    client = Client(SERVER_NAME="localhost")
    stranger = SoftPasskey()
    stranger.user_handle = with_passkey.user_handle
    passkey_login(client, stranger)
    assert not is_logged_in(client)
    for junk in ("{}", "[]", "null", json.dumps({"response": {"userHandle": "AAAA"}})):
        answer = client.post("/accounts/2fa/webauthn/login/", {"credential": junk})
        assert answer.status_code == 302
    assert not is_logged_in(client)
