"""An outgoing request ends in time, reads no more than allowed, and follows no redirect."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from outbound.sending import Answer, Failed, Refused, send

HERE = ["127.0.0.0/8"]
Talk = Callable[[socket.socket], None]


@contextmanager
def receiver(talk: Talk) -> Iterator[str]:
    """A socket that says what it likes; gives its address."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(20)

    def serve() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            with peer:
                try:
                    peer.recv(65536)
                    talk(peer)
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/hook"
    finally:
        server.close()


def ask(url: str, **how: Any) -> Answer:
    how = {"seconds": 2.0, "most_bytes": 1000, "allowed": HERE, **how}
    return send("POST", url, body=b"{}", **how)


def saying(text: bytes) -> Talk:
    return lambda peer: peer.sendall(text)


def trickling(begin: bytes) -> Talk:
    def talk(peer: socket.socket) -> None:
        peer.sendall(begin)
        for _ in range(200):
            peer.sendall(b"x")
            time.sleep(0.1)

    return talk


def endless(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    while True:
        peer.sendall(b"x" * 65536)


def test_an_answer_is_told_and_a_redirect_is_not_followed() -> None:
    """Status, headers and the beginning of the body."""
    with receiver(saying(b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n"
                         b"Content-Length: 2\r\n\r\nno")) as url:  # fmt: skip
        answer = ask(url)
    assert (answer.status, answer.body, answer.is_whole) == (302, b"no", True)


@pytest.mark.parametrize(
    "talk",
    [
        lambda peer: time.sleep(10),
        trickling(b"HTTP/1.1 200 OK\r\nX-Slow: "),
        trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"),
    ],
    ids=["silent", "slow head", "slow body"],
)
def test_one_deadline_holds_for_everything(talk: Talk) -> None:
    """Whoever is silent or trickles is left after the time, not after each byte anew."""
    began = time.monotonic()
    with receiver(talk) as url, pytest.raises(Failed) as caught:
        ask(url, seconds=1.0)
    assert caught.value.code == "timeout" and time.monotonic() - began < 6


def test_no_more_is_read_than_was_asked_for() -> None:
    """Of a gigabyte a thousand bytes."""
    with receiver(endless) as url:
        answer = ask(url)
    assert len(answer.body) == 1000 and not answer.is_whole


@pytest.mark.parametrize("text", [b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n",
                                  b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
                                  b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 300_000])  # fmt: skip
def test_what_is_no_answer_is_a_failure(text: bytes) -> None:
    """Cut, torn or no HTTP at all: a code, never another error."""
    with receiver(saying(text)) as url, pytest.raises(Failed) as caught:
        ask(url)
    assert caught.value.code == "broken_answer"


def test_nobody_there_is_a_failure() -> None:
    """A closed port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Failed) as caught:
        ask(f"http://127.0.0.1:{port}/")
    assert caught.value.code == "not_reached"


def test_a_name_that_changes_its_answer_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked up once, and the connection goes to the address that was checked."""
    names: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, port: int, *args: Any, **kw: Any) -> Any:
        if host != "rebind.example":
            return real(host, port, *args, **kw)
        names.append(host)
        return real("127.0.0.1" if len(names) == 1 else "127.0.0.2", port, *args, **kw)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with receiver(saying(b"HTTP/1.1 204 No Content\r\n\r\n")) as url:
        port = url.split(":")[2]
        assert ask(f"http://rebind.example:{port}").status == 204
    assert len(names) == 1


@pytest.mark.parametrize("found", [["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["8.8.8.8", "::1"],
                                   ["::ffff:127.0.0.1"], ["64:ff9b::a00:1"]])  # fmt: skip
def test_a_name_that_leads_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    """Also one of which only one of several addresses does."""
    answers = [(0, 0, 0, "", (address, 443)) for address in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kw: answers)
    with pytest.raises(Refused) as caught:
        send("GET", "https://inside.example/", seconds=2, most_bytes=10)
    assert caught.value.code == "address_not_public"


def test_plain_http_goes_only_to_networks_that_the_operator_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A public address wants https, whatever else is allowed."""
    answers = [(0, 0, 0, "", ("8.8.8.8", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kw: answers)
    with pytest.raises(Refused) as caught:
        send("GET", "http://public.example/", seconds=2, most_bytes=10, allowed=HERE)
    assert caught.value.code == "https_needed"


def test_a_look_up_that_takes_too_long_ends_with_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Names are looked up within the same time."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kw: time.sleep(3))
    with pytest.raises(Failed) as caught:
        send("GET", "https://slow.example/", seconds=0.5, most_bytes=10)
    assert caught.value.code == "timeout"


def test_the_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would look the name up again, inside."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with receiver(saying(b"HTTP/1.1 204 No Content\r\n\r\n")) as url:
        assert ask(url).status == 204
