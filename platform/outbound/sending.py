"""Sends one HTTP request to an address that somebody else provides.

The name is resolved once and the connection goes to exactly the address that was checked, so that a
name that changes its answer (DNS rebinding) gains nothing. Redirects are not followed, the
environment's proxy is not used, and no compressed body is unpacked. One deadline covers everything:
resolution, connection, TLS, head and body, however slowly they arrive.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

from outbound.addresses import Address, is_allowed, is_named

LONGEST_URL = 2000
PORTS = {80, 443}
_lookups = ThreadPoolExecutor(8, thread_name_prefix="lookup")


class Refused(Exception):
    """This address is not asked. `outbound.sentences` has the words for its code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Failed(Exception):
    """It was asked, and gave no answer that counts."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in small letters; of one that comes twice the last."""
    body: bytes
    """Its beginning, where it is longer than was asked for."""
    is_whole: bool


def checked(url: str, allowed: Collection[str] = ()) -> SplitResult:
    """By its text alone: a scheme, a host and a port that may be asked. Raises `Refused`."""
    if len(url) > LONGEST_URL:
        raise Refused("url_too_long")
    if any(ord(letter) <= 32 or ord(letter) > 126 for letter in url):
        raise Refused("url_malformed")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("url_malformed") from error
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Refused("url_malformed")
    if parts.username is not None or parts.password is not None:
        raise Refused("url_with_password")
    if parts.fragment:
        raise Refused("url_malformed")
    if port is not None and port not in PORTS and port < 1024:
        raise Refused("port_closed")
    literal = _literal(parts.hostname)
    if literal is not None and not is_allowed(literal, allowed):
        raise _inside()
    if parts.scheme == "http" and not allowed:
        raise Refused("https_needed")
    return parts


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    seconds: float,
    most_bytes: int,
    allowed: Collection[str] = (),
) -> Answer:
    """Raises `Refused` before a byte was sent, or `Failed`. `allowed` are networks that the
    operator opens although they are not public."""
    with answering(method, url, headers=headers, body=body, deadline=time.monotonic() + seconds,
                   allowed=allowed) as answer:  # fmt: skip
        got, whole = _read(answer.iter_stream(), most_bytes)
        return Answer(answer.status, header_map(answer), got, whole)


@contextmanager
def answering(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    deadline: float,
    allowed: Collection[str] = (),
) -> Iterator[httpcore.Response]:
    """The answer with its head read and its body still to come, until `deadline` by the monotonic
    clock. What goes wrong while the caller reads is `Failed`, too."""
    parts = checked(url, allowed)
    backend = _Pinned(deadline, allowed, needs_named=parts.scheme == "http")
    sent = {"Host": parts.netloc, "Connection": "close", "Accept-Encoding": "identity",
            **(headers or {})}  # fmt: skip
    if body or method in ("POST", "PUT", "PATCH"):
        sent["Content-Length"] = str(len(body))
    try:
        with (
            httpcore.ConnectionPool(
                ssl_context=_tls(), network_backend=backend, http2=False, retries=0
            ) as pool,
            pool.stream(method, url, headers=list(sent.items()), content=body) as answer,
        ):
            yield answer
    except httpcore.TimeoutException as error:
        raise Failed("timeout") from error
    except httpcore.ConnectError as error:
        code = "tls_failed" if isinstance(error.__context__, ssl.SSLError) else "not_reached"
        raise Failed(code) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise Failed("broken_answer") from error


def header_map(answer: httpcore.Response) -> Mapping[str, str]:
    """Its headers, with names in small letters."""
    return {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in answer.headers}


def retry_after(text: str, longest: float) -> float:
    """The seconds that a Retry-After header asks for, up to `longest`; 0 where it is no number."""
    try:
        return min(max(float(text), 0.0), longest)
    except ValueError:
        return 0.0


def _read(chunks: Iterable[bytes], most: int) -> tuple[bytes, bool]:
    got = bytearray()
    for chunk in chunks:
        got += chunk
        if len(got) > most:
            return bytes(got[:most]), False
    return bytes(got), True


def _inside() -> Refused:
    return Refused("address_not_public")


def _literal(host: str) -> Address | None:
    """An address in the place of a name, also as one number or in octal, as the system reads it."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """What this machine trusts, and what browsers do: a small image may come without the former."""
    return httpcore.default_ssl_context()


class _Pinned(httpcore.NetworkBackend):
    def __init__(self, deadline: float, allowed: Collection[str], *, needs_named: bool) -> None:
        self.deadline, self.allowed, self.needs_named = deadline, allowed, needs_named

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        address = self._looked_up(host, port)
        plain = httpcore.SyncBackend().connect_tcp(address, port, _left(self.deadline), None, [])
        return _Stream(plain, self.deadline)

    def _looked_up(self, host: str, port: int) -> str:
        lookup = _lookups.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = lookup.result(timeout=_left(self.deadline))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except (OSError, UnicodeError) as error:
            raise Failed("name_unknown") from error
        addresses = [ipaddress.ip_address(str(one[4][0])) for one in found]
        # All of them: a name that leads in and out is not to be trusted with either.
        if not addresses or not all(is_allowed(one, self.allowed) for one in addresses):
            raise _inside()
        if self.needs_named and not all(is_named(one, self.allowed) for one in addresses):
            raise Refused("https_needed")
        return str(addresses[0])


class _Stream(httpcore.NetworkStream):
    """Each step has what is left of the one deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self.inner, self.deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, _left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, _left(self.deadline))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self.deadline)
        return _Stream(self.inner.start_tls(ssl_context, server_hostname, left), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return left
