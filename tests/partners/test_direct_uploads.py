"""A file is announced, uploaded to the bucket in parts, completed, and becomes a submission like
any other. The bucket is a real S3 server (moto)."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team
from audit.models import Event
from blobs import quarantine
from media_analysis.submissions.models import Submission
from media_analysis.uploads.models import DirectUpload
from media_analysis.uploads.services import announcing
from tests.media_bucket import BUCKET, MediaBucket
from tests.partners.direct import *  # noqa: F403 - fixtures
from tests.partners.direct import (
    MIB,
    URL,
    announce,
    code,
    complete,
    film,
    nothing_is_kept,
    post,
    program_of,
    put,
    sent,
    work,
)
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, picture

pytestmark = pytest.mark.django_db


def test_a_file_in_parts_becomes_one_submission_with_its_words(
    program: Client, media_bucket: MediaBucket, small_parts: None
) -> None:
    """Announced, put, completed, received; of the parts nothing stays in quarantine."""
    body = film()
    digest = hashlib.sha256(body).hexdigest()
    upload = sent(program, body, sha256=digest, note="n", external_id="e", policy_context="p",
                language="de-at")  # fmt: skip
    assert [part["size"] for part in upload["parts"]] == [5 * MIB, 5 * MIB, len(body) - 10 * MIB]
    assert (upload["state"], upload["submission"]) == ("waiting", None)
    done = complete(program, upload)
    assert (done.status_code, done.json()["state"]) == (202, "receiving")
    assert not Submission.objects.exists() and work() == 1
    end = program.get(upload["url"])
    assert end.json()["state"] == "received" and end["ETag"]
    status = program.get(end.json()["submission"]).json()
    assert (status["sha256"], status["filename"], status["note"]) == (digest, "a.png", "n")
    assert (status["external_id"], status["policy_context"], status["language"]) == (
        "e",
        "p",
        "de-AT",
    )
    again = complete(program, upload)
    assert (again.status_code, again.json()) == (202, end.json())
    assert Submission.objects.count() == 1
    assert media_bucket.names("quarantine/") == media_bucket.under_way() == []
    event = Event.objects.get(verb="submission.received")
    assert json.loads(bytes(event.payload))["who"]["via"] == "upload"


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
    body = answer.json()
    address = urlsplit(body["parts"][0]["url"])
    query = parse_qs(address.query)
    assert (address.scheme, address.netloc) == ("https", "media.example")
    assert address.path == f"/{BUCKET}/quarantine/{body['id']}"
    assert query["X-Amz-SignedHeaders"] == ["content-length;host"]
    assert (query["X-Amz-Expires"], query["partNumber"]) == (["3600"], ["1"])


def test_nobody_else_sees_or_completes_an_upload(
    program: Client, team: Team, admin: Person, charlie: Person, media_bucket: MediaBucket
) -> None:
    """Not another partner's key, not a person of the team, not a stranger."""
    upload = sent(program, picture())
    for other in (program_of(team), admin.client(), charlie.client()):
        answers = [other.get(upload["url"]), complete(other, upload), other.delete(upload["url"]),
                   post(other, f"{upload['url']}parts/")]  # fmt: skip
        missing = other.get(f"{URL}{Submission().pk}/")
        assert {one.status_code for one in answers} == {404}
        assert answers[0].content == missing.content
    assert DirectUpload.objects.open().count() == 1


def test_a_part_that_is_missing_or_another_is_named_and_can_be_sent_again(
    program: Client, media_bucket: MediaBucket, small_parts: None
) -> None:
    body = film(mib=6)
    status = announce(program, body).json()
    first, second = status["parts"]
    assert put(first, body).status_code == 200
    answer = complete(program, status, parts=[])
    assert code(answer) == (409, "parts_differ") and "Part 2" in answer.json()["detail"]
    # A real bucket refuses another length by the signature; this server lets it pass.
    httpx.put(second["url"], content=b"x" * (second["size"] + 1))
    assert code(complete(program, status, parts=[])) == (409, "parts_differ")
    put(second, body)
    wrong = [{"number": 1, "etag": "0" * 32}, {"number": 2, "etag": "0" * 32}]
    assert code(complete(program, status, parts=wrong)) == (409, "parts_differ")
    assert code(complete(program, status, parts=wrong[:1])) == (409, "parts_differ")
    parts = post(program, f"{status['url']}parts/").json()["parts"]
    assert all(part["etag"] and part["url"] for part in parts)
    assert complete(program, status, parts=[]).status_code == 202
    assert work() == 1 and Submission.objects.get().blob.size == len(body)
    assert post(program, f"{status['url']}parts/").json()["parts"] == []


def test_a_part_more_than_was_announced_is_refused(
    program: Client, media_bucket: MediaBucket
) -> None:
    upload = sent(program, picture())
    row = DirectUpload.objects.get()
    with pytest.raises(quarantine.NotThere):
        quarantine.arrived(row.name, "no-such-upload")
    more = quarantine.addresses(row.name, row.store_upload, {2: 3})[2]
    assert httpx.put(more, content=b"abc").status_code == 200
    assert code(complete(program, upload)) == (409, "parts_differ")


def test_a_part_that_is_replaced_after_completion_ends_the_upload(
    program: Client, media_bucket: MediaBucket
) -> None:
    """The address still works then; what was completed is what was seen."""
    body = picture()
    upload = sent(program, body)
    complete(program, upload)
    assert put(upload["parts"][0], picture(99)).status_code == 200
    work()
    status = program.get(upload["url"]).json()
    assert (status["state"], status["reason_code"]) == ("refused", "parts_changed")
    nothing_is_kept(media_bucket)


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
    upload = sent(program, body, **words)
    complete(program, upload)
    work()
    status = program.get(upload["url"]).json()
    assert (status["state"], status["reason_code"]) == ("refused", reason)
    assert "Nothing was kept" in status["reason"]
    german = program.get(upload["url"], headers={"Accept-Language": "de"}).json()["reason"]
    assert german != status["reason"]
    assert complete(program, upload).json() == status
    nothing_is_kept(media_bucket)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ({"size": 10**12}, (413, "too_large")),
        ({"size": 0}, (400, "invalid")),
        ({"size": "12"}, (400, "invalid")),
        ({"size": True}, (400, "invalid")),
        ({"size": 1.5}, (400, "invalid")),
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


def test_a_size_may_have_a_fraction_of_zero(program: Client, media_bucket: MediaBucket) -> None:
    """As JSON Schema defines an integer: some languages know no other numbers."""
    body = picture()
    status = announce(program, body, size=float(len(body))).json()
    assert (status["size"], type(status["size"])) == (len(body), int)


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
    status = announce(program, body, key="k").json()
    assert (status["state"], status["parts"]) == ("received", [])


def test_asking_for_addresses_keeps_an_upload_alive(
    program: Client, media_bucket: MediaBucket
) -> None:
    body = announce(program, picture()).json()
    soon = timezone.now() + timedelta(minutes=1)
    DirectUpload.objects.update(expires_at=soon, available_at=soon)
    assert post(program, f"{body['url']}parts/").json()["expires_at"] > soon.isoformat()
    row = DirectUpload.objects.get()
    assert row.available_at == row.expires_at > soon


def test_an_upload_that_is_given_up_is_gone_with_its_parts(
    program: Client, media_bucket: MediaBucket
) -> None:
    upload = sent(program, picture())
    assert program.delete(upload["url"]).status_code == 204
    assert (
        program.get(upload["url"]).status_code == program.delete(upload["url"]).status_code == 404
    )
    assert put(upload["parts"][0], picture()).is_error
    nothing_is_kept(media_bucket)


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
