"""The Python client against the product's own web server, and against one that is moody."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from touchstone_client import (
    AsyncTouchstone,
    Touchstone,
    Unreachable,
    cli,
)
from touchstone_client.calls import within

from jobs.services import claim, park
from media_analysis.batches.models import BatchItem, Source
from media_analysis.reports.services import issuing
from media_analysis.review.models import Case
from tests.clients.conftest import Site
from tests.clients.working import decide, end
from tests.people import Person, picture

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


def examples() -> list[str]:
    return re.findall(r"```bash\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.S)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_shell_and_the_examples_of_the_documentation_work(
    site: Site, alice: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The contract (tests/clients/contract) has the other calls."""
    clip = tmp_path / "photo.jpg"
    clip.write_bytes(picture(9))
    read: list[int] = []
    with Touchstone(site.url, key=site.key, timeout=60) as client:
        sent = client.submit(clip, progress=read.append, idempotency_key="k")
        again = client.submit(clip, idempotency_key="k")
        assert (again.replayed, sent.replayed) == (True, False)
        assert read[-1] == clip.stat().st_size
        end(sent.id)
        assert client.news(client.get(sent.id)) is None
        decide(alice, sent.id)
        issued = issuing.issue(alice.actor, Case.objects.get(submission=UUID(sent.id)))
        assert client.save_media(sent.id, tmp_path / "copy") == clip.stat().st_size
        Source.objects.create(team=alice.team, host="media.example")

    monkeypatch.setenv("TOUCHSTONE_URL", site.url)
    monkeypatch.setenv("TOUCHSTONE_KEY", site.key)
    assert cli.main(["submit", str(clip), "--json"]) == 0
    output = json.loads(capsys.readouterr().out)
    thread = later(lambda: end(output["id"]))
    assert cli.main(["get", output["id"], "--wait"]) == 0
    thread.join()
    assert "inconclusive" in capsys.readouterr().out
    assert cli.main(["report", sent.id, "--into", str(tmp_path / "reports")]) == 0
    assert (tmp_path / "reports/report.json").read_bytes() == bytes(issued.body)
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert cli.main(["report", output["id"]]) == cli.FAILED, "none was issued"
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
    assert cli.main(["get", output["id"]]) == cli.USAGE

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
def test_a_submission_is_followed_from_what_it_is_now_and_a_batch_to_its_end(
    site: Site, alice: Person
) -> None:
    with Touchstone(site.url, key=site.key, timeout=60) as client:
        sent = client.submit(picture(11), filename="a.png")
        followed = client.follow(sent.id, timeout=120)
        assert next(followed).state == "queued"
        end(sent.id)
        last = list(followed)[-1]
        assert last.ended and client.news(last) is None
        assert [one.state for one in client.follow(sent.id)] == ["parked"]

        Source.objects.create(team=alice.team, host="media.example")
        batch = client.send_addresses(["https://media.example/a"])
        counts = client.follow_batch(batch.id, timeout=120)
        assert next(counts).counts["waiting"] == 1
        taken = claim(BatchItem, worker="t")
        assert taken is not None
        park(taken, "test", "Set aside by a test.")
        assert next(counts).completed_at and list(counts) == []


def test_a_stream_that_is_cut_goes_on_where_it_was(moody: Any) -> None:
    """It asks for what follows the last event, so no event comes twice."""
    url, requests, answers = moody
    one = json.loads((ROOT / "media_analysis/partners/examples.json").read_text())
    body = {**one["submissions_read"]["200"], "state": "queued"}
    ended = {**body, "state": "cancelled"}
    stream = {"Content-Type": "text/event-stream"}
    answers += [(200, stream | {"body": f"retry: 9\n\nid: a\ndata: {json.dumps(body)}\n\n:\n\n"})]
    answers += [(503, {"Retry-After": "0"}), (0, {})]
    answers += [(200, stream | {"body": f"id: b\ndata: {json.dumps(ended)}\n\n"})]
    with Touchstone(url, key="tsk_x", retries=4) as client:
        assert [found.etag for found in client.follow(body["id"])] == ['"a"', '"b"']
    assert [headers.get("last-event-id") for _, headers, _ in requests] == [None, "a", "a", "a"]


def test_both_clients_have_the_same_methods_with_the_same_arguments() -> None:
    """Whatever one can, the other can."""

    def arguments_by_method(kind: type) -> dict[str, list[str]]:
        methods = inspect.getmembers(kind, inspect.isfunction)
        return {
            name.replace("aclose", "close"): list(inspect.signature(method).parameters)
            for name, method in methods
            if not name.startswith("_")
        }

    assert (
        arguments_by_method(Touchstone) == arguments_by_method(AsyncTouchstone)
        and len(arguments_by_method(Touchstone)) > 15
    )


def test_an_address_in_an_answer_is_asked_at_the_server_that_was_named() -> None:
    """Below whatever path it stands there."""
    assert within("https://elsewhere.example/below/api/v1/uploads/7/") == "/api/v1/uploads/7/"


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    with (
        Touchstone("http://127.0.0.1:9", key="tsk_x", retries=0) as client,
        pytest.raises(Unreachable, match=r"^The server did not answer: .*refused"),
    ):
        client.usage()


def test_a_repeated_upload_is_whole_and_bears_the_same_key(moody: Any, tmp_path: Path) -> None:
    """The file is read from its beginning again; the server knows the repeat by its key."""
    url, requests, answers = moody
    path = tmp_path / "a.bin"
    path.write_bytes(b"media" * 1000)
    with Touchstone(url, key="tsk_x", retries=3) as client:
        answers += [(503, {"Retry-After": "0"}), (409, {"code": "idempotency_busy"}), (0, {})]
        with pytest.raises(KeyError):  # the moody server's 200 holds no submission
            client.submit(path)
    keys = {headers["Idempotency-Key"] for _, headers, _ in requests}
    assert len(requests) == 4 and len(keys) == 1
    assert all(path.read_bytes() in body for _, _, body in requests)
