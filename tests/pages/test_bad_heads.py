"""Requests with invalid headers, to pages and to REST: a 4xx, no traceback, no 5xx."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core import mail
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path, reverse

from config.handler import Handler
from config.masking import MaskSecrets
from tests.people import Person

pytestmark = pytest.mark.django_db
BOUNDARY = "touchstone"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
FORM = "application/x-www-form-urlencoded"
REST = "/api/v1/submissions/"
PAGES = ("/accounts/login/", "/submit/", REST)


class LogLines(logging.Handler):
    """What the console would show, through its own filter."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(MaskSecrets())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def log() -> Iterator[LogLines]:
    handler = LogLines()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)
    assert "Traceback" not in "\n".join(handler.lines), handler.lines


def clients(alice: Person) -> Iterator[Client]:
    for client in (Client(raise_request_exception=False), alice.client()):
        client.raise_request_exception = False
        yield client


@pytest.mark.parametrize(
    "host", ["evil.example", "", "a b", "localhost:99999x", "[::1", "\x00", "x" * 3000]
)
def test_a_foreign_host_is_told_so(alice: Person, log: LogLines, host: str) -> None:
    """400 with one sentence, on a page and over REST, signed in or not."""
    for client in clients(alice):
        for address in (*PAGES, "/no/such/page/", "/static/no.css", "/api/v1/nothing/"):
            answer = client.get(address, headers={"host": host})
            assert answer.status_code == 400, (host, address)
            assert b"unknown_host" in answer.content
            assert "evil.example" not in answer.content.decode()


CHARSETS = [
    "utf-16", "utf-16-le", "utf-32", "utf-7", "unicode_escape", "mbcs", "iso-8859-1", "cp037",
    "no-such-charset", "", "x" * 300, "utf-16;charset=utf-8", '"utf-16"', "utf-8\\",
]  # fmt: skip
BODIES = {
    FORM: b"login=a%40example.org&password=%ff%fe&csrfmiddlewaretoken=x",
    MULTIPART: (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="login"\r\n\r\n'
        f"x\r\n--{BOUNDARY}--\r\n"
    ).encode(),
    "text/plain": b"x",
    "application/json": b"{}",
}


@pytest.mark.parametrize("charset", CHARSETS)
def test_a_charset_that_is_not_utf_8_is_no_surprise(
    alice: Person, log: LogLines, charset: str
) -> None:
    """In every kind of body, and where there is none: never a 5xx."""
    for client in clients(alice):
        for address in PAGES:
            for kind, body in BODIES.items():
                content_type = f"{kind}; charset={charset}"
                answer = client.generic("POST", address, body, content_type)
                assert answer.status_code < 500, (address, content_type)
            answer = client.get(
                f"{address}?q=%ff%fe&sort=x", headers={"content-type": content_type}
            )
            assert answer.status_code < 500, (address, content_type)


def test_utf_16_is_refused_with_a_code(alice: Person, log: LogLines) -> None:
    for client in clients(alice):
        for address in PAGES:
            content_type = f"{FORM}; charset=utf-16"
            answer = client.generic("POST", address, b"login=x", content_type)
            assert answer.status_code == 415, address
            assert b"charset_not_supported" in answer.content
            content_type = f"{MULTIPART}; charset=UTF-8"
            answer = client.generic("POST", address, BODIES[MULTIPART], content_type)
            assert b"charset_not_supported" not in answer.content


TYPES = [
    "multipart/form-data; boundary*=bogus''x", "text/plain; charset*=bogus''x",
    "text/plain; charset*=utf-16''utf-8", "text/plain; charset*=zlib''x",
    *(f"{FORM}; charset={name}" for name in ("idna", "punycode", "rot13", "undefined", "\x00")),
]  # fmt: skip


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("query", ["q=%ff%fe", "&".join(["a=b"] * 2000)])
def test_a_content_type_that_fails_as_the_request_is_made(
    log: LogLines, content_type: str, query: str
) -> None:
    """By the handler that is served: Django would raise before any middleware sees the request."""

    def start_response(status: str, headers: Any, exc_info: Any = None, /) -> Callable[..., object]:
        return lambda body: None

    for method in ("get", "post"):
        for address in PAGES:
            made = getattr(RequestFactory(), method)(address, QUERY_STRING=query)
            environ = {**made.environ, "CONTENT_TYPE": content_type, "QUERY_STRING": query}
            answer = Handler()(environ, start_response)
            assert isinstance(answer, HttpResponse)
            assert answer.status_code in (400, 415), (answer.content, address)


