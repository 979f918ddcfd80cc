"""A courier receives what lies in quarantine once, however it is killed, cut off or overtaken, and
leaves nothing there."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Team
from accounts.services.keys import disable_service_account
from blobs import quarantine
from blobs.models import Blob
from blobs.scrubbing import orphans
from jobs import failpoints
from jobs.claims import Claim
from jobs.errors import LeaseLost
from jobs.models import State
from jobs.reconciling import reconcile
from jobs.services import claim
from media_analysis.submissions.models import Submission
from media_analysis.uploads.models import DirectUpload
from media_analysis.uploads.services import announcing, receiving
from tests.media_bucket import BUCKET, MediaBucket
from tests.partners.direct import *  # noqa: F403 - fixtures
from tests.partners.direct import (
    announce,
    code,
    complete,
    key_of,
    nothing_is_kept,
    post,
    program_of,
    put,
    sent,
    work,
)
from tests.partners.test_errors_listed import erase
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, picture

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_twenty_that_announce_and_complete_at_once_make_one_submission(
    media_bucket: MediaBucket, team: Team
) -> None:
    """With one key; four couriers receive at the same time."""
    secret, body = key_of(team), picture()

    def at_once(do: Callable[[Client], Any], count: int = 20) -> list[Any]:
        def once(number: int) -> Any:
            try:
                return do(Client(headers={"Authorization": f"Bearer {secret}"}))
            finally:
                connection.close()

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(once, range(count)))

    announced = at_once(lambda client: announce(client, body, key="k"))
    assert {one.status_code for one in announced} == {201}
    assert len({one.json()["id"] for one in announced}) == len(media_bucket.under_way()) == 1
    upload = announced[0].json()
    put(upload["parts"][0], body)
    ends = at_once(lambda client: complete(client, upload, parts=[]))
    assert {one.status_code for one in ends} == {202}
    at_once(lambda _: work(), 4)
    assert Submission.objects.count() == 1 and DirectUpload.objects.get().state == State.DONE
    assert media_bucket.names("quarantine/") == []


def killed_at(point: str, folder: Path) -> None:
    """A courier of its own process, which dies there by SIGKILL."""
    (folder / point).touch()
    child = os.fork()
    if child == 0:
        try:
            connection.connection = None  # the parent's; it stays open
            os.environ[failpoints.VARIABLE] = str(folder)
            work()
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", ["upload_put_together", "before_finish", "upload_received"])
def test_a_receiver_that_is_killed_makes_one_submission(
    team: Team, media_bucket: MediaBucket, tmp_path: Path, point: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """After the parts are put together, before the submission is written, and after it."""
    program = program_of(team)
    upload = sent(program, picture())
    complete(program, upload)
    killed_at(point, tmp_path)
    was_written = point == "upload_received"
    assert Submission.objects.exists() == was_written
    assert media_bucket.names("quarantine/") == [f"quarantine/{upload['id']}"]
    state = State.DONE if was_written else State.RUNNING
    assert DirectUpload.objects.get().state == state
    if not was_written:
        DirectUpload.objects.update(lease_until=timezone.now())
        assert reconcile().reclaimed == 1
    assert work() == (0 if was_written else 1)
    assert program.get(upload["url"]).json()["state"] == "received"
    assert Submission.objects.count() == 1
    monkeypatch.setattr(announcing, "LEFT_FOR", timedelta(seconds=-5))
    assert announcing.forget_old() == int(was_written)
    assert media_bucket.names("quarantine/") == media_bucket.under_way() == []


def test_a_receiver_that_lost_its_lease_writes_nothing(
    program: Client, media_bucket: MediaBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete(program, sent(program, picture()))
    slow = claim(DirectUpload, worker="slow")
    assert slow is not None
    DirectUpload.objects.update(state=State.QUEUED, lease_until=None)
    assert work() == 1
    with pytest.raises(LeaseLost):
        receiving.run(slow)
    assert Submission.objects.count() == 1


def test_a_store_that_is_away_costs_nothing_but_time(
    program: Client, media_bucket: MediaBucket
) -> None:
    """503 to the sender, and the same later; a receiver tries again and parks nothing."""
    body = picture()
    upload = sent(program, body)
    media_bucket.go_away()
    for answer in (
        announce(program, body), complete(program, upload), post(program, f"{upload['url']}parts/"),
    ):  # fmt: skip
        assert code(answer) == (503, "store_unavailable")
        assert "127.0.0.1" not in answer.content.decode()
    media_bucket.come_back()
    assert complete(program, upload).status_code == 202
    media_bucket.go_away()
    assert work() == 1
    status = program.get(upload["url"]).json()
    assert (status["state"], status["reason_code"]) == ("receiving", "transient") and status[
        "reason"
    ]
    row = DirectUpload.objects.get()
    assert (row.state, row.attempt) == (State.QUEUED, 0) and row.available_at > timezone.now()
    media_bucket.come_back()
    DirectUpload.objects.update(available_at=timezone.now())
    assert work() == 1 and program.get(upload["url"]).json()["state"] == "received"


def test_bytes_that_end_early_are_read_again(
    program: Client, media_bucket: MediaBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket that goes away in the middle of the stream."""
    upload = sent(program, picture())
    complete(program, upload)

    def cut(self: Any, size: int) -> bytes:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr("botocore.response.StreamingBody.read", cut)
        work()
    assert program.get(upload["url"]).json()["state"] == "receiving"
    DirectUpload.objects.update(available_at=timezone.now())
    work()
    assert program.get(upload["url"]).json()["state"] == "received"


