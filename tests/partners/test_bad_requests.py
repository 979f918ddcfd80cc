"""Bad requests over a real socket to the product's own server: one sentence, a stable code, never a
5xx, and nothing half-stored."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import shutil
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from blobs.models import Blob
from media_analysis.submissions.models import Submission
from tests.factories import ServiceAccountFactory
from tests.partners.served import MAX_UPLOAD_BYTES, served
from tests.people import Person, member, picture

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
REST, PAGE = "/api/v1/submissions/", "/submit/"
BOUNDARY = "-----------touchstone"


@dataclass(frozen=True)
class Server:
    home: Path
    port: int


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.body)
        return found


@dataclass
class Door:
    """One way in, with what opens it."""

    port: int
    path: str
    headers: dict[str, str]
    file_field: str
    words: dict[str, str] = field(default_factory=dict)

    def form(self, *parts: bytes, file: bytes | None = None, name: str = "photo.png") -> bytes:
        named = [part(key, value) for key, value in self.words.items()]
        media = [] if file is None else [part(self.file_field, file, name)]
        return b"".join([*named, *parts, *media]) + f"--{BOUNDARY}--\r\n".encode()

    def send(self, body: bytes, **headers: str) -> Answer:
        raw = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.raw(body, {"Content-Length": str(len(body)), **raw})

    def raw(
        self, body: bytes, headers: dict[str, str], pause: float = 0, pieces: int = 1
    ) -> Answer:
        heads = {
            "Host": "localhost",
            "Connection": "close",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            **self.headers,
            **headers,
        }
        head = f"POST {self.path} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in heads.items()) + "\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as link:
            try:
                link.sendall(head.encode("latin-1"))
                step = max(len(body) // pieces, 1)
                for start in range(0, len(body), step):
                    link.sendall(body[start : start + step])
                    time.sleep(pause)
                link.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it was answered before all was sent
            answer = http.client.HTTPResponse(link, method="POST")
            answer.begin()
            return Answer(answer.status, answer.headers, answer.read())


def part(name: str, value: bytes | str, filename: str | None = None) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
    if filename is not None:
        head += f'; filename="{filename}"\r\nContent-Type: image/png'
    content = value.encode() if isinstance(value, str) else value
    return f"{head}\r\n\r\n".encode() + content + b"\r\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Server]:
    """One server for all tests here; at its end it must not have been surprised by anything."""
    home = tmp_path_factory.mktemp("served")
    with served(home) as port:
        yield Server(home, port)
    log = (home / "web.log").read_text(errors="replace")
    assert "Traceback" not in log, log[-3000:]


@pytest.fixture
def home(house: Server, transactional_db: None) -> Iterator[Path]:
    """The server's home, with an empty store."""
    yield house.home
    shutil.rmtree(house.home / "blobs", ignore_errors=True)


@pytest.fixture
def port(house: Server) -> int:
    return house.port


@pytest.fixture
def rest(port: int, home: Path, team: Team) -> Door:
    admin = member(team, Role.ADMIN)
    scopes = (Scope.SUBMISSIONS_READ, Scope.SUBMISSIONS_WRITE)
    issued = issue_key(admin.actor, ServiceAccountFactory(team=team), "test", scopes)
    return Door(port, REST, {"Authorization": f"Bearer {issued.secret}"}, "file")


@pytest.fixture
def page(port: int, home: Path, alice: Person) -> Door:
    client = alice.client()
    page = Client.get(client, PAGE).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    headers = {"Cookie": cookies, "Accept": "application/json", "Referer": "http://localhost/"}
    words = {"csrfmiddlewaretoken": token[1], "team": str(alice.team.pk)}
    return Door(port, PAGE, headers, "upload", words)


def nothing_stored(home: Path) -> None:
    assert not Submission.objects.exists() and not Blob.objects.exists()
    assert [p for p in (home / "blobs").rglob("*") if p.is_file()] == []


def refused(answer: Answer, status: int, code: str) -> None:
    """A program is told the code and one sentence."""
    assert answer.status == status, answer.body[:600]
    body = answer.json()
    assert body["code"] == code
    sentence = body.get("detail") or body["sentence"]
    assert sentence.endswith(".") and "Traceback" not in sentence


def doors(rest: Door, page: Door) -> Iterator[Door]:
    yield rest
    yield page


