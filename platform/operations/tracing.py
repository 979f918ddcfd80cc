"""Sends traces to an OpenTelemetry receiver if OTEL_EXPORTER_OTLP_ENDPOINT is set; otherwise the
packages are not imported.

One submission is one trace: the request that queued it, each attempt of a worker, and each detector
in it. No message carries the trace between them, because wake-ups may get lost and are answered in
the order of the queue: the ids are derived from the analysis' own id. A trace contains names from
our code, ids, times, numbers and codes, but no file names, texts, addresses, or names of people or
machines. A trace started by a client is not continued.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from structlog.contextvars import get_contextvars

import jobs.hooks
import ml.engine.session
import ml.hooks
from jobs.claims import Claim
from ml.models import Analysis

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Tracer

SEND_EVERY_MS = 1_000
_queued: ContextVar[list[str] | None] = ContextVar("queued", default=None)
_root: ContextVar[str] = ContextVar("root", default="")
_making = threading.Lock()
_made: dict[int, Tracer] = {}
"""By process: a worker's supervisor forks, and must have no thread."""


def is_on() -> bool:
    return bool(settings.OTEL_EXPORTER_OTLP_ENDPOINT)


def start() -> None:
    try:
        import opentelemetry.exporter.otlp.proto.http
        import opentelemetry.sdk.trace  # noqa: F401
    except ImportError as missing:
        raise ImproperlyConfigured(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, and the packages of OpenTelemetry are missing. "
            "Install requirements/telemetry.txt, or leave OTEL_EXPORTER_OTLP_ENDPOINT out."
        ) from missing
    jobs.hooks.around.append(of_job)
    ml.hooks.analysis_queued.append(queued)
    ml.engine.session.concluded.append(detector)


def ids_of(analysis: str) -> tuple[int, int]:
    """The trace of an analysis, and the span that it begins with."""
    digest = hashlib.sha256(f"touchstone-trace:{analysis}".encode()).digest()
    return int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big")


def tracer() -> Tracer:
    with _making:
        if os.getpid() not in _made:
            _made[os.getpid()] = _new_tracer()
        return _made[os.getpid()]


def _new_tracer() -> Tracer:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Ids(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            return ids_of(_root.get())[0] if _root.get() else super().generate_trace_id()

        def generate_span_id(self) -> int:
            return ids_of(_root.get())[1] if _root.get() else super().generate_span_id()

    service = os.environ.get("SERVICE_NAME") or "touchstone"
    about = {"service.namespace": "touchstone", "service.name": service,
             "service.version": os.environ.get("CODE_VERSION", "")}  # fmt: skip
    provider = TracerProvider(resource=Resource.create(about), id_generator=Ids())
    address = settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip("/") + "/v1/traces"
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(address), schedule_delay_millis=SEND_EVERY_MS)
    )
    return provider.get_tracer("touchstone")


def flush() -> None:
    """Send what waits to be sent."""
    if found := _made.get(os.getpid()):
        provider: Any = getattr(found, "span_processor", None)
        if provider is not None:
            provider.force_flush()


# --- a request ------------------------------------------------------------------------------------
@contextmanager
def noting() -> Iterator[list[str]]:
    """The analyses that are queued within the block."""
    found: list[str] = []
    token = _queued.set(found)
    try:
        yield found
    finally:
        _queued.reset(token)


def request_ended(
    began: int, method: str, route: str, status: int, number: str, found: list[str]
) -> None:
    """`route` is the pattern, never the path."""
    span = _begin(
        f"{method} {route}".strip(),
        found[0] if found else "",
        began,
        {"http.request.method": method, "http.route": route,
         "http.response.status_code": status, "touchstone.request": number},
    )  # fmt: skip
    span.end()
    for other in found[1:]:
        _begin("queued", other, time.time_ns(), {"touchstone.request": number}).end()


def queued(analysis: Analysis) -> None:
    pk = str(analysis.pk)

    def committed() -> None:
        found = _queued.get()
        if found is not None:
            found.append(pk)
        else:  # by a courier or a command
            _begin("queued", pk, time.time_ns(), {"touchstone.job": pk}).end()

    transaction.on_commit(committed, robust=True)


def _begin(name: str, root_of: str, began: int, attributes: dict[str, Any]) -> Any:
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind

    token = _root.set(root_of)
    try:
        return tracer().start_span(
            name, context=Context(), kind=SpanKind.SERVER, start_time=began, attributes=attributes
        )
    finally:
        _root.reset(token)


# --- a job ----------------------------------------------------------------------------------------
@contextmanager
def of_job(claim: Claim) -> Iterator[None]:
    from opentelemetry.trace import SpanKind, Status, StatusCode

    label = claim.model._meta.label_lower
    with tracer().start_as_current_span(
        label,
        context=_following(claim),
        kind=SpanKind.CONSUMER,
        attributes={"touchstone.job": str(claim.pk), "touchstone.attempt": claim.attempt},
        record_exception=False,  # its text may name a file
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            if submission := get_contextvars().get("submission"):
                span.set_attribute("touchstone.submission", str(submission))


def _following(claim: Claim) -> Context:
    from opentelemetry import trace
    from opentelemetry.context import Context

    if claim.model is not Analysis:
        return Context()
    trace_id, span_id = ids_of(str(claim.pk))
    parent = trace.SpanContext(
        trace_id, span_id, is_remote=True, trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED)
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(parent), Context())


def detector(name: str, began: int, ended: int, busy: float, status: str) -> None:
    """From the first question to its last answer. It is at work in parts, between frames: `busy`
    says for how long in all."""
    from opentelemetry import trace

    if not trace.get_current_span().get_span_context().is_valid:
        return  # `verify` in a shell
    span = tracer().start_span(
        f"detector {name}",
        start_time=began,
        attributes={"touchstone.detector": name, "touchstone.status": status,
                    "touchstone.busy_seconds": busy},
    )  # fmt: skip
    span.end(ended)
