"""One submission is one trace: the request, the job and each detector, without content."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from PIL import Image

import jobs.hooks
import ml.engine.session
import ml.hooks
from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from jobs import registry
from jobs.runner import execute
from jobs.services import claim_one
from ml.models import Analysis
from operations import tracing
from tests.factories import ServiceAccountFactory
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import member

PRIVATE = ("holiday-of-alice", "note-canary", "tsk_", "@example.org", "context-canary")


class Receiver(ThreadingHTTPServer):
    """Takes OTLP over HTTP as a collector does."""

    daemon_threads = True

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.paths: set[str] = set()
        super().__init__(("127.0.0.1", 0), Take)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def spans(self) -> list[Any]:
        found = []
        for body in self.raw:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                found += [span for scope in resource.scope_spans for span in scope.spans]
        return found


class Take(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.paths.add(self.path)
        self.server.raw.append(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def receiver(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    server = Receiver()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = server.address
    for where, name in ((jobs.hooks, "around"), (ml.hooks, "analysis_queued"),
                        (ml.engine.session, "concluded")):  # fmt: skip
        monkeypatch.setattr(where, name, [*getattr(where, name)])
    monkeypatch.setattr(tracing, "_made", {})
    tracing.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def partner(team: Team) -> Client:
    scopes = (Scope.SUBMISSIONS_READ, Scope.SUBMISSIONS_WRITE)
    admin = member(team, Role.ADMIN)
    issued = issue_key(admin.actor, ServiceAccountFactory(team=team), "test", scopes)
    return Client(headers={"Authorization": f"Bearer {issued.secret}"})


def photograph() -> SimpleUploadedFile:
    out = BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(out, "JPEG")
    return SimpleUploadedFile("holiday-of-alice.jpg", out.getvalue(), "image/jpeg")


def attributes(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


@pytest.mark.django_db(transaction=True)
def test_a_trace_leads_from_the_request_through_the_job_to_each_detector(
    partner: Client, receiver: Receiver
) -> None:
    sent = {"file": photograph(), "note": "note-canary", "policy_context": "context-canary"}
    answer = partner.post("/api/v1/submissions/", sent, headers={"X-Request-ID": "request-4711"})
    assert answer.status_code == 202, answer.content
    [analysis] = Analysis.objects.all()
    claim = claim_one(Analysis, analysis.pk, worker="t")
    assert claim is not None
    execute(claim)
    tracing.flush()
    spans = receiver.spans()
    assert receiver.paths == {"/v1/traces"}
    [request] = [s for s in spans if s.name.startswith("POST ")]
    [job] = [s for s in spans if s.name == "ml.analysis"]
    detectors = [s for s in spans if s.name.startswith("detector ")]
    assert request.parent_span_id == b"" and job.parent_span_id == request.span_id
    assert len({s.trace_id for s in (request, job, *detectors)}) == 1
    assert {s.parent_span_id for s in detectors} == {job.span_id}
    ran = set(analysis.findings.values_list("detector", flat=True))
    assert len(detectors) > 3 and {attributes(s)["touchstone.detector"] for s in detectors} <= ran
    assert all(job.start_time_unix_nano <= s.start_time_unix_nano <= s.end_time_unix_nano
               <= job.end_time_unix_nano for s in detectors)  # fmt: skip
    assert attributes(request)["touchstone.request"] == "request-4711"
    assert attributes(request)["http.route"] == "api/v1/submissions/"
    assert attributes(job)["touchstone.job"] == str(analysis.pk)
    assert attributes(job)["touchstone.submission"] == str(analysis.chain)
    body = b"".join(receiver.raw).decode("latin-1")
    assert [word for word in (*PRIVATE, os.uname().nodename) if word in body] == []


@pytest.mark.django_db(transaction=True)
def test_a_job_that_fails_names_the_kind_of_error_and_not_its_text(
    partner: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(claim: Any) -> None:
        raise ValueError("holiday-of-alice.jpg is broken")

    partner.post("/api/v1/submissions/", {"file": photograph()})
    claim = claim_one(Analysis, Analysis.objects.get().pk, worker="t")
    assert claim is not None
    entry = registry.entry(Analysis)
    monkeypatch.setattr(registry, "entry", lambda model: Broken(entry, broken))
    execute(claim)
    tracing.flush()
    [job] = [s for s in receiver.spans() if s.name == "ml.analysis"]
    assert (job.status.code, job.status.message, len(job.events)) == (2, "ValueError", 0)
    assert "holiday" not in b"".join(receiver.raw).decode("latin-1")


class Broken:
    """A registered model whose runner breaks."""

    def __init__(self, entry: Any, runner: Any) -> None:
        self.entry, self.runner = entry, runner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.entry, name)


def python(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    root = django_settings.ROOT
    begin = "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
    return subprocess.run(
        [sys.executable, "-c", begin + code], cwd=root, text=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": f"{root / 'platform'}:{root}", "SECRET_KEY": "x" * 60,
             **env},
    )  # fmt: skip


def test_without_a_receiver_nothing_is_imported() -> None:
    done = python(
        "import django; django.setup()\n"
        "assert not [m for m in sys.modules if m.startswith('opentelemetry')]",
        OTEL_EXPORTER_OTLP_ENDPOINT="",
    )
    assert done.returncode == 0, done.stderr


def test_a_receiver_without_the_packages_stops_the_start_in_a_sentence() -> None:
    done = python(
        "sys.modules['opentelemetry'] = None\nimport django; django.setup()",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
    )
    assert done.returncode == 1 and "requirements/telemetry.txt" in done.stderr.splitlines()[-1]


def test_a_process_starts_no_thread_before_its_first_span() -> None:
    """A worker's supervisor forks: it may have none."""
    done = python(
        "import threading, django; django.setup()\n"
        "assert threading.active_count() == 1, threading.enumerate()",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
    )
    assert done.returncode == 0, done.stderr
