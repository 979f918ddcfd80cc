"""Tests of the tests: nothing is emptied while the live server still answers."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from django.db import connection, transaction
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import session_cookie
from tests.in_flight import InFlight
from tests.people import Person


def test_a_request_whose_asker_is_gone_is_awaited(
    live_server: LiveServer, in_flight: InFlight, alice: Person
) -> None:
    """Its caller has left. It waits for a locked table, and ends only after the lock is gone."""
    at = urlsplit(live_server.url)
    cookie = session_cookie(alice.user, live_server.url)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE accounts_user")
        with socket.create_connection((at.hostname, at.port)) as asker:
            asker.sendall(
                f"GET / HTTP/1.1\r\nHost: {at.netloc}\r\n"
                f"Cookie: {cookie['name']}={cookie['value']}\r\n\r\n".encode()
            )
            assert in_flight.begun(20)
        assert not in_flight.ended(0.5)
    assert in_flight.ended(20)
