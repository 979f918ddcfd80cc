"""Keeps what opens doors out of the logs: API keys, and the tokens in mailed links."""

from __future__ import annotations

import logging
import re
from typing import Any

from gunicorn.glogging import Logger

_SECRETS = re.compile(
    r"(?P<kept>\btsk_[0-9A-Za-z]{0,6})[0-9A-Za-z]*"
    r"|(?P<link>/(?:invitation|password/reset/key|confirm-email)/)[^\s/?\"']{8,}"
    r"|(?P<scheme>\bBearer\s+)(?!tsk_)\S+"
)


def masked(text: str) -> str:
    return _SECRETS.sub(
        lambda m: (m["kept"] or m["link"] or m["scheme"]) + "[masked]", text
    )  # fmt: skip


class MaskSecrets(logging.Filter):
    """For handlers, so that it sees every logger's records. Exceptions are masked with the rest.

    What a client did wrong is told in one line: a traceback would help nobody, and anybody could
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

    def atoms(self, *args: Any, **options: Any) -> dict[str, Any]:
        atoms: dict[str, Any] = super().atoms(*args, **options)
        return {k: masked(v) if isinstance(v, str) else v for k, v in atoms.items()}