def test_an_upload_that_expires_is_as_if_it_had_never_been(
    program: Client, media_bucket: MediaBucket
) -> None:
    """Its parts go, and its key can be used for anything."""
    upload = sent(program, picture(), key="k")
    past = timezone.now() - timedelta(seconds=1)
    DirectUpload.objects.update(expires_at=past, available_at=past)
    assert program.get(upload["url"]).status_code == 404
    assert complete(program, upload).status_code == 404
    assert work() == 1 and not DirectUpload.objects.exists()
    nothing_is_kept(media_bucket)
    assert announce(program, picture(5), key="k").status_code == 201


def test_giving_up_while_it_is_received_leaves_no_submission(
    program: Client, media_bucket: MediaBucket
) -> None:
    upload = sent(program, picture())
    complete(program, upload)
    taken = claim(DirectUpload, worker="t")
    assert taken is not None
    row = DirectUpload.objects.get()
    program.delete(upload["url"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DirectUpload.objects, "select_related", lambda *names: _Known(row))
        quarantine_again(media_bucket, row)
        with pytest.raises(LeaseLost):
            receiving.run(taken)
    assert not Submission.objects.exists()


class _Known:
    """A row as a receiver read it before it went."""

    def __init__(self, row: DirectUpload) -> None:
        self.get = lambda **_: row


def quarantine_again(bucket: MediaBucket, row: DirectUpload) -> None:
    """As if the receiver had opened it before it was given up."""
    bucket.client.put_object(Bucket=BUCKET, Key=f"quarantine/{row.name}", Body=picture())


def test_what_a_kill_left_in_quarantine_is_swept_and_what_is_needed_stays(
    program: Client, media_bucket: MediaBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uploads and objects without a row; not while an announcement may be under way."""
    waiting = sent(program, picture())
    stray = str(Submission().pk)
    media_bucket.client.put_object(Bucket=BUCKET, Key=f"quarantine/{stray}", Body=b"x")
    received = sent(program, picture(3))
    complete(program, received)
    work()
    media_bucket.client.put_object(
        Bucket=BUCKET, Key=f"quarantine/{received['id']}", Body=picture(3)
    )
    assert announcing.forget_old() == 0, "too young"
    quarantine.begin(stray)  # this server says of every upload that it began in 2010
    monkeypatch.setattr(announcing, "LEFT_FOR", timedelta(seconds=-5))
    assert announcing.forget_old() == 3
    assert media_bucket.names("quarantine/") == []
    assert media_bucket.under_way() == [f"quarantine/{waiting['id']}"]
    assert complete(program, waiting).status_code == 202 and work() == 1
    DirectUpload.objects.update(finished_at=timezone.now() - timedelta(days=8))
    assert announcing.forget_old() == 2 and not DirectUpload.objects.exists()
    assert Submission.objects.count() == 2


def test_who_may_not_send_any_more_is_refused_at_the_end(
    program: Client, admin: Person, media_bucket: MediaBucket
) -> None:
    upload = sent(program, picture())
    complete(program, upload)
    service = DirectUpload.objects.get().service
    assert service is not None
    disable_service_account(admin.actor, service)
    work()
    row = DirectUpload.objects.get()
    assert (row.state, row.reason_code) == (State.REJECTED, "not_allowed") and row.reason_in_words
    nothing_is_kept(media_bucket)


def test_a_test_key_gets_its_canned_result(team: Team, media_bucket: MediaBucket) -> None:
    program = program_of(team, test=True)
    upload = sent(program, picture(), filename="decided_unclear.png")
    complete(program, upload)
    work()
    body = program.get(upload["url"]).json()
    assert not body["livemode"]
    assert program.get(body["submission"]).json()["decision"]["outcome"] == "unclear"


def test_erasing_a_submission_erases_its_upload(program: Client, media_bucket: MediaBucket) -> None:
    upload = sent(program, picture(), external_id="personal")
    complete(program, upload)
    work()
    erase(Submission.objects.get())
    assert program.get(upload["url"]).status_code == 404
    assert not DirectUpload.objects.exists() and media_bucket.names() == []


def test_nothing_reads_quarantine_as_media(program: Client, media_bucket: MediaBucket) -> None:
    """Not the search for orphans, not scrubbing, and no address of the interface."""
    sent(program, picture())
    media_bucket.client.put_object(Bucket=BUCKET, Key="quarantine/x", Body=picture())
    assert list(orphans(timedelta(seconds=-60))) == []
    call_command("scrub")
    assert not Blob.objects.exists()
    assert media_bucket.names() == ["quarantine/x"]


def test_the_same_bytes_are_stored_once(program: Client, media_bucket: MediaBucket) -> None:
    for _ in range(2):
        complete(program, sent(program, picture()))
        work()
    assert (Submission.objects.count(), Blob.objects.count()) == (2, 1)
    assert len(media_bucket.names()) == 1


def test_a_received_upload_has_its_submission_whoever_writes(
    program: Client, media_bucket: MediaBucket
) -> None:
    sent(program, picture())
    taken = claim(DirectUpload, worker="t") or _due()
    with pytest.raises(IntegrityError), transaction.atomic():
        DirectUpload.objects.filter(pk=taken.pk).update(
            state=State.DONE, lease_until=None, finished_at=timezone.now()
        )


def _due() -> Claim:
    DirectUpload.objects.update(available_at=timezone.now())
    taken = claim(DirectUpload, worker="t")
    assert taken is not None
    return taken
