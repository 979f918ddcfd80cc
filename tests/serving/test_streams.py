"""Streams of events, from a server that holds no thread for them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import pytest
from django.db import transaction

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key, revoke_key
from jobs.services import claim, claim_one, park
from media_analysis.batches.models import BatchItem, Source
from media_analysis.batches.services import receiving
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.services import cases, routing
from media_analysis.submissions.models import Submission
from ml.models import Analysis
from tests.factories import ServiceAccountFactory
from tests.partners.served import served
from tests.people import Person, Send, member

URL = "/api/v1/submissions/"
STREAMS = 50
ROUND = 2.0
PROMPT = 2.0
MOST = 2
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass
class Event:
    id: str = ""
    kind: str = "message"
    data: Any = None


@dataclass
class Stream:
    """What one stream said."""

    answer: httpx.Response
    events: list[Event] = field(default_factory=list)
    silent_rounds: int = 0
    ended: bool = False

    def listen(self) -> None:
        event = Event()
        for line in self.answer.iter_lines():
            name, _, value = line.partition(": ")
            if line == "" and event.data is not None:
                self.events.append(event)
                event = Event()
            elif line == ":":
                self.silent_rounds += 1
            elif name == "id":
                event.id = value
            elif name == "event":
                event.kind = value
            elif name == "data":
                event.data = json.loads(value)
        self.ended = True


@contextmanager
def listening(client: httpx.Client, path: str, **how: Any) -> Iterator[Stream]:
    with client.stream("GET", path, **how) as answer:
        if answer.status_code != 200:
            answer.read()
        assert answer.status_code == 200, answer.text
        stream = Stream(answer)
        thread = threading.Thread(target=stream.listen)
        thread.start()
        try:
            yield stream
            thread.join(60)
        finally:
            answer.close()


def until(fact: Any, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


@dataclass
class Site:
    client: httpx.Client
    key: Any
    admin: Any
    server: Popen[bytes]
    service: Any


@pytest.fixture
def site(tmp_path: Path, transactional_db: None, team: Team) -> Iterator[Site]:
    admin, service = member(team, Role.ADMIN), ServiceAccountFactory(team=team)
    scopes = [Scope.SUBMISSIONS_READ, Scope.SUBMISSIONS_WRITE]
    issued = issue_key(admin.actor, service, "test", scopes)
    headers = {"Authorization": f"Bearer {issued.secret}"}
    limits = httpx.Limits(max_connections=4 * STREAMS)
    processes: list[Popen[bytes]] = []
    with (
        served(tmp_path, processes, API_STREAM_ROUND_SECONDS=str(ROUND)) as port,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, limits=limits
        ) as client,
    ):
        yield Site(client, issued.key, admin, processes[0], service)


def end(submission: Submission) -> None:
    taken = claim_one(Analysis, submission.analysis_id, worker="t")
    assert taken is not None
    park(taken, "test", "Set aside by a test.")


def test_fifty_streams_hold_no_thread_and_all_learn_of_the_end(
    site: Site, alice: Person, send: Send
) -> None:
    """The server has eight threads. Others are answered promptly meanwhile; each event is what
    reading the submission answers then, under its ETag; a stream costs one request."""
    submission = send(alice)
    one = f"{URL}{submission.pk}/"
    left = int(site.client.get(URL).headers["RateLimit-Remaining"])
    with ExitStack() as stack:
        streams = [
            stack.enter_context(listening(site.client, f"{one}events/?until=ended"))
            for _ in range(STREAMS)
        ]
        until(lambda: all(stream.events for stream in streams))
        until(lambda: all(stream.silent_rounds for stream in streams))
        began = time.monotonic()
        now = site.client.get(one)
        assert time.monotonic() - began < PROMPT
        assert {stream.events[0].data["state"] for stream in streams} == {"queued"}
        assert {stream.events[0].id for stream in streams} == {now.headers["ETag"].strip('"')}
        assert streams[0].events[0].data == now.json()
        assert streams[0].answer.headers["Content-Type"] == "text/event-stream"
        end(submission)
        until(lambda: all(stream.ended for stream in streams))
    assert {stream.events[-1].data["state"] for stream in streams} == {"parked"}
    assert {len(stream.events) for stream in streams} <= {2, 3}, "some saw that it was claimed"
    after = site.client.get(URL)
    assert int(after.headers["RateLimit-Remaining"]) == left - STREAMS - 2

    # A client that reconnects with the last id gets no event twice: only the end, or a new event.
    last = streams[0].events[-1].id
    known = {"Last-Event-ID": last}
    over = site.client.get(f"{one}events/?until=ended", headers=known)
    assert (over.status_code, over.content) == (204, b"")
    with transaction.atomic():
        routing.after_parking(submission.analysis)
    case = Case.objects.get(submission=submission)
    with listening(site.client, f"{one}events/?until=decided", headers=known) as stream:
        until(lambda: stream.silent_rounds)
        assert stream.events == []
        held = cases.claim(alice.actor, case.pk)
        cases.decide(alice.actor, held.pk, held.fence, DecisionText("unclear", "as seen"))
    assert [event.data["decision"]["outcome"] for event in stream.events] == ["unclear"]


def test_a_stream_lives_as_long_as_the_right_to_read(
    site: Site, alice: Person, charlie: Person, send: Send
) -> None:
    """A revoked key is told so and hears nothing more. Another team's submission is not found."""
    mine, foreign = send(alice), send(charlie, 5)
    assert site.client.get(f"{URL}{foreign.pk}/events/").status_code == 404
    with listening(site.client, f"{URL}{mine.pk}/events/") as stream:
        until(lambda: stream.events)
        revoke_key(site.admin.actor, site.key)
        end(mine)
        until(lambda: stream.ended)
    first, last = stream.events
    assert (first.data["state"], last.kind, last.id) == ("queued", "refused", "")
    assert last.data["code"] == "revoked_key"
    assert site.client.get(f"{URL}{mine.pk}/events/").status_code == 401


