"""A partner sends addresses; Touchstone downloads each once, from allowed hosts, and reports
once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from accounts.models import ApiKey, Role, Scope, ServiceAccount, Team
from accounts.services.keys import disable_service_account, issue_key, revoke_key
from jobs.errors import LeaseLost, Outage, Why
from jobs.models import State
from jobs.services import claim, park, release
from media_analysis.batches import reasons
from media_analysis.batches.models import Batch, BatchItem, Source
from media_analysis.batches.services import fetching
from media_analysis.submissions.models import KeyMonthCount, Submission
from media_analysis.webhooks.models import Event
from media_analysis.webhooks.services import endpoints
from outbound.fetching import fetch
from tests.factories import ServiceAccountFactory
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, member, picture
from tests.webhooks.test_delivering import examined
from tests.webhooks.test_rest import post, problem

URL = "/api/v1/batches/"
pytestmark = pytest.mark.django_db


class Files(ThreadingHTTPServer):
    """A partner's media server: `/status/503` answers so, anything else is a picture of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        self.paths: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Files)
        self.server.paths.append(self.path)
        status, body = 200, picture(len(self.server.paths))
        if self.path.startswith("/status/"):
            status, body = int(self.path[8:11]), b"no"
        if self.path.startswith("/text"):
            body = b"this is no media"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def files() -> Iterator[Files]:
    server = Files()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def inside(settings: Any, team: Team) -> None:
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.FETCH_BACKOFF_SECONDS = 600.0  # tests say themselves when something is due
    Source.objects.create(team=team, host="127.0.0.1")


@pytest.fixture
def program(team: Team, admin: Person) -> Client:
    scopes = [Scope.SUBMISSIONS_WRITE, Scope.SUBMISSIONS_READ]
    issued = issue_key(admin.actor, ServiceAccountFactory(team=team), "test", scopes)
    return Client(headers={"Authorization": f"Bearer {issued.secret}"})


def fetch_all() -> None:
    """What couriers would do, until nothing is due."""
    while taken := claim(BatchItem, worker="t"):
        fetching.run(taken)


def due_at_once() -> None:
    BatchItem.objects.filter(state=State.QUEUED).update(available_at=Now())


def items(*urls: str, **more: str) -> dict[str, Any]:
    return {"items": [{"url": url, **more} for url in urls]}


def test_each_address_becomes_a_submission_with_its_words(
    program: Client, files: Files, inside: None
) -> None:
    urls = (f"{files.url}/a/b%20c.png?token=x", f"{files.url}/d.png")
    words = {"external_id": "e", "note": "n", "language": "de-at"}
    sent = post(program, URL, {**items(*urls, **words), "external_id": "all"})
    assert sent.status_code == 202 and sent["Idempotent-Replayed"] == "false"
    assert sent.json()["counts"] == {"waiting": 2, "received": 0, "refused": 0, "analysed": 0}
    fetch_all()
    body = program.get(sent["Location"]).json()
    assert [item["state"] for item in body["items"]] == ["received"] * 2
    assert body["items"][0]["filename"] == "b c.png" and body["external_id"] == "all"
    first = program.get(body["items"][0]["submission"]).json()
    assert (first["external_id"], first["note"], first["filename"]) == ("e", "n", "b c.png")
    assert first["language"] == "de-AT"
    assert files.paths == ["/a/b%20c.png?token=x", "/d.png"]


def test_a_batch_is_complete_once_and_its_webhook_says_so(
    program: Client, files: Files, inside: None, admin: Person
) -> None:
    endpoints.add(admin.actor, admin.team, f"{files.url}/hook", ["batch.completed"])
    where = post(program, URL, items(f"{files.url}/a.png", f"{files.url}/status/404"))["Location"]
    fetch_all()
    assert program.get(where).json()["completed_at"] is None
    assert not Event.objects.exists()
    examined(Submission.objects.get())
    body = program.get(where).json()
    assert body["completed_at"] and body["counts"]["analysed"] == 1
    payload = json.loads(Event.objects.get().body)
    assert payload["type"] == "batch.completed" and payload["data"]["batch"]["id"] == body["id"]


def test_an_address_that_cannot_be_used_says_why_and_holds_up_nobody(
    program: Client, files: Files, inside: None
) -> None:
    sent = post(program, URL, items(*(f"{files.url}/{path}" for path in
                                      ("status/404", "text.png", "good.png"))))  # fmt: skip
    fetch_all()
    outcomes = program.get(sent["Location"]).json()["items"]
    assert [(item["state"], item["reason_code"]) for item in outcomes] == [
        ("refused", "refused"), ("refused", "type_not_allowed"), ("received", ""),
    ]  # fmt: skip
    assert outcomes[0]["reason"] == "It answered 404."
    assert outcomes[1]["reason"].startswith("This file type is not supported")
    german = program.get(sent["Location"], headers={"accept-language": "de"}).json()["items"]
    assert german[0]["reason"] == "Die Antwort war 404."
    assert "Dateityp" in german[1]["reason"]


