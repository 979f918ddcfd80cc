"""A large file is uploaded in pieces, survives every interruption, and becomes one submission."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import random
import resource
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from tusclient.client import TusClient

from accounts.actors import actor_for_key
from accounts.models import Scope, Team
from accounts.refusals import Refusal
from accounts.services.keys import issue_key, key_behind
from media_analysis.submissions.models import Submission
from media_analysis.uploads.models import Upload
from media_analysis.uploads.services import uploading
from tests.factories import ServiceAccountFactory
from tests.partners.served import served
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, picture

URL = "/api/v1/uploads/"
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = "application/offset+octet-stream"


@pytest.fixture
def key(team: Team, admin: Person) -> str:
    scopes = [Scope.SUBMISSIONS_WRITE, Scope.SUBMISSIONS_READ]
    return issue_key(admin.actor, ServiceAccountFactory(team=team), "test", scopes).secret


@pytest.fixture
def program(key: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {key}"})


def meta(**words: str) -> str:
    return ",".join(f"{n} {base64.b64encode(w.encode()).decode()}" for n, w in words.items())


def create(client: Client, length: object = 10, metadata: str = "", **headers: str) -> Any:
    head = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata, **headers}
    return client.post(URL, headers=head)


def patch(client: Client, where: str, offset: object, body: bytes, **headers: str) -> Any:
    head = {**TUS, "Upload-Offset": str(offset), **headers}
    return client.patch(where, body, content_type=OCTETS, headers=head)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_pieces_become_one_submission_with_its_words(program: Client) -> None:
    body = picture()
    where = create(program, len(body), meta(filename="a.png", note="n", external_id="e",
                                            language="de-at",
                                            filetype="image/png"))["Location"]  # fmt: skip
    first = patch(program, where, 0, body[:100])
    assert (first.status_code, first["Upload-Offset"]) == (204, "100")
    response = program.head(where, headers=TUS)
    assert (response["Upload-Offset"], response["Upload-Length"]) == ("100", str(len(body)))
    assert response["Cache-Control"] == "no-store" and "Touchstone-Submission" not in response
    last = patch(program, where, 100, body[100:])
    submission = program.get(last["Touchstone-Submission"]).json()
    assert submission["sha256"] == hashlib.sha256(body).hexdigest()
    assert (submission["filename"], submission["note"], submission["external_id"]) == (
        "a.png",
        "n",
        "e",
    )
    assert submission["language"] == "de-AT"
    assert (
        program.head(where, headers=TUS)["Touchstone-Submission"] == last["Touchstone-Submission"]
    )
    assert not Upload.objects.get().path.exists()
    again = patch(program, where, len(body), b"")
    assert again.status_code == 204 and Submission.objects.count() == 1


def test_the_server_says_what_it_speaks(program: Client) -> None:
    response = program.options(URL)
    assert response.status_code == 204 and response["Tus-Version"] == "1.0.0"
    assert set(response["Tus-Extension"].split(",")) == {
        "creation", "expiration", "checksum", "termination",
    }  # fmt: skip
    assert int(response["Tus-Max-Size"]) > 0


def test_a_piece_at_the_wrong_place_changes_nothing(program: Client) -> None:
    where = create(program)["Location"]
    for offset in (1, 5, 11):
        assert code(patch(program, where, offset, b"x")) == (409, "upload_offset_differs")
    assert patch(program, where, 0, b"x" * 4)["Upload-Offset"] == "4"
    assert code(patch(program, where, 0, b"x")) == (409, "upload_offset_differs")


def test_a_piece_that_lost_bytes_on_its_way_is_refused_by_its_checksum(program: Client) -> None:
    where = create(program)["Location"]
    right = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
    sent = {"Upload-Checksum": f"sha256 {right}"}
    assert code(patch(program, where, 0, b"hellx", **sent)) == (460, "checksum_differs")
    assert program.head(where, headers=TUS)["Upload-Offset"] == "0"
    assert patch(program, where, 0, b"hello", **sent)["Upload-Offset"] == "5"
    assert code(patch(program, where, 5, b"x", **{"Upload-Checksum": "crc32 AAAA"}))[0] == 400
    assert code(patch(program, where, 5, b"x", **{"Upload-Checksum": "sha1 ?"}))[0] == 400


def test_bytes_that_no_row_knows_of_do_not_count(program: Client) -> None:
    """A server that died between writing and noting leaves them; the client sends them again."""
    where = create(program)["Location"]
    patch(program, where, 0, b"x" * 4)
    path = Upload.objects.get().path
    path.write_bytes(path.read_bytes() + b"stray")
    assert program.head(where, headers=TUS)["Upload-Offset"] == "4"
    assert patch(program, where, 4, b"y")["Upload-Offset"] == "5" and path.stat().st_size == 5
    path.write_bytes(b"xx")  # power was lost: less on disk than noted
    assert program.head(where, headers=TUS)["Upload-Offset"] == "2"
    assert patch(program, where, 2, b"z")["Upload-Offset"] == "3"


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"Tus-Resumable": "0.2.2"}, (412, "tus_version")),
        ({"Upload-Length": "-1"}, (400, "header_needed")),
        ({"Upload-Length": ""}, (400, "header_needed")),
        ({"Upload-Length": "9" * 30}, (400, "header_needed")),
        ({"Upload-Length": "9" * 14}, (413, "too_large")),
        ({"Upload-Length": "0"}, (400, "empty")),
        ({"Upload-Metadata": "filename ?"}, (400, "metadata_malformed")),
        ({"Upload-Metadata": "filename /w=="}, (400, "metadata_malformed")),
        ({"Upload-Metadata": "team eA=="}, (400, "metadata_malformed")),
        ({"Upload-Metadata": "note YQA="}, (400, "metadata_malformed")),
        ({"Upload-Metadata": "note YQ==,note YQ=="}, (400, "metadata_malformed")),
    ],
)
def test_what_cannot_be_begun_is_one_sentence(
    program: Client, headers: dict[str, str], wanted: tuple[int, str]
) -> None:
    assert code(create(program, **headers)) == wanted and not Upload.objects.exists()


def test_a_file_of_no_known_type_is_refused_at_its_end_and_leaves_nothing(program: Client) -> None:
    where = create(program)["Location"]
    path = Upload.objects.get().path
    assert code(patch(program, where, 0, b"0123456789")) == (415, "type_not_allowed")
    assert not path.exists() and not Upload.objects.exists() and not Submission.objects.exists()


def test_more_than_was_announced_is_refused(program: Client) -> None:
    where = create(program)["Location"]
    assert code(patch(program, where, 0, b"x" * 11)) == (413, "upload_too_long")
    assert program.head(where, headers=TUS)["Upload-Offset"] == "0"


def test_another_body_than_octets_is_refused(program: Client) -> None:
    where = create(program)["Location"]
    head = {**TUS, "Upload-Offset": "0"}
    answer = program.patch(where, {"a": 1}, content_type="application/json", headers=head)
    assert code(answer)[0] == 415


def test_an_upload_that_is_given_up_is_gone_with_its_bytes(program: Client) -> None:
    where = create(program)["Location"]
    patch(program, where, 0, b"x")
    path = Upload.objects.get().path
    assert program.delete(where, headers=TUS).status_code == 204 and not path.exists()
    assert program.head(where, headers=TUS).status_code == 404


def test_nobody_else_sees_or_continues_an_upload(
    program: Client, admin: Person, team: Team, charlie: Person
) -> None:
    """Not another key's partner, not a person of the team, not a stranger."""
    where = create(program)["Location"]
    scopes = [Scope.SUBMISSIONS_WRITE]
    other = issue_key(admin.actor, ServiceAccountFactory(team=team), "o", scopes).secret
    for client in (
        Client(headers={"Authorization": f"Bearer {other}"}), admin.client(), charlie.client(),
    ):  # fmt: skip
        assert client.head(where, headers=TUS).status_code == 404
        assert patch(client, where, 0, b"x").status_code == 404
        assert client.delete(where, headers=TUS).status_code == 404
    assert Upload.objects.get().offset == 0


