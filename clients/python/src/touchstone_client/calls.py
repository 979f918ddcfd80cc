"""The requests of the API and how long to wait before a retry; no network access here."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import os
import random
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import httpx

from touchstone_client.errors import Problem, TouchstoneError, Unreachable

Media = str | os.PathLike[str] | bytes | IO[bytes]
Progress = Callable[[int], None]
"""Called with the number of bytes that have been read so far."""
ROOT = "/api/v1/"
LONGEST_PAUSE = 60.0
PIECE = 8 * 1024 * 1024
"""Bytes of a piece of a resumable upload."""
LONGEST_LOOK = 5.0
"""Seconds between two looks at an upload that the server receives."""
TUS = {"Tus-Resumable": "1.0.0"}
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
LONGEST_WAIT = 50
"""Seconds of one long poll; the server takes 60 at most."""

LONGEST_STREAM = 600
LONGEST_SILENCE = 60.0
"""Seconds. A stream says something every 20 seconds; else it was cut."""


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = None
    data: Mapping[str, str] | None = None
    files: Mapping[str, Any] | None = None
    may_repeat: bool = True
    after: float = 0.0
    """Seconds to wait before it is sent."""
    timeout: float | None = None
    to_store: bool = False
    """To the media store itself: the API key does not go there."""

    def arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "params": dict(self.params) or None,
            "headers": dict(self.headers),
        }
        if self.json is not None:
            arguments["json"] = self.json
        if self.content is not None:
            arguments["content"] = self.content
        if self.files is not None:
            arguments |= {"files": self.files, "data": self.data}
        if self.timeout is not None:
            arguments["timeout"] = self.timeout
        return arguments


Steps = Generator[Call, httpx.Response, str]
"""Calls that depend on the answers to those before."""


def within(address: str) -> str:
    """The path of an address in an answer: the key goes to no other server than the one that was
    named, also where the answer names the server by another name."""
    url = httpx.URL(address)
    path = url.raw_path.decode()
    return path[path.index(ROOT) :] if ROOT in path else path


def submit(file: tuple[str, IO[bytes]], key: str | None, words: Mapping[str, Any]) -> Call:
    """With a key of its own, so that a repeat sends nothing twice."""
    values = {name: _text(value) for name, value in words.items() if value not in (None, "", False)}
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    return Call("POST", f"{ROOT}submissions/", headers=headers, data=values, files={"file": file})


def begin_upload(name: str, size: int, words: Mapping[str, Any]) -> Call:
    values = {"filename": name}
    values |= {one: _text(value) for one, value in words.items() if value not in (None, "", False)}
    pairs = (f"{one} {base64.b64encode(text.encode()).decode()}" for one, text in values.items())
    headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": ",".join(pairs)}
    return Call("POST", f"{ROOT}uploads/", headers=headers)


def upload_state(address: str, after: float = 0.0) -> Call:
    return Call("HEAD", address, headers=TUS, after=after)


def upload_piece(address: str, offset: int, piece: bytes) -> Call:
    headers = {
        **TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream",
    }  # fmt: skip
    return Call("PATCH", address, headers=headers, content=piece, may_repeat=False, timeout=300)


def submission_of(answer: httpx.Response) -> str | None:
    """The id of what an upload has become, once its last piece has arrived."""
    address = str(answer.headers.get("Touchstone-Submission", ""))
    return address.rstrip("/").rsplit("/", 1)[-1] or None


def upload(
    file: tuple[str, IO[bytes], int],
    words: Mapping[str, Any],
    address: str | None,
    retries: int,
    progress: Progress | None,
    started: Callable[[str], None] | None,
) -> Steps:
    """The calls of a resumable upload. Each is answered with its response, or with what it failed
    by. Returns the id of the submission."""
    name, content, size = file
    if address:
        answer = yield upload_state(within(address))
    else:
        answer = yield begin_upload(name, size, words)
        address = str(answer.headers["Location"])
    if started:
        started(address)
    address, failures = within(address), 0
    while (done := submission_of(answer)) is None:
        offset = int(answer.headers["Upload-Offset"])
        if progress:
            progress(offset)
        content.seek(offset)
        try:
            answer = yield upload_piece(address, offset, content.read(PIECE))
            failures = 0
        except (Problem, Unreachable) as error:
            if failures >= retries or not may_go_on(error):
                raise
            answer = yield upload_state(address, after=pause(failures, None))
            failures += 1
    if progress:
        progress(size)
    return done


def announce(name: str, size: int, sha256: str, words: Mapping[str, Any]) -> Call:
    values = {one: value for one, value in words.items() if value not in (None, "", False)}
    body = {"filename": name, "size": size, "sha256": sha256, **values}
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    return Call("POST", f"{ROOT}uploads/direct/", json=body, headers=headers)


def direct(
    file: tuple[str, IO[bytes], int],
    words: Mapping[str, Any],
    address: str | None,
    retries: int,
    progress: Progress | None,
    started: Callable[[str], None] | None,
) -> Steps:
    """The calls of an upload straight into the media store, as `upload` has them."""
    name, content, size = file
    if address:
        upload = (yield Call("POST", f"{within(address)}parts/")).json()
    else:
        upload = (yield announce(name, size, _sha256(content), words)).json()
    address = str(upload["url"])
    if started:
        started(address)
    address, failures = within(address), 0
    while missing := [part for part in upload["parts"] if not part["etag"]]:
        if progress:
            progress(size - sum(part["size"] for part in missing))
        part = missing[0]
        content.seek(part["offset"])
        try:
            answer = yield Call(
                "PUT", part["url"], content=content.read(part["size"]), timeout=300, to_store=True
            )
            part["etag"], failures = answer.headers["ETag"], 0
        except (Problem, Unreachable):
            if failures >= retries:
                raise
            again = Call("POST", f"{address}parts/", after=pause(failures, None))
            upload = (yield again).json()
            failures += 1
    if progress:
        progress(size)
    if upload["state"] == "waiting":
        parts = [{"number": part["number"], "etag": part["etag"]} for part in upload["parts"]]
        upload = (yield Call("POST", f"{address}complete/", json={"parts": parts})).json()
    for look in itertools.count():
        if upload["state"] not in ("waiting", "receiving"):
            break
        upload = (yield Call("GET", address, after=min(0.25 * 1.5**look, LONGEST_LOOK))).json()
    if upload["submission"] is None:
        raise Problem(422, {"code": upload["reason_code"], "detail": upload["reason"]})
    return str(upload["submission"]).rstrip("/").rsplit("/", 1)[-1]


def _sha256(content: IO[bytes]) -> str:
    hasher = hashlib.sha256()
    content.seek(0)
    while chunk := content.read(1 << 20):
        hasher.update(chunk)
    return hasher.hexdigest()


def may_go_on(error: TouchstoneError) -> bool:
    """Whether an upload goes on from what has arrived: the server says how much that is."""
    if not isinstance(error, Problem):
        return True
    if error.code == "quota_reached":
        return False
    return error.status in AGAIN or error.code in ("upload_offset_differs", "upload_locked")


def read(submission: str, wait: float = 0, known: str | None = None) -> Call:
    seconds = max(0, min(int(wait), LONGEST_WAIT))
    return Call(
        "GET", f"{ROOT}submissions/{submission}/",
        params={"wait": seconds} if seconds else {},
        headers={"If-None-Match": known} if known else {},
        timeout=seconds + 30.0,
    )  # fmt: skip


def events(address: str, until: str | None, last: str, seconds: float) -> Call:
    """A stream; `last` is the id of the last event that came."""
    params: dict[str, Any] = {"seconds": max(1, min(int(seconds), LONGEST_STREAM))}
    if until:
        params["until"] = until
    headers = {"Accept": "text/event-stream"}
    if last:
        headers["Last-Event-ID"] = last
    return Call("GET", f"{ROOT}{address}/events/", params, headers, timeout=LONGEST_SILENCE)


def find(filters: Mapping[str, Any]) -> Call:
    params = {name: _text(value) for name, value in filters.items() if value is not None}
    return Call("GET", f"{ROOT}submissions/", params=params)


def send_addresses(
    items: Sequence[str | Mapping[str, str]], key: str | None, external_id: str, team: str | None
) -> Call:
    body: dict[str, Any] = {
        "items": [{"url": one} if isinstance(one, str) else dict(one) for one in items],
        "external_id": external_id,
    }
    if team:
        body["team"] = team
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    return Call("POST", f"{ROOT}batches/", json=body, headers=headers)


def batch(batch: str) -> Call:
    return Call("GET", f"{ROOT}batches/{batch}/")


def of_submission(method: str, submission: str, part: str = "") -> Call:
    path = f"{ROOT}submissions/{submission}/{part}"
    return Call(method, path, may_repeat=method in ("GET", "DELETE"))


def appeal(submission: str, text: str, key: str | None) -> Call:
    """With a key of its own, so that a repeat appeals once."""
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    path = f"{ROOT}submissions/{submission}/appeal/"
    return Call("POST", path, headers=headers, json={"text": text})


def withdraw_appeal(submission: str) -> Call:
    """Sent once: a second one would be refused, as no appeal is open any more."""
    return Call("POST", f"{ROOT}submissions/{submission}/appeal/withdraw/", may_repeat=False)


def usage() -> Call:
    return Call("GET", f"{ROOT}usage/")


def of_webhooks(method: str, path: str = "", json: Any = None) -> Call:
    return Call(method, f"{ROOT}webhooks/{path}", json=json, may_repeat=method == "GET")


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


class _Told:
    """A file that tells how much of it has been read."""

    def __init__(self, inner: IO[bytes], tell: Progress) -> None:
        self._inner, self._tell = inner, tell

    def read(self, size: int = -1) -> bytes:
        chunk = self._inner.read(size)
        self._tell(self._inner.tell())
        return chunk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@contextmanager
def opened(
    media: Media, filename: str | None, progress: Progress | None
) -> Iterator[tuple[str, Any]]:
    """The name and the file as httpx takes them; closed only if it was opened here."""
    if isinstance(media, bytes):
        yield filename or "media", media
    elif isinstance(media, str | os.PathLike):
        with Path(media).open("rb") as file:
            yield filename or Path(media).name, _Told(file, progress) if progress else file
    else:
        name = filename or Path(str(getattr(media, "name", "media"))).name
        yield name, _Told(media, progress) if progress else media


@contextmanager
def seekable(media: Media, filename: str | None) -> Iterator[tuple[str, IO[bytes], int]]:
    """The name, the file and its size, for an upload in pieces."""
    if isinstance(media, bytes):
        media, filename = io.BytesIO(media), filename or "media"
    with opened(media, filename, None) as (name, file):
        yield name, file, file.seek(0, os.SEEK_END)


def no_answer(error: Exception) -> str:
    return f"The server did not answer: {str(error) or type(error).__name__}"


def pause(attempt: int, answer: httpx.Response | None) -> float:
    """As long as the server asks, else 0.5, 1, 2 seconds and so on, with jitter."""
    if answer is not None:
        try:
            return min(max(float(answer.headers["Retry-After"]), 0.0), LONGEST_PAUSE)
        except (KeyError, ValueError):
            pass
    return float(min(0.5 * 2**attempt, LONGEST_PAUSE) * random.uniform(0.5, 1.5))


def wants_repeating(call: Call, answer: httpx.Response) -> bool:
    """What was refused before it was done may be repeated; so may what is done only once anyway. A
    quota that is reached has room again next month: nobody waits that long."""
    if answer.status_code == 429:
        return bool(_values_of(answer).get("code") != "quota_reached")
    if answer.status_code == 503:
        return True
    if answer.status_code == 409:
        return bool(_values_of(answer).get("code") == "idempotency_busy")
    return call.may_repeat and answer.status_code in AGAIN


def checked(answer: httpx.Response) -> httpx.Response:
    """Raises `Problem` unless the server did as it was asked."""
    if answer.status_code < 400:
        return answer
    raise Problem(answer.status_code, _values_of(answer))


def _values_of(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        values = answer.json()
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}
