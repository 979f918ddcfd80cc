"""A file goes straight into the bucket, and becomes a submission only as every other does. The
bucket is a real server of S3 (moto)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Role, Scope, Team
from accounts.services.keys import disable_service_account, issue_key
from audit.models import Event
from blobs import quarantine
from blobs.models import Blob
from blobs.scrubbing import orphans
from jobs.claims import Claim
from jobs.errors import LeaseLost
from jobs.models import State
from jobs.runner import execute
from jobs.services import claim
from media_analysis.submissions.models import Submission
from media_analysis.uploads.models import DirectUpload
from media_analysis.uploads.services import announcing, receiving
from tests.factories import ServiceAccountFactory
from tests.media_bucket import BUCKET, MediaBucket
from tests.partners.test_errors_listed import erase
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, member, picture

URL = "/api/v1/uploads/direct/"
MIB = 1 << 20
pytestmark = pytest.mark.django_db


def key_of(team: Team, **more: Any) -> str:
    admin = member(team, Role.ADMIN)
    scopes = [Scope.SUBMISSIONS_WRITE, Scope.SUBMISSIONS_READ]
    return issue_key(admin.actor, ServiceAccountFactory(team=team), "test", scopes, **more).secret


def program_of(team: Team, **more: Any) -> Client:
    return Client(headers={"Authorization": f"Bearer {key_of(team, **more)}"})


@pytest.fixture
def program(team: Team) -> Client:
    return program_of(team)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As small as S3 takes them."""
    monkeypatch.setattr(quarantine, "LEAST_PART", 5 * MIB)


def film(seed: int = 7, mib: int = 11) -> bytes:
    return picture(seed) + os.urandom(mib * MIB)  # what follows a PNG's end is kept


def post(client: Client, where: str, body: Any = None, **headers: str) -> Any:
    said = "" if body is None else json.dumps(body)
    return client.post(where, said, content_type="application/json", headers=headers)


def announce(client: Client, body: bytes, *, key: str = "", **words: Any) -> Any:
    said = {"filename": "a.png", "size": len(body), **words}
    return post(client, URL, said, **({"Idempotency-Key": key} if key else {}))


def put(part: dict[str, Any], body: bytes) -> httpx.Response:
    """Without the API key: the address is enough."""
    return httpx.put(part["url"], content=body[part["offset"] :][: part["size"]], timeout=30)


def sent(client: Client, body: bytes, **words: Any) -> dict[str, Any]:
    """Announced, and every part put into the bucket; with the parts' ETags."""
    told = announce(client, body, **words)
    assert told.status_code == 201, told.content
    said: dict[str, Any] = told.json()
    answers = [put(part, body) for part in said["parts"]]
    assert [one.status_code for one in answers] == [200] * len(answers)
    said["etags"] = [{"number": n, "etag": one.headers["ETag"]} for n, one in enumerate(answers, 1)]
    return said


def complete(client: Client, said: dict[str, Any], **body: Any) -> Any:
    return post(client, f"{said['url']}complete/", body or {"parts": said["etags"]})


def work() -> int:
    """What couriers do, until nothing is due."""
    count = 0
    while taken := claim(DirectUpload, worker="t"):
        execute(taken)
        count += 1
    return count


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_file_in_parts_becomes_one_submission_with_its_words(
    program: Client, media_bucket: MediaBucket, small_parts: None
) -> None:
    """Announced, put, completed, received; of the parts nothing stays in quarantine."""
    body = film()
    digest = hashlib.sha256(body).hexdigest()
    said = sent(program, body, sha256=digest, note="n", external_id="e", policy_context="p")
    assert [part["size"] for part in said["parts"]] == [5 * MIB, 5 * MIB, len(body) - 10 * MIB]
    assert (said["state"], said["submission"]) == ("waiting", None)
    done = complete(program, said)
    assert (done.status_code, done.json()["state"]) == (202, "receiving")
    assert not Submission.objects.exists() and work() == 1
    end = program.get(said["url"])
    assert end.json()["state"] == "received" and end["ETag"]
    told = program.get(end.json()["submission"]).json()
    assert (told["sha256"], told["filename"], told["note"]) == (digest, "a.png", "n")
    assert (told["external_id"], told["policy_context"]) == ("e", "p")
    again = complete(program, said)
    assert (again.status_code, again.json()) == (202, end.json())
    assert Submission.objects.count() == 1
    assert media_bucket.names("quarantine/") == media_bucket.under_way() == []
    event = Event.objects.get(verb="submission.received")
    assert json.loads(event.payload)["who"]["via"] == "upload"