HEADS = {
    "content-type": [
        "multipart/form-data", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\xe4",
        ";", "a" * 5000, "\xff\xfe", "x;y;z;;;=;",
    ],
    "content-encoding": ["gzip", "\xff", "br, gzip"],
    "cookie": [
        "sessionid=\xff\xfe", "sessionid=\x00", "sessionid=" + "x" * 5000, "csrftoken=\xe4",
        "messages=garbage", "messages=\x00", "=;=;", "sessionid", '"', "sessionid=a; sessionid=b",
    ],
    "accept": ["", "*", "a/b/c", ";q=x", "\xff", "application/json;q=nan", "text/html;v=\x00"],
    "accept-language": ["\xff", "x" * 5000, "de;q=x", "../../etc", "\x00"],
    "authorization": ["", "Bearer", "Bearer \xff", "Bearer a b c", "Basic ==", "\x00"],
    "range": ["bytes=\xff", "bytes=0-99999999999999999999999999"],
    "if-modified-since": ["x", "\x00", "Thu, 99 Foo 9999999 99:99:99 GMT"],
    "if-none-match": ["\xff", '"'],
    "referer": ["\xff", "http://[", "\x00", "https://localhost:x/"],
    "origin": ["null", "http://[", "\xff", "\x00"],
    "x-forwarded-for": ["\xff", "x" * 5000, "1.2.3.4, \x00"],
    "x-forwarded-proto": ["https", "\x00"],
    "user-agent": ["\xff\xfe", "x" * 10_000, "\x00"],
    "idempotency-key": ["\xff", "\x00", "x" * 5000],
}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
def test_headers_that_make_no_sense_are_no_surprise(
    alice: Person, log: LogLines, name: str
) -> None:
    """Asking and sending, signed in and not: never a 5xx."""
    for value in HEADS[name]:
        for client in clients(alice):
            for address in PAGES:
                headers = {name: value}
                assert client.get(address, headers=headers).status_code < 500, (address, value)
                kind = value if name == "content-type" else MULTIPART
                rest = {} if name == "content-type" else headers
                answer = client.generic("POST", address, BODIES[MULTIPART], kind, headers=rest)
                assert answer.status_code < 500, (address, name, value)


@pytest.mark.parametrize("encoding", ["bogus", "utf-16", "zlib", "undefined"])
def test_a_part_that_names_a_strange_encoding_is_no_surprise(
    alice: Person, log: LogLines, encoding: str
) -> None:
    """In a part's name, file name and own type (RFC 2231 lets each name its encoding)."""
    for disposition in (
        f"form-data; name*={encoding}''x",
        f"form-data; name=upload; filename*={encoding}''x.png",
        f"form-data; name=a; filename=x.png\r\nContent-Type: image/png; charset*={encoding}''x",
        f"form-data; name=a; filename=x.png\r\nContent-Type: image/png; charset={encoding}",
        f"form-data; name=note\r\nContent-Transfer-Encoding: {encoding}",
        "form-data; name=note\r\nContent-Transfer-Encoding: base64",
    ):
        body = (
            f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n%%x\r\n--{BOUNDARY}--\r\n"
        )
        for client in clients(alice):
            for address in PAGES:
                answer = client.generic("POST", address, body.encode(), MULTIPART)
                assert answer.status_code < 500, (address, disposition)