def test_bodies_that_are_not_what_they_say(rest: Door, page: Door, home: Path) -> None:
    """Torn, unclosed, packed, without length, overlong, of 10,000 parts, and no form at all."""
    media = picture(size=(300, 300))
    for door in doors(rest, page):
        good = door.form(file=media)
        longer = {"Content-Length": str(len(good) + 50)}
        refused(door.raw(good, longer), 400, "incomplete_body")
        refused(door.raw(good[: len(good) // 2], longer), 400, "incomplete_body")
        refused(door.send(good[:-30]), 400, "incomplete_body")
        refused(
            door.send(gzip.compress(good), Content_Encoding="gzip"), 415, "encoding_not_supported"
        )
        refused(door.raw(b"0\r\n\r\n", {"Transfer-Encoding": "chunked"}), 411, "length_required")
        huge = {"Content-Length": "9" * 15}
        refused(door.raw(b"", huge), 413, "too_large")
        fields = [part(f"f{n}", "x") for n in range(10_000)]
        refused(door.send(door.form(*fields, file=media)), 400, "too_many_parts")
        files = [part(f"f{n}", b"x", "x.png") for n in range(10_000)]
        refused(door.send(door.form(*files)), 400, "too_many_parts")
        refused(door.send(door.form(part("note", "n" * 3_000_000))), 413, "too_large")
        no_boundary = door.send(good, Content_Type="multipart/form-data")
        refused(no_boundary, 400, "malformed_body")
        oversized = door.form(file=media + bytes(MAX_UPLOAD_BYTES))
        assert door.send(oversized).json()["code"] == "too_large"
        for number in ("-1", "1e9", "0x10", "12 34", "ä"):
            assert 400 <= door.raw(good, {"Content-Length": number}).status < 500
    nothing_stored(home)


def test_a_person_sees_the_sentence_and_the_code_on_a_page(page: Door, home: Path) -> None:
    """The same troubles, for a browser: what happened, what was kept, what to do."""
    page.headers["Accept"] = "text/html"
    good = page.form(file=picture())
    answer = page.raw(good, {"Content-Length": str(len(good) + 9)})
    assert answer.status == 400
    for words in (b"ended before all of it had arrived", b"nothing was stored", b"incomplete_body"):
        assert words in answer.body
    nothing_stored(home)


def test_forged_and_tokenless_forms(page: Door, home: Path) -> None:
    """A wrong and a missing token: 403 with the code, as JSON and as a page."""
    for token in ("x" * 64, None):
        words = {**page.words, "csrfmiddlewaretoken": token}
        page.words = {name: value for name, value in words.items() if value}
        refused(page.send(page.form(file=picture())), 403, "csrf_failed")
    page.headers["Accept"] = "text/html"
    answer = page.send(page.form(file=picture()))
    assert answer.status == 403 and b"csrf_failed" in answer.body
    nothing_stored(home)


HOSTILE = [
    "../../../etc/passwd",
    "..\\..\\windows\\system32\\cmd.exe",
    "photo\u202egpj.exe",
    "x" * 300 + ".png",
    "\u00e4" * 150 + ".png",
    "a\x01\x1b[31mb.png",
    "%00%0d%0aSet-Cookie.png",
    "=cmd|' /C calc'!A0.png",
    "<script>alert(1)</script>.png",
    "con.png",
    " ",
    ".",
]


def test_hostile_file_names_are_text(rest: Door, home: Path) -> None:
    """Paths, controls, a right-to-left override, 300 bytes: taken, and shown as harmless text."""
    for n, name in enumerate(HOSTILE):
        answer = rest.send(rest.form(file=picture(n), name=name))
        assert answer.status == 202 or answer.json()["code"] == "invalid", (name, answer.body)
        if answer.status == 202:
            stored_name = answer.json()["filename"]
            assert len(stored_name) <= 255 and not set(stored_name) & set("/\\\u202e\x01\x1b\r\n")
    stored = [p.name for p in (home / "blobs").rglob("*") if p.is_file()]
    assert all(re.fullmatch(r"[0-9a-f]{64}", name) for name in stored)
    assert not list(home.rglob("*passwd*"))


def test_words_that_cannot_be_stored(rest: Door, page: Door, home: Path) -> None:
    """NUL, broken UTF-8, overlong, unknown and foreign: named field by field, or taken as text."""
    media = picture()
    cases = {
        "unknown_field": part("surprise", "x"),
        "max_length": part("note", "n" * 5000),
        "null_characters_not_allowed": part("note", "a\x00b"),
        "does_not_exist": b"",
    }
    for code, extra in cases.items():
        if extra:
            answer = rest.send(rest.form(extra, file=media))
            refused(answer, 400, "invalid")
            assert code in str(answer.json()["errors"])
    refused(rest.send(rest.form(part("team", str(uuid.uuid4())), file=media)), 404, "not_found")
    refused(rest.send(rest.form(part("team", "9" * 400), file=media)), 400, "invalid")
    refused(rest.send(rest.form(part("batch", "1e400"), file=media)), 400, "invalid")
    for word in ("a\x00b", "n" * 5000):
        refused(page.send(page.form(part("note", word), file=media)), 400, "invalid")
    nothing_stored(home)
    assert rest.send(rest.form(part("note", b"\xff\xfe\x80"), file=media)).status == 202


QUERIES = [
    "received_from=2026-02-30", "received_from=0000-00-00", "received_to=99999-12-31",
    "received_from=1e9", "team=99999999999999999999999", "sort=-1", "cursor=%00", "cursor=AAAA",
    "cursor=" + "A" * 1900, "q=%00", "q=%ff%fe", "q=" + "%F0%9F%92%A9" * 100, "q=%27%20OR%201=1--",
    "q=" + "a+" * 90, "state=%00", "detector=../../x", "kind[]=image", "sort=name&cursor=W10",
]  # fmt: skip


def test_addresses_that_make_no_sense(rest: Door, page: Door, home: Path) -> None:
    """Dates that do not exist, huge numbers, NUL, foreign cursors: a page or a 400, never a 5xx."""
    for door, path in ((rest, REST), (page, "/")):
        for query in QUERIES:
            link = http.client.HTTPConnection("127.0.0.1", door.port, timeout=60)
            link.request("GET", f"{path}?{query}", headers={**door.headers, "Host": "localhost"})
            answer = link.getresponse()
            assert answer.status in (200, 400), (path, query, answer.status)
            body = answer.read()
            if path == REST and answer.status == 400:
                assert json.loads(body)["code"] == "invalid"
            link.close()


def test_a_slow_body_holds_up_nobody_and_may_finish(rest: Door, home: Path) -> None:
    """Slow senders who stop half-way leave nothing; who finishes is served; others too."""
    good = rest.form(file=picture(size=(200, 200)))
    stalled = []
    for _ in range(3):
        link = socket.create_connection(("127.0.0.1", rest.port))
        head = f"POST {REST} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(good)}\r\n"
        head += f"Authorization: {rest.headers['Authorization']}\r\n"
        head += f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
        link.sendall(head.encode() + good[:100])
        stalled.append(link)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(rest.raw, good, {"Content-Length": str(len(good))}, pause=0.2, pieces=10)
        quick = rest.send(rest.form(file=picture(7)))
        assert quick.status == 202
        assert slow.result().status == 202
    for link in stalled:
        link.close()
    time.sleep(1)
    assert Submission.objects.count() == 2 == Blob.objects.count()


def test_twenty_copies_of_one_file_at_once(rest: Door, home: Path) -> None:
    """Twenty submissions, one blob, no error."""
    body = rest.form(file=picture(99, size=(400, 400)))
    send: Callable[[int], Answer] = lambda _: rest.send(body)  # noqa: E731
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))
    assert [a.status for a in answers] == [202] * 20
    assert Submission.objects.count() == 20 and Blob.objects.count() == 1
    files = [p for p in (home / "blobs").rglob("*") if p.is_file()]
    assert len(files) == 1


HEADS = {
    "Host": ["evil.example", "a b", "", "[::1"],
    "Content-Type": [
        "multipart/form-data; boundary*=bogus''x", "text/plain; charset*=utf-16''x",
        *(f"text/plain; charset={name}" for name in ("utf-16", "rot13", "idna", "undefined")),
    ],
    "Cookie": ["sessionid=\xff", "sessionid=" + "x" * 4000],
    "Accept-Language": ["\xff"],
}  # fmt: skip


def test_heads_that_make_no_sense_over_the_wire(rest: Door, page: Door, home: Path) -> None:
    """Foreign hosts, strange charsets, broken cookies, NUL in the address: a 4xx each time."""
    for door in doors(rest, page):
        for name, values in HEADS.items():
            for value in values:
                answer = door.raw(b"x=1", {"Content-Length": "3", name: value})
                assert 400 <= answer.status < 500, (door.path, name, value)
        kept = door.path
        for path in ("/%00", "/accounts/invitation/%00/", "/%ff", f"{kept}?q=\xe4", "/static/%00"):
            door.path = path
            assert 300 <= door.raw(b"", {"Content-Length": "0"}).status < 500, path
        door.path = kept
    nothing_stored(home)