def test_where_media_lie_in_a_folder_the_refusal_names_tus(program: Client, settings: Any) -> None:
    for settings.DIRECT_UPLOADS in (False, True):
        answer = announce(program, picture())
        assert code(answer) == (422, "direct_uploads_off")
        assert "tus" in answer.json()["detail"] and "/api/v1/uploads/" in answer.json()["detail"]
    assert not DirectUpload.objects.exists()


def test_a_bucket_alone_opens_nothing(
    program: Client, media_bucket: MediaBucket, settings: Any
) -> None:
    """The operator switches it on, for addresses name the bucket."""
    settings.DIRECT_UPLOADS = False
    assert code(announce(program, picture())) == (422, "direct_uploads_off")


def test_an_address_is_for_one_part_of_one_length_for_an_hour(
    program: Client, media_bucket: MediaBucket, settings: Any
) -> None:
    settings.DIRECT_UPLOADS_ENDPOINT_URL = "https://media.example"
    quarantine._clients.cache_clear()
    answer = announce(program, picture())
    assert answer["Cache-Control"] == "no-store"
    said = answer.json()
    address = urlsplit(said["parts"][0]["url"])
    query = parse_qs(address.query)
    assert (address.scheme, address.netloc) == ("https", "media.example")
    assert address.path == f"/{BUCKET}/quarantine/{said['id']}"
    assert query["X-Amz-SignedHeaders"] == ["content-length;host"]
    assert (query["X-Amz-Expires"], query["partNumber"]) == (["3600"], ["1"])


def test_nobody_else_sees_or_completes_an_upload(
    program: Client, team: Team, admin: Person, charlie: Person, media_bucket: MediaBucket
) -> None:
    """Not another partner's key, not a person of the team, not a stranger."""
    said = sent(program, picture())
    for other in (program_of(team), admin.client(), charlie.client()):
        answers = [other.get(said["url"]), complete(other, said), other.delete(said["url"]),
                   post(other, f"{said['url']}parts/")]  # fmt: skip
        missing = other.get(f"{URL}{Submission().pk}/")
        assert {one.status_code for one in answers} == {404}
        assert answers[0].content == missing.content
    assert DirectUpload.objects.open().count() == 1


def test_a_part_that_is_missing_or_another_is_named_and_can_be_sent_again(
    program: Client, media_bucket: MediaBucket, small_parts: None
) -> None:
    body = film(mib=6)
    said = announce(program, body).json()
    first, second = said["parts"]
    assert put(first, body).status_code == 200
    answer = complete(program, said, parts=[])
    assert code(answer) == (409, "parts_differ") and "Part 2" in answer.json()["detail"]
    # A real bucket refuses another length by the signature; this server lets it pass.
    httpx.put(second["url"], content=b"x" * (second["size"] + 1))
    assert code(complete(program, said, parts=[])) == (409, "parts_differ")
    put(second, body)
    wrong = [{"number": 1, "etag": "0" * 32}, {"number": 2, "etag": "0" * 32}]
    assert code(complete(program, said, parts=wrong)) == (409, "parts_differ")
    assert code(complete(program, said, parts=wrong[:1])) == (409, "parts_differ")
    told = post(program, f"{said['url']}parts/").json()["parts"]
    assert all(part["etag"] and part["url"] for part in told)
    assert complete(program, said, parts=[]).status_code == 202
    assert work() == 1 and Submission.objects.get().blob.size == len(body)
    assert post(program, f"{said['url']}parts/").json()["parts"] == []


def test_a_part_more_than_was_announced_is_refused(
    program: Client, media_bucket: MediaBucket
) -> None:
    said = sent(program, picture())
    row = DirectUpload.objects.get()
    with pytest.raises(quarantine.NotThere):
        quarantine.arrived(row.name, "no-such-upload")
    more = quarantine.addresses(row.name, row.store_upload, {2: 3})[2]
    assert httpx.put(more, content=b"abc").status_code == 200
    assert code(complete(program, said)) == (409, "parts_differ")


