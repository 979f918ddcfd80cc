"""Neither the database nor the logs contain usable secrets."""

from __future__ import annotations

import logging
import re
from typing import Any, ClassVar

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.db import connection
from django.test import Client

from accounts.models import Role, Scope, Session
from accounts.sealing import Unreadable, seal, unseal
from accounts.services.invitations import invite
from accounts.services.keys import create_service_account, issue_key, key_behind
from config.masking import AccessLog, MaskSecrets, masked
from tests.accounts.conftest import People, is_logged_in, log_in
from tests.factories import PASSWORD


def everything_in_the_database() -> str:
    """Every row of every table as text, bytes as they are and as hex."""
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                for value in row:
                    rows.append(
                        bytes(value).decode("latin-1")
                        if isinstance(value, (bytes, memoryview))
                        else str(value)
                    )
    return "\n".join(rows)


def found(pattern: str, text: str) -> re.Match[str]:
    match = re.search(pattern, text)
    assert match, f"nothing is like {pattern}"
    return match


def test_no_secret_stands_in_the_database(people: People, caplog: pytest.LogCaptureFixture) -> None:
    """Password, session cookie, API key, invitation token, TOTP seed in use and in the making,
    recovery codes, reset link: after using all of them, no row and no log line holds one."""
    caplog.set_level(logging.DEBUG)
    client = Client()
    log_in(client, "alice@example.org", PASSWORD)
    cookie = client.cookies["sessionid"].value
    assert is_logged_in(client)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    making = client.get("/accounts/2fa/totp/activate/").content.decode()
    seed_in_the_making = found(r"\b[A-Z2-7]{32}\b", making)[0]
    seed = generate_totp_secret()
    TOTP.activate(people.bob, seed)
    RecoveryCodes.activate(people.bob)
    codes = RecoveryCodes(
        Authenticator.objects.get(user=people.bob, type="recovery_codes")
    ).get_unused_codes()
    alice = people.actor(people.alice)
    service = create_service_account(alice, people.team, "Agency")
    key = issue_key(alice, service, "laptop", [Scope.SUBMISSIONS_READ]).secret
    assert key_behind(key, ip=None)
    token = invite(alice, people.team, "dora@example.org", Role.VIEWER).link.split("/")[-2]
    client.get(f"/accounts/invitation/{token}/")
    client.post("/accounts/password/reset/", {"email": "charlie@example.org"})
    letter = str(mail.outbox[-1].body)
    reset = found(r"/password/reset/key/[^-]+-(\S+?)/", letter)[1]
    client.get(found(r"http://localhost:8000(/\S+/key/\S+)", letter)[1])
    secrets = {
        "password": PASSWORD, "session cookie": cookie, "api key": key, "token": token,
        "seed": seed, "seed in the making": seed_in_the_making, "reset": reset,
        **{f"recovery code {n}": code for n, code in enumerate(codes)},
    }  # fmt: skip
    everything, log = everything_in_the_database(), caplog.text
    assert str(people.alice.pk) in everything, "the search itself works"
    assert key[:10] in everything, "the shown part is kept, to tell keys apart"
    assert {name for name, secret in secrets.items() if secret in everything} == set()
    assert {name for name, secret in secrets.items() if secret in log} == set()


def test_a_stolen_session_row_opens_nothing(people: People) -> None:
    """The stored key in a cookie is not a login."""
    client, thief = Client(), Client()
    log_in(client, "alice@example.org", PASSWORD)
    thief.cookies["sessionid"] = Session.objects.get(user=people.alice).session_key
    assert is_logged_in(client)
    assert not is_logged_in(thief)