ADDRESSES = [
    "/%00", "/s/%00/", "/accounts/invitation/%00/", "/accounts/password/reset/key/x%00-set/",
    "/accounts/password/reset/key/%ff-%fe/", "/accounts/confirm-email/%00/", "/teams/%00/",
    "/api/v1/%00/", "/api/v1/submissions/%00/", "/%ff%fe/", "/%2e%2e/%2e%2e/etc/passwd",
    "/admin/%00/", "/static/%00", "/static/..%2f..%2fetc/passwd", "/?q=%00", "/?%00=%00", "/?q=%ff",
    "/admin/?q=%00", "/admin/accounts/user/?q=%00", "/admin/accounts/user/?id__exact=%00",
    "/admin/accounts/user/?o=%00&p=x", "/accounts/login/?next=%00", "/accounts/login/?next=//evil",
    "/accounts/oidc/oidc/login/callback/?code=%00&state=%00", "/" + "a" * 9000,
    "/?" + "a=b&" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_that_make_no_sense_are_no_surprise(
    alice: Person, log: LogLines, address: str
) -> None:
    """To anybody, a moderator and a site administrator: never a 5xx."""
    boss = Person(alice.user, alice.team)
    for client in clients(alice):
        assert client.get(address).status_code < 500
    type(boss.user).objects.filter(pk=boss.user.pk).update(is_staff=True, is_superuser=True)
    client = boss.client()
    client.raise_request_exception = False
    assert client.get(address).status_code < 500


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "x" * 100_000, "‮", "a@b\x00.c"])
@pytest.mark.parametrize(
    "where",
    [
        "/accounts/login/",
        "/accounts/password/reset/",
        "/accounts/signup/",
        "/accounts/2fa/authenticate/",
    ],
)
def test_words_that_cannot_be_stored_are_no_surprise_at_the_door(
    log: LogLines, where: str, value: str
) -> None:
    """In the forms that anybody reaches."""
    client = Client(raise_request_exception=False)
    names = ("login", "email", "password", "password1", "password2", "code", "next", "remember")
    words = urlencode({name: value.encode("utf-8", "surrogatepass") for name in names})
    answer = client.post(where, words, "application/x-www-form-urlencoded")
    assert answer.status_code < 500


def test_a_reset_mail_names_the_public_address_whatever_the_host_says(
    settings: Any, alice: Person
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.PUBLIC_URL = "https://touchstone.example"
    client = Client(headers={"host": "evil.example"})
    client.post(reverse("account_reset_password"), {"email": alice.user.email})
    links = re.findall(r"https?://\S+", str(mail.outbox[0].body))
    assert links and all(link.startswith("https://touchstone.example/") for link in links)
    assert "evil.example" not in f"{mail.outbox[0].body}{mail.outbox[0].subject}"


def test_a_403_writes_no_traceback(alice: Person, viewer: Person, log: LogLines) -> None:
    """A page that the person may not see, and a form without its token."""
    client = viewer.client()
    assert client.get(reverse("dashboard:overview")).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/accounts/login/", {"login": "x"}).status_code == 403
    assert any("Forbidden" in line for line in log.lines), "the line itself is kept"


def _raises(error: Callable[[], Exception]) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        raise error()

    return view


def _errors() -> dict[str, Callable[[], Exception]]:
    from django.core import exceptions
    from django.http import UnreadablePostError
    from django.http.multipartparser import MultiPartParserError

    from audit.payload import AddressInRecord

    return {
        "suspicious": lambda: exceptions.SuspiciousOperation("x"),
        "host": lambda: exceptions.DisallowedHost("x"),
        "big": lambda: exceptions.RequestDataTooBig("x"),
        "fields": lambda: exceptions.TooManyFieldsSent("x"),
        "files": lambda: exceptions.TooManyFilesSent("x"),
        "bad": lambda: exceptions.BadRequest("x"),
        "denied": lambda: exceptions.PermissionDenied("x"),
        "redirect": lambda: exceptions.DisallowedRedirect("x"),
        "multipart": lambda: MultiPartParserError("x"),
        "torn": lambda: UnreadablePostError("x"),
        "address": lambda: AddressInRecord("x"),
    }


urlpatterns = [
    *(path(f"{name}/", _raises(error)) for name, error in _errors().items()),
    path("", include("config.urls")),  # the pages of errors link to it
]


@pytest.mark.parametrize("name", _errors())
def test_what_is_the_clients_fault_writes_no_traceback(
    settings: Any, log: LogLines, name: str
) -> None:
    """Whatever a view raises that says that the request is wrong."""
    settings.ROOT_URLCONF = __name__
    answer = Client(raise_request_exception=False).get(f"/{name}/")
    assert 400 <= answer.status_code < 500
    assert log.lines, "one line tells of it"
