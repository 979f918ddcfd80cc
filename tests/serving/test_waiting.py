"""`?wait=`: an answer that comes when there is news, from a server that holds no thread for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from django.db import connection, transaction

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from jobs.services import claim_one, park
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.services import cases, routing
from media_analysis.submissions.models import Submission
from ml.models import Analysis
from tests.factories import ServiceAccountFactory
from tests.partners.served import served
from tests.people import Person, Send, member

URL = "/api/v1/submissions/"
WAITERS = 12
"""More than the threads that the server has."""


@pytest.fixture
def site(tmp_path: Path, transactional_db: None, team: Team) -> Iterator[httpx.Client]:
    admin = member(team, Role.ADMIN)
    scopes = [Scope.SUBMISSIONS_READ, Scope.SUBMISSIONS_WRITE]
    secret = issue_key(admin.actor, ServiceAccountFactory(team=team), "test", scopes).secret
    headers = {"Authorization": f"Bearer {secret}"}
    limits = httpx.Limits(max_connections=2 * WAITERS)
    with (
        served(tmp_path, API_READ_RATE="600/hour") as port,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, limits=limits
        ) as client,
    ):
        yield client


def end(submission: Submission) -> None:
    claim = claim_one(Analysis, submission.analysis_id, worker="t")
    assert claim is not None
    park(claim, "test", "Set aside by a test.")


def left(site: httpx.Client) -> int:
    """How many requests may still be made; asking is one of them."""
    return int(site.get(URL).headers["RateLimit-Remaining"])


def later(seconds: float, do: object) -> threading.Thread:
    def run() -> None:
        time.sleep(seconds)
        do()  # type: ignore[operator]
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.slow
def test_the_answer_comes_with_the_news_and_holds_no_thread(
    site: httpx.Client, alice: Person, send: Send
) -> None:
    """Twelve wait for one analysis; others are answered meanwhile; all learn of its end. A wait
    counts as one request, ends with its time, and ends at once where there is nothing to wait for.
    """
    submission = send(alice)
    one = f"{URL}{submission.pk}/"
    before = left(site)
    with ThreadPoolExecutor(WAITERS) as pool:
        waiting = [pool.submit(site.get, one, params={"wait": 60}) for _ in range(WAITERS)]
        time.sleep(2)
        left(site)
        assert not any(answer.done() for answer in waiting)
        end(submission)
        answers = [answer.result() for answer in waiting]
    assert {answer.json()["state"] for answer in answers} == {"parked"}
    assert left(site) == before - WAITERS - 2
    began = time.monotonic()
    assert site.get(one, params={"wait": 60}).json()["state"] == "parked"
    assert time.monotonic() - began < 50

    # With an ETag: until anything is new, such as a person's decision; else 304 in time.
    tag = site.get(one).headers["ETag"]
    same = site.get(one, params={"wait": 1}, headers={"If-None-Match": tag})
    assert same.status_code == 304
    with transaction.atomic():
        routing.after_parking(submission.analysis)
    case = Case.objects.get(submission=submission)

    def decide() -> None:
        held = cases.claim(alice.actor, case.pk)
        cases.decide(alice.actor, held.pk, held.fence, DecisionText("unclear", "as seen"))

    thread = later(2, decide)
    news = site.get(one, params={"wait": 60}, headers={"If-None-Match": tag})
    thread.join()
    assert news.json()["decision"]["outcome"] == "unclear"


@pytest.mark.slow
def test_a_server_that_stops_answers_those_who_wait(
    tmp_path: Path, transactional_db: None, team: Team, alice: Person, send: Send
) -> None:
    """With what there is: nobody meets a cut connection."""
    admin = member(team, Role.ADMIN)
    service = ServiceAccountFactory(team=team)
    secret = issue_key(admin.actor, service, "test", [Scope.SUBMISSIONS_READ]).secret
    submission = send(alice)
    with ThreadPoolExecutor(1) as pool:
        with served(tmp_path) as port:
            url = f"http://127.0.0.1:{port}{URL}{submission.pk}/?wait=50"
            headers = {"Authorization": f"Bearer {secret}"}
            waiting = pool.submit(httpx.get, url, headers=headers, timeout=60)
            time.sleep(2)
        assert waiting.result().json()["state"] == "queued"