@pytest.mark.parametrize(
    ("code", "column", "sentence"),
    [
        ("too_large", '{"limit": 50}', "50 MB"),
        ("refused", '{"status": 503, "tries": 6}', "It answered 503. There were 6 attempts."),
        ("timeout", '{"tries": 2}', "No complete answer came in time. There were 2 attempts."),
        (
            "sender_gone",
            "",
            "The sender of this batch no longer has the permission to submit media.",
        ),
        ("attempts_exhausted", "", "All attempts failed."),
        ("refused", "The address answered 404.", "The address answered 404."),
        ("", "", ""),
    ],
)
def test_a_reason_is_made_of_its_code_and_data(code: str, column: str, sentence: str) -> None:
    """A sentence that an earlier version stored stays as it is."""
    assert sentence in reasons.sentence("rejected", code, column)


def test_a_server_that_is_busy_is_asked_again_and_not_for_ever(
    program: Client, files: Files, inside: None
) -> None:
    where = post(program, URL, items(f"{files.url}/status/503"))["Location"]
    for _ in range(fetching.MOST_TRIES):
        assert program.get(where).json()["items"][0]["state"] == "waiting"
        fetch_all()
        due_at_once()
    (item,) = program.get(where).json()["items"]
    assert item["state"] == "refused" and "6 attempts" in item["reason"]
    assert len(files.paths) == fetching.MOST_TRIES


def test_a_folder_for_uploads_that_cannot_be_written_is_an_outage_and_costs_no_attempt(
    program: Client, files: Files, inside: None, own_home: Path, settings: Any
) -> None:
    """The same as everywhere: claiming pauses, the item waits, and goes in once the folder is
    back."""
    post(program, URL, items(f"{files.url}/a.png"))
    (own_home / "file").write_text("")
    right, settings.UPLOAD_SPOOL_DIR = settings.UPLOAD_SPOOL_DIR, str(own_home / "file")
    taken = claim(BatchItem, worker="t")
    assert taken is not None
    with pytest.raises(Outage) as outage:
        fetching.run(taken)
    assert outage.value.code == "store_unavailable"
    release(taken, Why.OUTAGE)
    assert BatchItem.objects.get().attempt == 0 and files.paths == []
    settings.UPLOAD_SPOOL_DIR = right
    fetch_all()
    assert BatchItem.objects.get().submission is not None


def test_a_repeated_request_with_its_key_is_one_batch(
    program: Client, files: Files, inside: None
) -> None:
    def send(body: dict[str, Any]) -> Any:
        headers = {"Idempotency-Key": "k1"}
        return program.post(URL, body, content_type="application/json", headers=headers)

    one, other = send(items(f"{files.url}/a")), send(items(f"{files.url}/a"))
    assert one.json()["id"] == other.json()["id"] and other["Idempotent-Replayed"] == "true"
    problem(send(items(f"{files.url}/b")), 422, "idempotency_differs")
    assert Batch.objects.count() == 1


def test_an_address_that_is_none_names_its_place(program: Client, inside: None) -> None:
    answer = post(program, URL, items("http://127.0.0.1/a", "https://user:pw@127.0.0.1/"))
    problem(answer, 422, "item_refused")
    assert "place 1" in answer.json()["detail"] and "pw" not in answer.json()["detail"]


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": "x"}, {"items": [{}]},
                                  {"items": [{"url": 1}]}, {"items": [{"url": "\x00"}]},
                                  {"items": [{"url": "https://a.b/"}] * 1001},
                                  {"items": [{"url": "https://a.b/", "x": 1}]}])  # fmt: skip
def test_a_malformed_batch_is_one_400(program: Client, inside: None, body: Any) -> None:
    problem(post(program, URL, body), 400, "invalid")


def test_nobody_else_sees_a_batch(
    program: Client, files: Files, inside: None, charlie: Person, team: Team, admin: Person
) -> None:
    """Not another team, and not another partner's key of the same team."""
    where = post(program, URL, items(f"{files.url}/a"))["Location"]
    problem(charlie.client().get(where), 404, "not_found")
    issued = issue_key(admin.actor, ServiceAccountFactory(team=team), "b",
                       [Scope.SUBMISSIONS_WRITE, Scope.SUBMISSIONS_READ])  # fmt: skip
    other = Client(headers={"Authorization": f"Bearer {issued.secret}"})
    problem(other.get(where), 404, "not_found")
    reader = issue_key(admin.actor, ServiceAccountFactory(team=team), "r", [Scope.SUBMISSIONS_READ])
    weak = Client(headers={"Authorization": f"Bearer {reader.secret}"})
    problem(post(weak, URL, items(f"{files.url}/a")), 403, "permission_denied")


