"""Finding again: filters narrow, paging neither repeats nor loses, strangers see nothing."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import Role
from jobs.services import claim_one
from media_analysis.submissions.models import CheckCard, IndexCard, Submission
from media_analysis.submissions.search import history
from media_analysis.submissions.services.intake import analyse_again, cancel, submit
from ml.models import Analysis, FindingRow
from tests.factories import MembershipFactory, ServiceAccountFactory, TeamFactory
from tests.people import Person, Send, picture


def found(who: Person, **wanted: Any) -> list[str]:
    return [row.filename for row in history.walk(who.actor, wanted)]


def test_paging_shows_each_row_once_in_both_directions(alice: Person, send: Send) -> None:
    """Newest first to the end and back again, while new rows arrive at the front."""
    sent = [send(alice, shade=n, name=f"{n}.png") for n in range(7)]
    first = history.page(alice.actor, {}, size=3)
    send(alice, shade=99)
    second = history.page(alice.actor, {}, first.older, size=3)
    third = history.page(alice.actor, {}, second.older, size=3)
    rows = [*first.rows, *second.rows, *third.rows]
    assert rows == sent[::-1]
    assert third.older is None
    assert history.page(alice.actor, {}, third.newer, size=3).rows == second.rows


@pytest.mark.parametrize("few", [0, 1, 100])
def test_what_is_few_is_only_a_way_and_no_filter(
    alice: Person, send: Send, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """The same rows in the same order, whether a filter leaves few rows or many."""
    monkeypatch.setattr(history, "FEW", few)
    monkeypatch.setattr(history, "FEW_SAID", few)
    for n in range(4):
        send(alice, shade=n, name=f"{'bird' if n % 2 else 'tree'}{n}.png")
    assert found(alice, q="bird", sort="name") == ["bird1.png", "bird3.png"]
    assert found(alice, q="png", kind="image", sort="name_last")[0] == "tree2.png"
    assert found(alice, kind="video", sort="name") == []
    assert len(found(alice, state="queued", sort="largest")) == 4
    assert found(alice, detector="compression", check="failed") == []


def test_a_hash_or_an_id_finds_its_submission(alice: Person, charlie: Person, send: Send) -> None:
    """The beginning of a SHA-256 is enough, for those who may look."""
    mine = send(alice)
    send(alice, shade=7, name="another.png")
    for words in (mine.blob_id[:12].upper(), str(mine.pk)):
        assert found(alice, q=words) == [mine.filename]
        assert found(charlie, q=words) == []


def test_a_partner_is_found_by_name(alice: Person, send: Send) -> None:
    """What a service account sent is found under its name."""
    submission = send(alice, name="theirs.png")
    send(alice, shade=5, name="mine.png")
    service = ServiceAccountFactory(team=alice.team, name="Agency Nine")
    Submission.objects.filter(pk=submission.pk).update(
        submitted_by=None, submitted_by_service=service
    )
    assert found(alice, q="agency") == ["theirs.png"]


def test_days_are_whole_and_include_both_ends(alice: Person, send: Send) -> None:
    """From and until, in UTC; the last day of all time is no error."""
    submission = send(alice)
    day = submission.created_at.date()
    assert found(alice, received_from=day, received_to=day)
    assert not found(alice, received_from=day + timedelta(1))
    assert not found(alice, received_to=day - timedelta(1))
    assert found(alice, received_from=date.min, received_to=date.max)


def test_by_team_and_only_ones_own(alice: Person, charlie: Person, send: Send) -> None:
    """A foreign team narrows to nothing; it never widens."""
    send(alice)
    send(charlie, name="foreign.png")
    assert found(alice, team=alice.team.pk) == ["photo.png"]
    assert found(alice, team=charlie.team.pk) == []


def test_by_what_a_check_did(alice: Person, send: Send) -> None:
    """Ran, failed, noticed: `noticed` wants evidence that is more than context."""
    quiet, loud = send(alice, 1, "quiet.png"), send(alice, 2, "loud.png")
    for submission, strength in ((quiet, "context"), (loud, "weak")):
        rows = [
            FindingRow(
                analysis=submission.analysis, detector="compression", status="ran", reason="r",
                evidence=[{"code": "c", "text": "t", "strength": strength}],
            ),
            FindingRow(
                analysis=submission.analysis, detector="provenance", status="failed", reason="r"
            ),
        ]  # fmt: skip
        FindingRow.objects.bulk_create(rows)
    assert set(found(alice, detector="compression")) == {"quiet.png", "loud.png"}
    assert found(alice, detector="compression", check="noticed") == ["loud.png"]
    assert found(alice, detector="provenance") == []
    assert len(found(alice, detector="provenance", check="failed")) == 2


@pytest.mark.parametrize("few", [0, 1, 100])
def test_by_what_a_check_did_in_every_order(
    alice: Person, send: Send, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """With other filters, words and cursors beside it, in two teams, however it is looked up."""
    monkeypatch.setattr(history, "FEW", few)
    monkeypatch.setattr(history, "FEW_SAID", few)
    monkeypatch.setattr(history, "BATCH", 2)
    other = MembershipFactory(user=alice.user, team=TeamFactory(), role=Role.MODERATOR).team
    people = [alice, Person(alice.user, other)]
    sent = [send(people[n % 2], n, f"{n}.png") for n in range(5)]
    for submission in sent[1:]:
        finding = {"detector": "compression", "status": "ran", "reason": "r"}
        FindingRow.objects.create(analysis=submission.analysis, **finding)
    filters = {"detector": "compression", "check": "ran"}
    assert found(alice, **filters) == ["4.png", "3.png", "2.png", "1.png"]
    assert found(alice, **filters, sort="name") == ["1.png", "2.png", "3.png", "4.png"]
    assert len(found(alice, **filters, sort="largest", kind="image")) == 4
    assert found(alice, **filters, sort="oldest", state="queued", q="png")[0] == "1.png"
    assert found(alice, **filters, sort="name", team=other.pk) == ["1.png", "3.png"]
    assert found(alice, **filters, sort="name", kind="audio") == []


def test_what_a_check_did_follows_the_newest_analysis(alice: Person, send: Send) -> None:
    """A fresh analysis takes the checks of the earlier one away."""
    submission = send(alice)
    FindingRow.objects.create(
        analysis=submission.analysis, detector="compression", status="ran", reason="r"
    )
    assert found(alice, detector="compression") == ["photo.png"]
    analyse_again(alice.actor, submission)
    assert found(alice, detector="compression") == []
    assert not CheckCard.objects.exists()


def test_the_card_follows_the_analysis(alice: Person, send: Send) -> None:
    """Queued, running, cancelled, queued again: filters know it at once."""
    submission = send(alice)

    def state() -> str:
        return IndexCard.objects.get(pk=submission.pk).state

    assert state() == "queued"
    assert claim_one(Analysis, submission.analysis_id, worker="t")
    assert state() == "running"
    cancel(alice.actor, submission)
    Analysis.objects.filter(pk=submission.analysis_id).update(
        state="parked",
        lease_until=None,
        finished_at="2026-01-01T00:00Z",
        reason_code="r",
        reason="r",
    )
    assert found(alice, outcome="inconclusive", state="parked") == ["photo.png"]
    analyse_again(alice.actor, submission)
    assert state() == "queued" and not found(alice, outcome="inconclusive")


def test_no_card_without_its_submission(alice: Person) -> None:
    """What is rolled back leaves no card and no words behind."""
    with transaction.atomic():
        submit(alice.actor, alice.team, BytesIO(picture()), "x.png")
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        for table in ("submissions_indexcard", "submissions_checkcard", "submissions_searchtext"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,)
