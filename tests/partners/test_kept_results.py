"""What cannot change is read once; what can change is never taken from what is kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key, revoke_key
from jobs.services import claim_one
from media_analysis.partners import rendered
from media_analysis.partners.results import result_of
from media_analysis.review.models import Case
from media_analysis.submissions.models import Submission
from ml import services as ml
from ml.models import Analysis
from tests.factories import ServiceAccountFactory
from tests.partners.conftest import Partner
from tests.partners.test_api import URL
from tests.partners.test_decisions_told import decide, waiting
from tests.people import Person, Send, member


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> rendered.Shelf:
    fresh = rendered.Shelf()
    monkeypatch.setattr(rendered, "KEPT", fresh)
    return fresh


@pytest.fixture
def done(alice: Person, send: Send) -> Submission:
    submission = send(alice)
    claim = claim_one(Analysis, submission.analysis_id, worker="t")
    assert claim is not None
    ml.run(claim)
    submission.refresh_from_db()
    return submission


@pytest.fixture
def reader(partner: Partner) -> Client:
    return partner(Scope.SUBMISSIONS_READ, Scope.MEDIA_READ)


def answer_and_sql(client: Client, url: str, **headers: str) -> tuple[Any, str]:
    """The answer, and all SQL that it cost."""
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(url, headers=headers)
    return answer, "".join(query["sql"] for query in captured)


def test_a_result_is_read_once(reader: Client, done: Submission, shelf: rendered.Shelf) -> None:
    """And the second answer is the first one, byte for byte."""
    one = f"{URL}{done.pk}/"
    first, sql = answer_and_sql(reader, one)
    assert "ml_findingrow" in sql and first.json()["result"] == result_of(done.analysis)
    second, sql = answer_and_sql(reader, one)
    assert "ml_findingrow" not in sql and '"result"' not in sql
    assert second.content == first.content and second["ETag"] == first["ETag"]


def test_nothing_new_costs_no_result(
    reader: Client, done: Submission, shelf: rendered.Shelf
) -> None:
    """A 304 reads none, also where none is kept."""
    one = f"{URL}{done.pk}/"
    etag = reader.get(one)["ETag"]
    shelf._held.clear()
    answer, sql = answer_and_sql(reader, one, If_None_Match=etag)
    assert answer.status_code == 304 and not answer.content and answer["ETag"] == etag
    assert "ml_findingrow" not in sql and '"result"' not in sql


def test_what_changes_is_told_beside_a_kept_result(
    reader: Client, done: Submission, alice: Person, bob: Person, send: Send,
    shelf: rendered.Shelf, team: Team,
) -> None:  # fmt: skip
    """A decision, another submission of the same bytes, and its end: each is news."""
    one = f"{URL}{done.pk}/"
    seen = [reader.get(one)]
    decide(alice, waiting(done), "unclear", "as seen")
    seen.append(reader.get(one, headers={"If-None-Match": seen[-1]["ETag"]}))
    again = send(bob)
    seen.append(reader.get(one, headers={"If-None-Match": seen[-1]["ETag"]}))
    decide(alice, waiting(again), "manipulated", "the seam")
    seen.append(reader.get(one, headers={"If-None-Match": seen[-1]["ETag"]}))
    assert [answer.status_code for answer in seen] == [200] * 4
    assert [len(answer.json()["decisions"]) for answer in seen] == [0, 1, 1, 1]
    assert [[s["decision"] for s in answer.json()["similar"]] for answer in seen] == [
        [], [], [None], ["manipulated"],
    ]  # fmt: skip
    assert Case.objects.count() == 2


def test_each_language_has_its_own_sentences(
    reader: Client, done: Submission, shelf: rendered.Shelf
) -> None:
    one = f"{URL}{done.pk}/"
    english, german = (
        reader.get(one, headers={"Accept-Language": language}) for language in ("en", "de")
    )
    assert english["ETag"] != german["ETag"]
    reasons = [answer.json()["result"]["verdict"]["reason"] for answer in (english, german)]
    assert reasons[0] != reasons[1]
    assert reader.get(one, headers={"Accept-Language": "en"}).content == english.content


def test_what_is_kept_is_for_nobody_else(
    reader: Client, done: Submission, charlie: Person, team: Team, shelf: rendered.Shelf
) -> None:
    """A foreign key is answered as if there were none; a revoked one not at all."""
    one = f"{URL}{done.pk}/"
    etag = reader.get(one)["ETag"]
    service = ServiceAccountFactory(team=charlie.team)
    theirs = issue_key(charlie.actor, service, "k", [Scope.SUBMISSIONS_READ])
    client = Client(headers={"Authorization": f"Bearer {theirs.secret}"})
    assert client.get(one).status_code == 404
    assert client.get(one, headers={"If-None-Match": etag}).status_code == 404
    admin = member(team, Role.ADMIN)
    mine = issue_key(admin.actor, ServiceAccountFactory(team=team), "k", [Scope.SUBMISSIONS_READ])
    client = Client(headers={"Authorization": f"Bearer {mine.secret}"})
    assert client.get(one).json()["thumbnails"] == []
    revoke_key(admin.actor, mine.key)
    assert client.get(one, headers={"If-None-Match": etag}).status_code == 401


def test_what_is_kept_is_bounded_in_bytes_and_time() -> None:
    now = [0.0]
    shelf = rendered.Shelf(lambda: now[0])
    each = bytes(rendered.LARGEST)
    fit = rendered.MOST_BYTES // rendered.LARGEST
    for number in range(fit + 1):
        shelf.put(str(number), each)
    assert shelf.get("0") is None and shelf.get("1") == each and shelf.get(str(fit)) == each
    shelf.put("large", each + b"x")
    assert shelf.get("large") is None
    now[0] = rendered.SECONDS + 1
    assert shelf.get(str(fit)) is None and shelf._bytes == 0
