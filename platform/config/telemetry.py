"""Sends errors to a Sentry server if SENTRY_DSN is set; otherwise its package is not imported.

The report is built here field by field: the place in the code, the types of the errors with their
stack, the log message before values were inserted, and the ids that log lines carry. It contains no
values, error messages, local variables, requests, or names of people, files or machines.
"""

from __future__ import annotations

import atexit
import logging
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from structlog.contextvars import get_contextvars

ROOT = Path(__file__).resolve().parents[2]
IDS = ("request", "submission", "job")
MOST_A_MINUTE = 60
MOST_CAUSES, MOST_FRAMES, LONGEST = 10, 100, 500
KEPT = frozenset({
    "event_id", "timestamp", "platform", "level", "logger", "logentry", "exception", "tags",
    "release", "transaction",
})  # fmt: skip
"""The fields of an event. The client adds others, such as the machine's name."""


def start(dsn: str, release: str) -> None:
    import sentry_sdk  # an extra: this module loads without it

    sentry_sdk.init(
        dsn=dsn,
        release=release,
        default_integrations=False,
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        before_send=_only_ours,
        traces_sample_rate=None,
        auto_session_tracking=False,
        send_client_reports=False,
    )
    atexit.register(sentry_sdk.flush, 2.0)


def _only_ours(event: Any, hint: Any) -> Any:
    return {name: value for name, value in event.items() if name in KEPT}


class Handler(logging.Handler):
    """Stands before the handlers that put the values into a line's text. An outage writes the same
    line hundreds of times, so no process sends more than `MOST_A_MINUTE`."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._minute, self._sent, self._counting = 0, 0, threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        import sentry_sdk

        try:
            if not record.name.startswith("sentry_sdk") and self._may_send():
                sentry_sdk.capture_event(_event(record))
        except Exception:
            self.handleError(record)

    def _may_send(self) -> bool:
        with self._counting:
            minute = int(time.monotonic() // 60)
            if minute != self._minute:
                self._minute, self._sent = minute, 0
            self._sent += 1
            return self._sent <= MOST_A_MINUTE


def _event(record: logging.LogRecord) -> Any:
    where = f"{_path(record.pathname)}:{record.lineno} in {record.funcName}"
    # Without values the text may have been put together before: then it is not sent.
    text = record.msg if isinstance(record.msg, str) and record.args else where
    event: dict[str, Any] = {
        "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
        "logger": record.name,
        "logentry": {"message": text[:LONGEST]},
        "transaction": where,
        "tags": {name: str(value) for name, value in get_contextvars().items() if name in IDS},
    }
    if record.exc_info and record.exc_info[1] is not None:
        event["exception"] = {"values": _errors(record.exc_info[1])}
    return event


def _errors(error: BaseException) -> list[dict[str, Any]]:
    """The first cause first, as Sentry wants them."""
    found: list[dict[str, Any]] = []
    one: BaseException | None = error
    while one is not None and len(found) < MOST_CAUSES:
        kind = type(one)
        found.append(
            {"type": kind.__name__, "module": kind.__module__,
             "stacktrace": {"frames": _frames(one.__traceback__)}}
        )  # fmt: skip
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return found[::-1]


def _frames(trace: TracebackType | None) -> list[dict[str, Any]]:
    return [
        {"filename": _path(frame.f_code.co_filename), "function": frame.f_code.co_name,
         "module": str(frame.f_globals.get("__name__", "")), "lineno": line,
         "in_app": _path(frame.f_code.co_filename) != Path(frame.f_code.co_filename).name}
        for frame, line in list(traceback.walk_tb(trace))[-MOST_FRAMES:]
    ]  # fmt: skip


def _path(file: str) -> str:
    """Inside our code; of other files the name alone, for their folders may name a person."""
    path = Path(file)
    inside = path.is_relative_to(ROOT) and not path.is_relative_to(Path(sys.prefix))
    return str(path.relative_to(ROOT)) if inside else path.name
