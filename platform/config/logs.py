"""Log lines: JSON or plain text, each with the ids of what it is about, and no secret in any.

`structlog.contextvars.bind_contextvars(request=..., client=..., submission=..., worker=...)` puts
ids on every line that follows in the same request or job. A database or a store that is away gives
one line a minute and process, and no traceback: a hundred of them would hide what matters.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import structlog
from structlog.contextvars import get_contextvars

QUIET_SECONDS = 60.0
_AWAY = (
    "OperationalError", "InterfaceError", "EndpointConnectionError", "ConnectTimeoutError",
    "ReadTimeoutError", "ConnectionRefusedError", "ConnectionClosedError", "StoreUnavailable",
)  # fmt: skip


def configuration(format_: str, level: str, file: str = "") -> dict[str, Any]:
    """For `settings.LOGGING`."""
    handler: dict[str, Any] = {"class": "logging.StreamHandler"}
    if file:  # reopened when logrotate has moved it
        handler = {"class": "logging.handlers.WatchedFileHandler", "filename": file}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "once": {"()": "config.logs.OncePerOutage"},
            "mask_secrets": {"()": "config.masking.MaskSecrets"},
        },
        "formatters": {"line": {"()": "config.logs.formatter", "format_": format_}},
        "handlers": {
            "console": {**handler, "filters": ["once", "mask_secrets"], "formatter": "line"}
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {"django": {"handlers": [], "level": "INFO"}},
    }


def formatter(format_: str) -> logging.Formatter:
    if format_ != "json":
        return PlainLine("{asctime} {levelname} {name}: {message}{ids}", style="{")
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _masked_traceback,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True),
        ],
    )


def _masked_traceback(_logger: Any, _name: str, event: Any) -> Any:
    """The text that MaskSecrets made, never the exception itself."""
    event.pop("exc_info", None)
    if text := getattr(event["_record"], "exc_text", None):
        event["traceback"] = text
    return {name: value for name, value in event.items() if value != ""}


class PlainLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        ids = " ".join(f"{k}={value}" for k, value in sorted(get_contextvars().items()) if value)
        record.ids = f" [{ids}]" if ids else ""
        return super().format(record)


class OncePerOutage(logging.Filter):
    """For handlers. Of an outage the first line stands, without traceback; those of the next minute
    are counted and reported with the line after."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.last_logged: dict[str, float] = {}
        self.left_out: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        what = _outage(record)
        if not what:
            return True
        now = time.monotonic()
        with self.lock:
            if now - self.last_logged.get(what, -QUIET_SECONDS) < QUIET_SECONDS:
                self.left_out[what] = self.left_out.get(what, 0) + 1
                return False
            self.last_logged[what] = now
            more = self.left_out.pop(what, 0)
        message = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            message += (
                f": {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            )
        if more:
            message += f" ({more} more such lines were left out)"
        record.msg, record.args = message, ()
        record.exc_info = record.exc_text = None
        return True


def _outage(record: logging.LogRecord) -> str:
    """The kind of thing that is away, or nothing. Asked of the exception, or of those in `args`."""
    error = record.exc_info[1] if record.exc_info else None
    args = record.args if isinstance(record.args, tuple) else ()
    for one in (error, *args):
        seen: BaseException | None = one if isinstance(one, BaseException) else None
        while seen is not None:
            if any(kind.__name__ in _AWAY for kind in type(seen).__mro__):
                return type(seen).__name__
            seen = seen.__cause__
    return ""
