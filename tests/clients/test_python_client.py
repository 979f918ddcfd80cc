"""The Python client against the product's own web server, and against one that is moody."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from standardwebhooks.webhooks import Webhook as Signer
from touchstone_client import (
    AsyncTouchstone,
    NotGenuine,
    Problem,
    TimedOut,
    Touchstone,
    Unreachable,
    cli,
    verify,
)
from touchstone_client.calls import within

from jobs.services import claim, claim_one, park
from media_analysis.batches.models import BatchItem, Source
from media_analysis.reports.services import issuing
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.services import cases, routing
from media_analysis.submissions.models import Submission
from ml.models import Analysis
from tests.clients.conftest import Site
from tests.people import Person, picture

AT = "2026-11-28T09:30:00Z"
ROOT = Path(__file__).resolve().parents[2]


def later(do: Any) -> threading.Thread:
    def run() -> None:
        try:
            do()
        finally:
            connection.close()

    thread = threading.Timer(1.0, run)
    thread.start()
    return thread


def end(pk: str) -> None:
    claim = claim_one(Analysis, Submission.objects.get(pk=pk).analysis_id, worker="t")
    assert claim is not None
    park(claim, "test", "Set aside by a test.")


def decide(who: Person, pk: str) -> None:
    with transaction.atomic():
        routing.after_parking(Submission.objects.get(pk=pk).analysis)
    held = cases.claim(who.actor, Case.objects.get(submission__pk=pk).pk)
    cases.decide(who.actor, held.pk, held.fence, DecisionText("manipulated", "The chin flickers."))


def examples() -> list[str]:
    return re.findall(r"```bash\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.S)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_day_of_a_partner(
    site: Site, alice: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Sent, repeated, waited for, decided, found, fetched, refused; by client, shell and curl."""
    clip = tmp_path / "photo.jpg"
    clip.write_bytes(picture(9))
    read: list[int] = []
    with Touchstone(site.url, key=site.key, timeout=60) as client:
        words: dict[str, Any] = {"external_id": "a-1", "language": "de", "idempotency_key": "k"}
        sent = client.submit(clip, progress=read.append, **words)
        again = client.submit(clip, **words)
        assert sent.language == "de"
        assert (again.id, again.replayed, sent.replayed) == (sent.id, True, False)
        assert read[-1] == clip.stat().st_size
        with pytest.raises(TimedOut):
            client.wait(sent.id, timeout=0.5)
        thread = later(lambda: end(sent.id))
        done = client.wait(sent.id, timeout=120)
        thread.join()
        assert done.ended and done.outcome == "inconclusive" and done.decision is None
        assert client.news(done) is None
        thread = later(lambda: decide(alice, sent.id))
        decided = client.wait_for_decision(sent.id, timeout=120)
        thread.join()
        assert decided.decision and decided.decision.reason == "The chin flickers."
        assert decided.decisions == [decided.decision]
        issued = issuing.issue(alice.actor, Case.objects.get(submission=UUID(sent.id)))
        (report,) = client.get(sent.id).reports
        assert (report.id, report.decision) == (str(issued.pk), decided.decision.id)
        assert client.report(sent.id, report.id, "report.json") == bytes(issued.body)
        assert client.report(sent.id, report.id).startswith(b"%PDF-")
        found = list(client.find(external_id="a-1", page_size=1))
        assert [one.id for one in found] == [sent.id]
        client.submit(picture(10), filename="b.png")
        assert len(list(client.find(page_size=1))) == 2, "page after page"
        used = client.usage()
        assert (used.used, used.quota, used.team_quota) == (2, None, None)
        assert used.starts > used.month and used.rates["read"][0]["whose"] == "partner"
        assert client.media(sent.id) == clip.read_bytes()
        assert client.save_media(sent.id, tmp_path / "copy") == clip.stat().st_size
        with pytest.raises(Problem) as caught:
            client.cancel(sent.id)
        assert (caught.value.status, caught.value.code) == (409, "already_ended")
        with pytest.raises(Problem) as caught:
            client.submit(b"%!PS")
        assert caught.value.code == "type_not_allowed"
        assert client.request_deletion(sent.id).deletion_requested_at
        Source.objects.create(team=alice.team, host="media.example")
        batch = client.send_addresses(
            ["https://media.example/a", {"url": "https://media.example/b", "external_id": "b"}],
            idempotency_key="b1",
        )
        again_batch = client.send_addresses(
            ["https://media.example/a", {"url": "https://media.example/b", "external_id": "b"}],
            idempotency_key="b1",
        )
        assert (again_batch.id, again_batch.replayed) == (batch.id, True)
        items = client.batch(batch.id).items
        assert [(i.state, i.external_id, i.submission) for i in items] == [
            ("waiting", "", None), ("waiting", "b", None),
        ]  # fmt: skip
        hook = client.add_webhook("https://news.example/", ["decision.made"])
        assert hook.secret and client.rotate_secret(hook.id) != hook.secret
        assert client.change_webhook(hook.id, is_active=False).disabled_because == "by_hand"
        assert [one.id for one in client.webhooks()] == [hook.id]
        client.delete_webhook(hook.id)

    with Touchstone(site.url, key=site.test_key, timeout=60) as client:
        canned = client.submit(clip, filename="decided_unclear.jpg")
        assert canned.decision and canned.decision.outcome == "unclear" and not canned.livemode
        with pytest.raises(Problem):
            client.get(sent.id)

    monkeypatch.setenv("TOUCHSTONE_URL", site.url)
    monkeypatch.setenv("TOUCHSTONE_KEY", site.key)
    assert cli.main(["submit", str(clip), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    thread = later(lambda: end(told["id"]))
    assert cli.main(["get", told["id"], "--wait"]) == 0
    thread.join()
    assert "inconclusive" in capsys.readouterr().out
    assert cli.main(["report", sent.id, "--into", str(tmp_path / "reports")]) == 0
    assert (tmp_path / "reports/report.json").read_bytes() == bytes(issued.body)
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert cli.main(["report", told["id"]]) == cli.FAILED, "none was issued"
    german = ["report", sent.id, "--language", "de", "--into", str(tmp_path / "german")]
    assert cli.main(german) == cli.FAILED
    assert not (tmp_path / "german").exists()
    issuing.issue(alice.actor, Case.objects.get(submission=UUID(sent.id)), "de")
    assert cli.main(german) == 0
    assert (tmp_path / "german/report.pdf").read_bytes() != bytes(issued.pdf)
    assert cli.main(["report", sent.id, "--into", str(tmp_path / "newest")]) == 0
    newest = (tmp_path / "newest/report.pdf").read_bytes()
    assert newest == (tmp_path / "german/report.pdf").read_bytes()
    assert cli.main(["submit", str(tmp_path / "none.jpg")]) == cli.FAILED
    monkeypatch.delenv("TOUCHSTONE_KEY")
    assert cli.main(["get", told["id"]]) == cli.USAGE

    env = {**os.environ, "TOUCHSTONE_KEY": site.key, "SUBMISSION": sent.id}
    env["TOUCHSTONE_TEST_KEY"] = site.test_key
    assert len(examples()) >= 4
    for example in examples():
        if "uploads/direct" in example:
            continue  # test_python_direct.py, where there is a bucket
        ran = subprocess.run(
            ["bash", "-c", example], cwd=tmp_path, env=env, capture_output=True, text=True
        )
        assert ran.returncode == 0, (example, ran.stderr)
        events = [line[6:] for line in ran.stdout.splitlines() if line.startswith("data: ")]
        assert json.loads(events[-1] if events else ran.stdout), example


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_submission_is_followed_as_it_changes(site: Site, alice: Person) -> None:
    """From what it is now to its end, and on to the decision; a batch to its last item."""
    with Touchstone(site.url, key=site.key, timeout=60) as client:
        sent = client.submit(picture(11), filename="a.png")
        followed = client.follow(sent.id, timeout=120)
        assert next(followed).state == "queued"
        thread = later(lambda: end(sent.id))
        last = list(followed)[-1]
        thread.join()
        assert last.ended and last.outcome == "inconclusive" and client.news(last) is None
        assert [one.state for one in client.follow(sent.id)] == ["parked"]
        with pytest.raises(TimedOut):
            list(client.follow(sent.id, until="decided", timeout=1.5))
        thread = later(lambda: decide(alice, sent.id))
        decided = list(client.follow(sent.id, until="decided", timeout=120))
        thread.join()
        assert [one.decision and one.decision.outcome for one in decided] == [None, "manipulated"]
        with pytest.raises(Problem) as caught:
            next(client.follow("0198c0de-0000-7000-8000-000000000001"))
        assert caught.value.code == "not_found"

        Source.objects.create(team=alice.team, host="media.example")
        batch = client.send_addresses(["https://media.example/a"])
        counts = client.follow_batch(batch.id, timeout=120)
        assert next(counts).counts["waiting"] == 1
        taken = claim(BatchItem, worker="t")
        assert taken is not None
        park(taken, "test", "Set aside by a test.")
        assert next(counts).completed_at and list(counts) == []

    async def followed_too() -> list[str]:
        async with AsyncTouchstone(site.url, key=site.key) as client:
            return [one.id async for one in client.follow(sent.id, until="decided")]

    assert asyncio.run(followed_too()) == [sent.id]


def test_a_stream_that_is_cut_goes_on_where_it_was(moody: Any) -> None:
    """With the id of the last event; what was told is not told again."""
    url, asked, answers = moody
    one = json.loads((ROOT / "media_analysis/partners/examples.json").read_text())
    said = {**one["submissions_read"]["200"], "state": "queued"}
    ended = {**said, "state": "cancelled"}
    stream = {"Content-Type": "text/event-stream"}
    answers += [(200, stream | {"body": f"retry: 9\n\nid: a\ndata: {json.dumps(said)}\n\n:\n\n"})]
    answers += [(503, {"Retry-After": "0"}), (0, {})]
    answers += [(200, stream | {"body": f"id: b\ndata: {json.dumps(ended)}\n\n"})]
    with Touchstone(url, key="tsk_x", retries=4) as client:
        assert [found.etag for found in client.follow(said["id"])] == ['"a"', '"b"']
    assert [headers.get("last-event-id") for _, headers, _ in asked] == [None, "a", "a", "a"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_without_blocking(site: Site, alice: Person, tmp_path: Path) -> None:
    """Two at once, waited for together."""
    loop_sent: list[str] = []

    async def day() -> None:
        async with AsyncTouchstone(site.url, key=site.key, timeout=60) as client:
            path = tmp_path / "a.png"
            path.write_bytes(picture(1))
            sent = await asyncio.gather(client.submit(path), client.submit(picture(2)))
            loop_sent.extend(one.id for one in sent)
            waits = asyncio.gather(*(client.wait(one.id, timeout=120) for one in sent))
            await asyncio.sleep(1)
            for one in sent:
                await asyncio.to_thread(ended, one.id)
            done = await waits
            assert [one.outcome for one in done] == ["inconclusive"] * 2
            assert len([one async for one in client.find(page_size=1)]) == 2
            assert await client.media(sent[1].id) == picture(2)

    def ended(pk: str) -> None:
        try:
            end(pk)
        finally:
            connection.close()

    asyncio.run(day())
    assert len(loop_sent) == 2


def test_both_clients_have_the_same_methods_with_the_same_arguments() -> None:
    """Whatever one can, the other can."""

    def told(kind: type) -> dict[str, list[str]]:
        methods = inspect.getmembers(kind, inspect.isfunction)
        return {
            name.replace("aclose", "close"): list(inspect.signature(method).parameters)
            for name, method in methods
            if not name.startswith("_")
        }

    assert told(Touchstone) == told(AsyncTouchstone) and len(told(Touchstone)) > 15


@pytest.fixture
def moody() -> Iterator[tuple[str, list[Any], list[tuple[int, dict[str, str]]]]]:
    """A server that gives the answers of a list, then 200; and what it was asked."""
    asked: list[Any] = []
    answers: list[tuple[int, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked.append((self.command, self.headers, self.rfile.read(length)))
            status, more = answers.pop(0) if answers else (200, {})
            if status == 0:  # closes without a word
                self.close_connection = True
                return
            usual = json.dumps({"code": more.pop("code", "x"), "results": [], "next": None})
            body = more.pop("body", usual).encode()
            self.send_response(status)
            for name, value in {**more, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked, answers
    server.shutdown()
    server.server_close()


def test_what_was_refused_for_the_moment_is_asked_again(moody: Any) -> None:
    """429 and 503 after their Retry-After, a cut connection after a pause; others not at all."""
    url, asked, answers = moody
    at_once = {"Retry-After": "0"}
    with Touchstone(url, key="tsk_x", retries=4) as client:
        answers += [(429, at_once), (503, at_once), (0, {}), (502, at_once)]
        assert list(client.find()) == []
        assert len(asked) == 5
        asked.clear()
        answers += [(400, {"code": "invalid"})]
        with pytest.raises(Problem):
            list(client.find())
        assert len(asked) == 1
        asked.clear()
        answers += [(503, at_once)] * 9
        with pytest.raises(Problem) as caught:
            list(client.find())
        assert caught.value.status == 503 and len(asked) == 5
        answers.clear()


def test_a_quota_that_is_reached_is_told_at_once(moody: Any) -> None:
    """Its Retry-After is next month: nobody waits that long, nor sends the rest of an upload."""
    url, asked, answers = moody
    full = (429, {"code": "quota_reached", "Retry-After": "900000"})
    with Touchstone(url, key="tsk_x", retries=4) as client:
        for send in (client.submit, client.upload):
            asked.clear()
            answers.append((full[0], dict(full[1])))
            with pytest.raises(Problem) as caught:
                send(b"media")
            assert (caught.value.code, len(asked)) == ("quota_reached", 1)


def test_the_key_goes_to_no_other_server(moody: Any) -> None:
    """Whatever name an answer has for the server: behind a proxy it may be another one."""
    url, asked, answers = moody
    page = {"results": [], "next": "https://elsewhere.example/api/v1/submissions/?cursor=abc"}
    answers.append((200, {"body": json.dumps(page)}))
    with Touchstone(url, key="tsk_x", retries=0) as client:
        assert list(client.find()) == []
    assert len(asked) == 2 and asked[1][1]["Host"] in url
    assert within("https://elsewhere.example/below/api/v1/uploads/7/") == "/api/v1/uploads/7/"


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    with (
        Touchstone("http://127.0.0.1:9", key="tsk_x", retries=0) as client,
        pytest.raises(Unreachable, match=r"^The server did not answer: .*refused"),
    ):
        client.usage()


def test_a_repeated_upload_is_whole_and_bears_the_same_key(moody: Any, tmp_path: Path) -> None:
    """The file is read from its beginning again; the server knows the repeat by its key."""
    url, asked, answers = moody
    path = tmp_path / "a.bin"
    path.write_bytes(b"media" * 1000)
    with Touchstone(url, key="tsk_x", retries=3) as client:
        answers += [(503, {"Retry-After": "0"}), (409, {"code": "idempotency_busy"}), (0, {})]
        with pytest.raises(KeyError):  # the moody server's 200 holds no submission
            client.submit(path)
    keys = {headers["Idempotency-Key"] for _, headers, _ in asked}
    assert len(asked) == 4 and len(keys) == 1
    assert all(path.read_bytes() in body for _, _, body in asked)


def test_what_may_have_been_done_is_not_done_twice(moody: Any) -> None:
    """Cancelling, and making a secret, bear no key: after a cut connection nobody knows."""
    url, asked, answers = moody
    with Touchstone(url, key="tsk_x", retries=3) as client:
        answers += [(0, {})]
        with pytest.raises(Unreachable):
            client.rotate_secret("x")
    assert len(asked) == 1


def test_a_message_is_believed_only_with_its_signature() -> None:
    """Signed by the specification's library; changed, stale or unsigned ones are refused."""
    secret, now = "whsec_" + "c2VjcmV0" * 4, datetime.now(UTC)
    decision = {"id": "d", "outcome": "manipulated", "policy": None, "reason": "as seen",
                "decided_at": AT, "reviewer": None, "supersedes": None}  # fmt: skip
    body = json.dumps(
        {
            "type": "decision.made",
            "timestamp": "2026-11-28T09:30:00Z",
            "data": {"decision": decision},
        }
    )
    headers = {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(now.timestamp())),
        "Webhook-Signature": Signer(secret).sign("msg_1", now, body),
    }
    message = verify(secret, body.encode(), headers)
    assert message.id == "msg_1" and message.decision and message.decision.outcome == "manipulated"
    for changed, heads in (
        (body + " ", headers),
        (body, {**headers, "Webhook-Id": "msg_2"}),
        (body, {**headers, "Webhook-Timestamp": "1000000000"}),
        (body, {**headers, "Webhook-Signature": "v1,AAAA"}),
        (body, {**headers, "Webhook-Signature": "nonsense"}),
        (body, {}),
    ):
        with pytest.raises(NotGenuine):
            verify(secret, changed, heads)
