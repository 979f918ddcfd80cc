"""Limits connections, in total and for each address, and closes those that are too slow.

gunicorn's connection waits without limit for a request's head, and for a client that does not read
its answer. Here each has a deadline. Above the limit, a connection that only waits for a request is
closed, starting with one that never sent any. A new connection is refused only if none waits.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from typing import Any

from gunicorn.asgi.protocol import ASGIProtocol

WRITE_SECONDS = 30.0
TOO_SLOW = "The request's head came in too slowly."


@dataclass(frozen=True)
class Deadlines:
    head_seconds: float
    bytes_a_second: int


class Connections:
    """All connections of one process."""

    def __init__(self, most: int, most_per_address: int | None) -> None:
        self.most, self.most_per_address = most, most_per_address
        self._open: dict[Connection, None] = {}
        self._by_address: dict[str, dict[Connection, None]] = {}

    def admit(self, new: Connection) -> bool:
        mine = self._by_address.setdefault(new.address, {}) if new.address else {}
        per_address = self.most_per_address
        if new.address and per_address and len(mine) >= per_address and not _make_room(mine):
            return False
        if len(self._open) >= self.most and not _make_room(self._open):
            return False
        self._open[new] = mine[new] = None
        return True

    def forget(self, old: Connection) -> None:
        self._open.pop(old, None)
        if mine := self._by_address.get(old.address):
            mine.pop(old, None)
            if not mine:
                del self._by_address[old.address]

    def close_idle(self) -> None:
        for connection in [one for one in self._open if one.is_idle]:
            connection.cut()


def _make_room(among: dict[Connection, None]) -> bool:
    idle = (one for one in among if one.is_idle)
    oldest = min(idle, key=lambda one: one.req_count > 1, default=None)
    if oldest is None:
        return False
    oldest.cut()
    return True


class Connection(ASGIProtocol):  # type: ignore[misc]
    """One connection over HTTP/1.1."""

    address = ""
    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None
    _admitted = False

    @property
    def is_idle(self) -> bool:
        """It waits for a request, or for the rest of one's head."""
        return self._current_request is None and not self._closed

    def connection_made(self, transport: Any) -> None:
        self.address = _network_of(transport.get_extra_info("peername"))
        self._admitted = self.worker.connections.admit(self)
        if not self._admitted:
            self.transport, self._closed = transport, True
            transport.abort()
            return
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        if not self._admitted:
            return
        if self._head_timer is None and self.is_idle:  # kept alive: the next head begins
            self._expect_head()
        super().data_received(data)

    def eof_received(self) -> bool:
        """Whoever has said all that they will may still wait for the answer."""
        if not self._admitted or self.is_idle:
            return False
        receiver = self._body_receiver
        if receiver is not None and not receiver._complete:
            receiver.signal_disconnect()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(self._head_timer)
        self._end(self._write_timer)
        if self._flow_control is not None:
            self._flow_control.resume_writing()  # nobody waits for a client that has gone
        if self._admitted:
            self.worker.connections.forget(self)
            super().connection_lost(exc)

    def cut(self) -> None:
        """Close a connection that only waits."""
        self._close_transport()
        if self._request_ready is not None:
            self._request_ready.set()  # gunicorn's loop sees that it is closed, and ends

    # --- a head has a deadline --------------------------------------------------------------
    def _expect_head(self) -> None:
        seconds = self.worker.deadlines.head_seconds
        self._head_timer = self.worker.loop.call_later(seconds, self._head_is_late)

    def _on_headers_complete(self) -> Any:
        self._end(self._head_timer)
        self._head_timer = None
        return super()._on_headers_complete()

    def _head_is_late(self) -> None:
        if self.is_idle:
            self._send_error_response(408, TOO_SLOW)
            self.cut()

    # --- so has taking an answer ------------------------------------------------------------
    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_taking()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self._closed:
            self._end(self._write_timer)

    def _close_transport(self) -> None:
        super()._close_transport()
        self.transport.close()  # gunicorn leaves it open where the client has reset it
        if self.transport.get_write_buffer_size():
            self._expect_taking()

    def _expect_taking(self) -> None:
        self._end(self._write_timer)
        waiting = self.transport.get_write_buffer_size()
        seconds = WRITE_SECONDS + waiting / self.worker.deadlines.bytes_a_second
        self._write_timer = self.worker.loop.call_later(seconds, self.transport.abort)

    @staticmethod
    def _end(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def _network_of(peer: Any) -> str:
    """An address; of IPv6 the network of 64 bits that one client has to itself."""
    try:
        address = ipaddress.ip_address(peer[0])
    except (ValueError, TypeError, IndexError):
        return ""  # a UNIX socket, which only a proxy of this machine has
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)