def test_a_part_that_is_replaced_after_completion_ends_the_upload(
    program: Client, media_bucket: MediaBucket
) -> None:
    """The address still works then; what was completed is what was seen."""
    body = picture()
    said = sent(program, body)
    complete(program, said)
    assert put(said["parts"][0], picture(99)).status_code == 200
    work()
    told = program.get(said["url"]).json()
    assert (told["state"], told["reason_code"]) == ("refused", "parts_changed")
    nothing_is_kept(media_bucket)


def nothing_is_kept(bucket: MediaBucket) -> None:
    assert bucket.names() == bucket.under_way() == []
    assert not Blob.objects.exists() and not Submission.objects.exists()


@pytest.mark.parametrize(
    ("body", "sha256", "reason"),
    [
        (picture(), hashlib.sha256(b"another").hexdigest(), "digest_differs"),
        (b"%!PS no media at all", "", "type_not_allowed"),
    ],
)
def test_what_is_not_as_announced_or_no_media_is_refused_and_not_kept(
    program: Client, media_bucket: MediaBucket, body: bytes, sha256: str, reason: str
) -> None:
    words = {"sha256": sha256} if sha256 else {}
    said = sent(program, body, **words)
    complete(program, said)
    work()
    told = program.get(said["url"]).json()
    assert (told["state"], told["reason_code"]) == ("refused", reason)
    assert "Nothing was kept" in told["reason"]
    german = program.get(said["url"], headers={"Accept-Language": "de"}).json()["reason"]
    assert german != told["reason"]
    assert complete(program, said).json() == told
    nothing_is_kept(media_bucket)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ({"size": 10**12}, (413, "too_large")),
        ({"size": 0}, (400, "invalid")),
        ({"size": "12"}, (400, "invalid")),
        ({"size": True}, (400, "invalid")),
        ({"size": 10**400}, (400, "invalid")),
        ({"sha256": "A" * 64}, (400, "invalid")),
        ({"filename": ""}, (400, "invalid")),
        ({"filename": "a\x00"}, (400, "invalid")),
        ({"batch": "true"}, (400, "invalid")),
        ({"colour": "red"}, (400, "invalid")),
    ],
)
def test_what_cannot_be_announced_is_one_sentence(
    program: Client, media_bucket: MediaBucket, words: dict[str, Any], wanted: tuple[int, str]
) -> None:
    assert code(announce(program, picture(), **words)) == wanted
    assert not DirectUpload.objects.exists() and not media_bucket.under_way()


def test_the_same_announcement_is_done_once(program: Client, media_bucket: MediaBucket) -> None:
    body = picture()
    first = announce(program, body, key="k")
    again = announce(program, body, key="k")
    assert (first["Idempotent-Replayed"], again["Idempotent-Replayed"]) == ("false", "true")
    assert again.json()["id"] == first.json()["id"] and len(media_bucket.under_way()) == 1
    assert code(announce(program, body, key="k", note="other")) == (422, "idempotency_differs")
    put(first.json()["parts"][0], body)
    complete(program, first.json(), parts=[])
    work()
    told = announce(program, body, key="k").json()
    assert (told["state"], told["parts"]) == ("received", [])


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

    told = at_once(lambda client: announce(client, body, key="k"))
    assert {one.status_code for one in told} == {201}
    assert len({one.json()["id"] for one in told}) == len(media_bucket.under_way()) == 1
    said = told[0].json()
    put(said["parts"][0], body)
    ends = at_once(lambda client: complete(client, said, parts=[]))
    assert {one.status_code for one in ends} == {202}
    at_once(lambda _: work(), 4)
    assert Submission.objects.count() == 1 and DirectUpload.objects.get().state == State.DONE
    assert media_bucket.names("quarantine/") == []


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
    said = sent(program, body)
    media_bucket.go_away()
    for answer in (
        announce(program, body), complete(program, said), post(program, f"{said['url']}parts/"),
    ):  # fmt: skip
        assert code(answer) == (503, "store_unavailable")
        assert "127.0.0.1" not in answer.content.decode()
    media_bucket.come_back()
    assert complete(program, said).status_code == 202
    media_bucket.go_away()
    assert work() == 1
    told = program.get(said["url"]).json()
    assert (told["state"], told["reason_code"]) == ("receiving", "transient") and told["reason"]
    row = DirectUpload.objects.get()
    assert (row.state, row.attempt) == (State.QUEUED, 0) and row.available_at > timezone.now()
    media_bucket.come_back()
    DirectUpload.objects.update(available_at=timezone.now())
    assert work() == 1 and program.get(said["url"]).json()["state"] == "received"