def test_an_upload_expires(program: Client) -> None:
    where = create(program)["Location"]
    Upload.objects.update(expires_at="2020-01-01T00:00Z")
    assert program.head(where, headers=TUS).status_code == 404
    assert uploading.forget_old() == 1 and not Upload.objects.exists()


def test_a_sender_has_so_many_unfinished_uploads_at_most(
    program: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "MOST_AT_ONCE", 2)
    assert [create(program).status_code for _ in range(3)] == [201, 201, 409]


@pytest.mark.django_db(transaction=True)
def test_twenty_that_send_the_same_piece_at_once_write_it_once(key: str) -> None:
    actor = actor_for_key(key_behind(key, ip=None))
    body = picture()
    upload = uploading.begin(actor, Team.objects.get(), len(body), {"filename": "a.png"})
    ended: Counter[str] = Counter()

    def send() -> None:
        try:
            uploading.append(actor, upload, 0, io.BytesIO(body), None)
            ended["done"] += 1
        except Refusal as refusal:
            ended[refusal.code] += 1
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended["done"] == 1 and Submission.objects.count() == 1
    assert set(ended) <= {"done", "upload_locked", "upload_offset_differs"}


def test_a_store_that_is_away_keeps_the_upload(
    program: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503; the last piece can be sent again later."""
    body = picture()
    where = create(program, len(body))["Location"]
    patch(program, where, 0, body[:50])

    def away(*args: Any, **more: Any) -> Any:
        raise Refusal("store_unavailable")

    with monkeypatch.context() as patched:
        patched.setattr("media_analysis.submissions.services.intake.submit", away)
        assert code(patch(program, where, 50, body[50:])) == (503, "store_unavailable")
    assert program.head(where, headers=TUS)["Upload-Offset"] == "50"
    assert patch(program, where, 50, body[50:])["Touchstone-Submission"]


def test_a_folder_for_uploads_that_cannot_be_written_keeps_the_upload(
    program: Client, own_home: Path, settings: Any
) -> None:
    """503 with the code of the other ways in; the same piece goes in once the folder is back."""
    body = picture()
    where = create(program, len(body))["Location"]
    (own_home / "file").write_text("")
    right, settings.UPLOAD_SPOOL_DIR = settings.UPLOAD_SPOOL_DIR, str(own_home / "file")
    away = patch(program, where, 0, body)
    assert code(away) == (503, "store_unavailable")
    assert str(own_home) not in away.content.decode()
    assert program.head(where, headers=TUS).status_code == 503
    settings.UPLOAD_SPOOL_DIR = right
    assert patch(program, where, 0, body)["Touchstone-Submission"]


def test_a_folder_for_uploads_that_is_full_says_so_and_keeps_what_had_arrived(
    program: Client,
) -> None:
    body = b"\x89PNG\r\n\x1a\n" + os.urandom(3_000_000)
    where = create(program, len(body))["Location"]
    patch(program, where, 0, body[:50])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
    try:
        full = patch(program, where, 50, body[50:])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert code(full) == (503, "storage_full")
    assert program.head(where, headers=TUS)["Upload-Offset"] == "50"
    assert patch(program, where, 50, body[50:])["Touchstone-Submission"]


COUNT, SIZE = int(os.environ.get("TUS_UPLOADS", "4")), int(os.environ.get("TUS_SIZE", "2000000"))


@pytest.fixture
def port(tmp_path: Path, key: str) -> Iterator[int]:
    limits = {"MAX_UPLOAD_BYTES": str(SIZE + 1_000_000), "API_WRITE_RATE": "100000/min"}
    with served(tmp_path, None, **limits) as number:
        yield number


def cut(port: int, path: str, key: str, offset: int, piece: bytes, upto: int) -> None:
    """A piece whose sender goes away in its middle."""
    head = (
        f"PATCH {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        f"Tus-Resumable: 1.0.0\r\nContent-Type: {OCTETS}\r\nUpload-Offset: {offset}\r\n"
        f"Content-Length: {len(piece)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
        peer.sendall(head.encode() + piece[:upto])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.django_db(transaction=True)
def test_uploads_that_are_cut_five_times_each_arrive_equal(
    port: int, key: str, tmp_path: Path
) -> None:
    """Resumed by tuspy; TUS_UPLOADS=50 TUS_SIZE=20000000 is the long form."""
    dice = random.Random(4)
    client = TusClient(f"http://127.0.0.1:{port}{URL}", headers={"Authorization": f"Bearer {key}"})
    wanted = set()
    for number in range(COUNT):
        body = picture(number) + dice.randbytes(SIZE)  # what follows a PNG's end is kept
        wanted.add(hashlib.sha256(body).hexdigest())
        file = tmp_path / f"{number}.png"
        file.write_bytes(body)
        uploader = client.uploader(
            str(file), chunk_size=len(body) // 7, metadata={"filename": file.name},
            retries=5, retry_delay=1,
        )  # fmt: skip
        for _ in range(5):
            uploader.upload_chunk()
            assert uploader.url is not None
            where = uploader.url.partition(str(port))[2]
            piece = body[uploader.offset : uploader.offset + len(body) // 7]
            cut(port, where, key, uploader.offset, piece, dice.randrange(len(piece)))
            uploader.offset = uploader.get_offset()
        uploader.upload()
    found = Submission.objects.values_list("blob_id", flat=True)
    assert set(found) == wanted and len(found) == COUNT
