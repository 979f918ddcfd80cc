"""A file is fetched from where it may be fetched, whole and in time, or not at all."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from outbound.fetching import Fetched, TooLarge, fetch
from outbound.sending import Failed, Refused
from tests.outbound.test_addresses import INSIDE
from tests.outbound.test_sending import HERE, receiver, saying, trickling

SELF = {"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "localhost"}
"""The receiver of these tests, in disguise."""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


def got(url: str, **how: Any) -> tuple[Fetched, bytes]:
    into = io.BytesIO()
    how = {"seconds": 2.0, "most_bytes": 1000, "allowed": HERE, "may_ask": lambda _: True, **how}
    return fetch(url, into, **how), into.getvalue()


def redirecting(to: str) -> Callable[[socket.socket], None]:
    return saying(f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode())


def test_the_body_arrives_as_it_was_sent() -> None:
    with receiver(saying(HEAD % 5 + b"\x00\xffabc")) as url:
        fetched, body = got(url)
    assert (fetched.status, fetched.size, body) == (200, 5, b"\x00\xffabc")


def test_another_status_brings_no_body() -> None:
    with receiver(
        saying(b"HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nhi")
    ) as url:
        assert got(url) == (Fetched(503, 0, "7"), b"")


def test_a_redirect_is_followed_and_asked_about_like_every_address() -> None:
    addresses: list[str] = []

    def may(host: str) -> bool:
        addresses.append(host)
        return True

    with receiver(saying(HEAD % 2 + b"ok")) as there, receiver(redirecting(there)) as url:
        assert got(url, may_ask=may)[1] == b"ok"
    assert addresses == ["127.0.0.1", "127.0.0.1"]


def test_a_host_that_is_not_allowed_is_not_asked() -> None:
    with pytest.raises(Refused) as refused:
        got("https://media.example/", may_ask=lambda _: False)
    assert refused.value.code == "host_not_allowed"


@pytest.mark.parametrize("inside", sorted(set(INSIDE) - SELF))
def test_a_redirect_to_an_address_that_leads_inside_is_refused(inside: str) -> None:
    with receiver(redirecting(f"https://{inside}/")) as url, pytest.raises(Refused) as refused:
        got(url, allowed=["127.0.0.1/32"], seconds=5.0)
    assert refused.value.code in ("address_not_public", "url_malformed")


def test_redirects_without_end_are_refused() -> None:
    with receiver(redirecting("/again")) as url, pytest.raises(Refused) as refused:
        got(url)
    assert refused.value.code == "too_many_redirects"


def test_more_than_was_asked_for_ends_the_request() -> None:
    with receiver(saying(HEAD % 5000 + b"x" * 5000)) as url, pytest.raises(TooLarge):
        got(url)


def test_a_body_that_ends_too_early_is_no_file() -> None:
    with receiver(saying(HEAD % 500 + b"x" * 20)) as url, pytest.raises(Failed) as failed:
        got(url)
    assert failed.value.code == "broken_answer"


def test_a_body_that_trickles_ends_with_the_deadline() -> None:
    began = time.monotonic()
    with receiver(trickling(HEAD % 500)) as url, pytest.raises(Failed) as failed:
        got(url, seconds=1.0)
    assert failed.value.code == "timeout" and time.monotonic() - began < 5


def test_a_compressed_answer_is_not_unpacked() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    with receiver(saying(answer)) as url, pytest.raises(Failed) as failed:
        got(url)
    assert failed.value.code == "compressed"
