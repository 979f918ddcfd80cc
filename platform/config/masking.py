"""Keeps credentials out of the logs: API keys, and the tokens in mailed links."""

from __future__ import annotations

import logging
import os
import re
from typing import Any

from gunicorn.glogging import Logger

from config import logs

_SECRETS = re.compile(
    r"(?P<kept>\btsk_[0-9A-Za-z]{0,6})[0-9A-Za-z]*"
    r"|(?P<link>(?:/|%2F)(?:invitation|password(?:/|%2F)reset(?:/|%2F)key|confirm-email)(?:/|%2F))"
    r"(?:(?!%2F)[^\s/?&\"'<>]){8,}"
    r"|(?P<scheme>\b(?:Bearer|Basic)\s+)(?!tsk_)\S+"
    # Cookies and form fields, what a provider of single sign-on sends back, passwords in URLs.
    r"|(?P<pair>(?:[?&;,\s\"'(]|^|%3F|%26)"
    r"(?:id_token|access_token|refresh_token|client_secret|session_state|sessionid"
    r"|csrftoken|csrfmiddlewaretoken|password|token|key)(?:=|%3D))(?:(?!%26)[^\s&;\"'<>]){8,}"
    r"|(?P<sent_back>(?:[?&]|%3F|%26)(?:code|state)(?:=|%3D))(?:(?!%26)[^\s&;\"'<>]){10,}"
    r"|(?P<user>\b[a-z]+://[^\s/:@]+:)[^\s/@]+(?=@)",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    return _SECRETS.sub(lambda m: f"{m[m.lastgroup or 0]}[masked]", text)


class MaskSecrets(logging.Filter):
    """For handlers, so that it sees every logger's records. Exceptions are masked with the rest.

    What a client did wrong is logged in one line: a traceback would help nobody, and anybody could
    fill the log with them.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if 400 <= getattr(record, "status_code", 0) < 500:
            record.exc_info = record.exc_text = None
        record.msg, record.args = masked(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = masked(record.exc_text)
        return True


class AccessLog(Logger):  # type: ignore[misc]
    """gunicorn --logger-class config.masking.AccessLog"""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        format_ = os.environ.get("LOG_FORMAT", "text")
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.addFilter(MaskSecrets())
            if format_ == "json":
                handler.setFormatter(logs.formatter(format_))

    def atoms(self, *args: Any, **options: Any) -> dict[str, Any]:
        atoms: dict[str, Any] = super().atoms(*args, **options)
        return {k: masked(v) if isinstance(v, str) else v for k, v in atoms.items()}