def test_bytes_that_end_early_are_read_again(
    program: Client, media_bucket: MediaBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket that goes away in the middle of the stream."""
    said = sent(program, picture())
    complete(program, said)

    def cut(self: Any, size: int) -> bytes:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr("botocore.response.StreamingBody.read", cut)
        work()
    assert program.get(said["url"]).json()["state"] == "receiving"
    DirectUpload.objects.update(available_at=timezone.now())
    work()
    assert program.get(said["url"]).json()["state"] == "received"


def test_an_upload_that_expires_is_as_if_it_had_never_been(
    program: Client, media_bucket: MediaBucket
) -> None:
    """Its parts go, and its key can be used for anything."""
    said = sent(program, picture(), key="k")
    past = timezone.now() - timedelta(seconds=1)
    DirectUpload.objects.update(expires_at=past, available_at=past)
    assert program.get(said["url"]).status_code == 404
    assert complete(program, said).status_code == 404
    assert work() == 1 and not DirectUpload.objects.exists()
    nothing_is_kept(media_bucket)
    assert announce(program, picture(5), key="k").status_code == 201


def test_asking_for_addresses_keeps_an_upload_alive(
    program: Client, media_bucket: MediaBucket
) -> None:
    said = announce(program, picture()).json()
    soon = timezone.now() + timedelta(minutes=1)
    DirectUpload.objects.update(expires_at=soon, available_at=soon)
    assert post(program, f"{said['url']}parts/").json()["expires_at"] > soon.isoformat()
    row = DirectUpload.objects.get()
    assert row.available_at == row.expires_at > soon


def test_an_upload_that_is_given_up_is_gone_with_its_parts(
    program: Client, media_bucket: MediaBucket
) -> None:
    said = sent(program, picture())
    assert program.delete(said["url"]).status_code == 204
    assert program.get(said["url"]).status_code == program.delete(said["url"]).status_code == 404
    assert put(said["parts"][0], picture()).is_error
    nothing_is_kept(media_bucket)


def test_giving_up_while_it_is_received_leaves_no_submission(
    program: Client, media_bucket: MediaBucket
) -> None:
    said = sent(program, picture())
    complete(program, said)
    taken = claim(DirectUpload, worker="t")
    assert taken is not None
    row = DirectUpload.objects.get()
    program.delete(said["url"])
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


def test_a_sender_announces_so_many_files_and_bytes_at_most(
    program: Client, team: Team, media_bucket: MediaBucket, monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:  # fmt: skip
    """Another sender of the team has its own room."""
    monkeypatch.setattr(announcing, "MOST_AT_ONCE", 2)
    assert [announce(program, picture()).status_code for _ in range(3)] == [201, 201, 409]
    assert len(media_bucket.under_way()) == 2
    settings.MAX_UPLOAD_BYTES = 1000
    monkeypatch.setattr(announcing, "MOST_AT_ONCE", 100)
    other = program_of(team)
    ends = [announce(other, bytes(1000)) for _ in range(21)]
    assert [one.status_code for one in ends] == [201] * 20 + [409]
    assert ends[-1].json()["code"] == "too_many_bytes"


def test_who_may_not_send_any_more_is_refused_at_the_end(
    program: Client, admin: Person, media_bucket: MediaBucket
) -> None:
    said = sent(program, picture())
    complete(program, said)
    service = DirectUpload.objects.get().service
    assert service is not None
    disable_service_account(admin.actor, service)
    work()
    row = DirectUpload.objects.get()
    assert (row.state, row.reason_code) == (State.REJECTED, "not_allowed") and row.reason_in_words
    nothing_is_kept(media_bucket)


def test_a_test_key_gets_its_canned_result(team: Team, media_bucket: MediaBucket) -> None:
    program = program_of(team, test=True)
    said = sent(program, picture(), filename="decided_unclear.png")
    complete(program, said)
    work()
    told = program.get(said["url"]).json()
    assert not told["livemode"]
    assert program.get(told["submission"]).json()["decision"]["outcome"] == "unclear"


def test_erasing_a_submission_erases_its_upload(program: Client, media_bucket: MediaBucket) -> None:
    said = sent(program, picture(), external_id="personal")
    complete(program, said)
    work()
    erase(Submission.objects.get())
    assert program.get(said["url"]).status_code == 404
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