def test_a_batch_is_followed_by_its_counts(site: Site, alice: Person) -> None:
    """One event for each change, without the items; the stream ends with the batch."""
    Source.objects.create(team=alice.team, host="media.example")
    items = [{"url": f"https://media.example/{n}.jpg"} for n in range(2)]
    sent = site.client.post("/api/v1/batches/", json={"items": items}).json()
    with listening(site.client, f"/api/v1/batches/{sent['id']}/events/?until=ended") as stream:
        until(lambda: stream.events)
        for n in range(2):
            taken = claim(BatchItem, worker="t")
            assert taken is not None
            park(taken, "test", "Set aside by a test.")
            until(lambda n=n: len(stream.events) > n + 1)
    assert [event.data["counts"]["refused"] for event in stream.events] == [0, 1, 2]
    assert stream.events[0].data == sent and stream.events[-1].data["completed_at"]
    other, _ = receiving.accept(alice.actor, alice.team, [{"url": "https://media.example/a"}])
    assert site.client.get(f"/api/v1/batches/{other.pk}/events/").status_code == 404


def test_streams_are_bounded_and_end_with_their_time_and_with_the_server(
    tmp_path: Path, transactional_db: None, team: Team, alice: Person, send: Send
) -> None:
    """Above the bound a refusal with a stable code; a stream that ended makes room; a server that
    stops ends its streams, and none is cut."""
    issued = issue_key(
        member(team, Role.ADMIN).actor, ServiceAccountFactory(team=team), "t",
        [Scope.SUBMISSIONS_READ],
    )  # fmt: skip
    headers = {"Authorization": f"Bearer {issued.secret}"}
    path = f"{URL}{send(alice).pk}/events/"
    processes: list[Popen[bytes]] = []
    bounds = {"API_STREAMS": str(MOST), "API_STREAM_ROUND_SECONDS": "1"}
    with (
        served(tmp_path, processes, **bounds) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client,
        ThreadPoolExecutor(2 * MOST + 1) as pool,
    ):
        began = time.monotonic()
        requests = [pool.submit(client.get, f"{path}?seconds=5") for _ in range(2 * MOST + 1)]
        answers = [one.result() for one in requests]  # two processes: one more than both may have
        refused = [one for one in answers if one.status_code == 429]
        assert 0 < len(refused) <= MOST + 1 and 4 < time.monotonic() - began < 40
        assert {one.json()["code"] for one in refused} == {"too_many_streams"}
        assert all(one.headers["Retry-After"] for one in refused)
        assert {one.status_code for one in answers} == {200, 429}

        stays = pool.submit(client.get, path)
        time.sleep(2)
        assert not stays.done()
        processes[0].terminate()
        assert stays.result().text.startswith("retry: ")
        assert processes[0].wait(30) == 0