def test_a_sender_who_lost_the_right_sends_no_more(
    program: Client, files: Files, inside: None, admin: Person
) -> None:
    where = post(program, URL, items(f"{files.url}/a"))["Location"]
    disable_service_account(admin.actor, ServiceAccount.objects.get())
    fetch_all()
    assert BatchItem.objects.get().reason_code == "sender_gone" and not files.paths
    assert where


def test_a_courier_that_lost_its_lease_writes_no_second_submission(
    program: Client, files: Files, inside: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was frozen while it fetched, and another one did the work meanwhile."""
    post(program, URL, items(f"{files.url}/a"))
    slow = claim(BatchItem, worker="slow")

    def frozen(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(fetching, "fetch", fetch)
        BatchItem.objects.update(state=State.QUEUED, lease_until=None, worker="")
        fetch_all()
        return fetch(*args, **more)

    monkeypatch.setattr(fetching, "fetch", frozen)
    assert slow is not None
    with pytest.raises(LeaseLost):
        fetching.run(slow)
    assert Submission.objects.count() == 1 and len(files.paths) == 2


def test_an_address_sealed_with_a_lost_key_is_refused(
    program: Client, files: Files, inside: None, settings: Any
) -> None:
    where = post(program, URL, items(f"{files.url}/a"))["Location"]
    settings.SECRET_KEY = "another"
    fetch_all()
    assert BatchItem.objects.get().reason_code == "unreadable"
    assert Batch.objects.get().completed_at is not None and where


def test_an_item_that_is_set_aside_completes_its_batch(
    program: Client, files: Files, inside: None
) -> None:
    post(program, URL, items(f"{files.url}/a"))
    taken = claim(BatchItem, worker="t")
    assert taken is not None
    park(taken, "poison", "it brought its process down")
    assert Batch.objects.get().completed_at is not None


def test_an_address_stands_nowhere_in_clear_and_is_forgotten(
    program: Client, files: Files, inside: None
) -> None:
    """It may hold a token."""
    post(program, URL, items(f"{files.url}/a.png?token=hunter2hunter2"))
    for _ in range(2):
        with connection.cursor() as cursor:
            for table in ("batches_batchitem", "batches_batch", "audit_event"):
                cursor.execute(f"SELECT t::text FROM {table} t")
                assert not any("hunter2" in row[0] for row in cursor.fetchall())
        fetch_all()
    assert BatchItem.objects.get().sealed_url == ""


def test_a_member_who_may_not_send_cannot_start_a_batch(
    team: Team, inside: None, files: Files
) -> None:
    answer = post(member(team, Role.VIEWER).client(), URL, items(f"{files.url}/a"))
    assert answer.status_code in (400, 403, 404)


def test_what_is_fetched_counts_under_the_key_that_sent_the_batch(
    program: Client, files: Files, inside: None, admin: Person
) -> None:
    """Not under another key of the partner, and also after the key was revoked."""
    service = ServiceAccount.objects.get()
    issue_key(admin.actor, service, "other", [Scope.SUBMISSIONS_WRITE])
    key = ApiKey.objects.get(name="test")
    ApiKey.objects.filter(pk=key.pk).update(quota=1)
    assert post(program, URL, items(f"{files.url}/a.png", f"{files.url}/b.png")).status_code == 202
    revoke_key(admin.actor, key)
    fetch_all()
    states = BatchItem.objects.order_by("position").values_list("state", "reason_code")
    assert list(states) == [(State.DONE, ""), (State.REJECTED, "quota_reached")]
    assert KeyMonthCount.objects.get().key == key


def test_addresses_beyond_the_quota_say_so_and_can_be_sent_again(
    program: Client, files: Files, inside: None, team: Team
) -> None:
    """Nothing is fetched for them, and a batch without any room is not taken."""
    Team.objects.update(quota=1)
    urls = (f"{files.url}/a.png", f"{files.url}/b.png")
    where = post(program, URL, items(*urls))["Location"]
    fetch_all()
    outcomes = program.get(where).json()["items"]
    assert [item["state"] for item in outcomes] == ["received", "refused"]
    assert outcomes[1]["reason_code"] == "quota_reached" and files.paths == ["/a.png"]
    assert "quota of the team is reached: 1" in outcomes[1]["reason"]
    refused = post(program, URL, items(urls[1]))
    assert (refused.status_code, refused.json()["code"]) == (429, "quota_reached")
    assert int(refused["Retry-After"]) > 0 and Batch.objects.count() == 1
    Team.objects.update(quota=2)
    where = post(program, URL, items(urls[1]))["Location"]
    fetch_all()
    assert program.get(where).json()["counts"]["received"] == 1