def test_sealed_text_needs_the_key_and_the_purpose(settings: Any) -> None:
    """Readable after a key change through the fallbacks, by nobody else, for nothing else."""
    sealed = seal("seed", purpose="second factor")
    assert unseal(sealed, purpose="second factor") == "seed"
    with pytest.raises(Unreadable):
        unseal(sealed, purpose="session")
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key " * 5
    with pytest.raises(Unreadable):
        unseal(sealed, purpose="second factor")
    settings.SECRET_KEY_FALLBACKS = [old]
    assert unseal(sealed, purpose="second factor") == "seed"


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("GET /accounts/invitation/q7c0oE3aVQ-uX_ZZ/ HTTP/1.1", "q7c0oE3aVQ-uX_ZZ"),
        ("Gone: /accounts/password/reset/key/3-cabc12-4f6d7e/", "cabc12-4f6d7e"),
        ("GET /accounts/confirm-email/MTQ:1abcde:xyz-_/", "MTQ:1abcde"),
        ("Authorization: Bearer tsk_abcdefghijklmnopqrstuvwxyz0123456789", "ghijklm"),
        ("Authorization: Bearer other-token", "other-token"),
        ("Authorization: Basic YWxpY2U6c2VjcmV0", "YWxpY2U6c2VjcmV0"),
        ("GET /accounts/login/?next=%2Faccounts%2Finvitation%2Fq7c0oE3aVQ-uX%2F", "q7c0oE3aVQ-uX"),
        ("GET /accounts/login/?next=/accounts/invitation/q7c0oE3aVQ-uX/", "q7c0oE3aVQ-uX"),
        ("GET /accounts/oidc/oidc/login/callback/?code=SplxlOBeZQQYbYS6WxSbIA", "SplxlOBe"),
        (
            "GET /accounts/oidc/oidc/login/callback/?iss=x&state=af0ifjsldkj3 HTTP/1.1",
            "af0ifjsldkj3",
        ),
        ("next=%2Fcallback%2F%3Fcode%3DSplxlOBeZQQYbYS6WxSbIA%26iss", "SplxlOBe"),
        ("Cookie: csrftoken=abcdefgh12; sessionid=s3ss10nc00k1e", "s3ss10nc00k1e"),
        ("{'sessionid': 's3ss10nc00k1e'} sessionid=s3ss10nc00k1f", "s3ss10nc00k1f"),
        ("could not connect to postgres://app:hunter2222@db/touchstone", "hunter2222"),
        ("POST body token=q7c0oE3aVQ-uX_ZZ&x=1", "q7c0oE3aVQ"),
    ],
)
def test_logs_are_masked(line: str, secret: str) -> None:
    """Keys and mailed tokens do not reach a log line; the rest of the line stays."""
    assert secret not in masked(line)
    assert "[masked]" in masked(line)
    for harmless in (
        "GET /accounts/login/ 200",
        "GET /?state=done&kind=image HTTP/1.1",
        "POST /api/v1/submissions/ 202, code=too_large",
        "http://localhost:8000/s/0b8ee84e-2f9f-4e3c-9f39-0a8c1c7d1b11/ by a@example.org",
    ):
        assert masked(harmless) == harmless


def test_the_filter_masks_arguments_and_tracebacks() -> None:
    """A secret in an argument or in an exception's text is masked as well."""
    try:
        raise ValueError("Bearer abcdefgh")
    except ValueError as error:
        record = logging.makeLogRecord(
            {"msg": "%s", "args": ("/invitation/abcdefghij/",),
             "exc_info": (ValueError, error, error.__traceback__)}
        )  # fmt: skip
    MaskSecrets().filter(record)
    line = logging.Formatter().format(record)
    assert "abcdefgh" not in line
    assert "ValueError" in line


def test_the_web_servers_access_log_is_masked() -> None:
    """Through gunicorn's own logger class."""
    from datetime import timedelta

    from gunicorn.config import Config

    class Answer:
        status, sent = "200 OK", 1
        headers: ClassVar[list[tuple[str, str]]] = []

    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": "/accounts/invitation/abcdefghij/",
        "PATH_INFO": "/accounts/invitation/abcdefghij/",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_REFERER": "http://localhost/accounts/invitation/abcdefghij/",
    }
    request = [("AUTHORIZATION", "Bearer abcdefghij")]
    atoms = AccessLog(Config()).atoms(Answer(), request, environ, timedelta(0))
    assert "abcdefghij" not in str(atoms)
