"""Stores mail in one file that only its owner can read, for a site without a mail server.

Mails contain links that open accounts, so they are not printed to the console, where they would
reach the log.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from fcntl import LOCK_EX, flock
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class ToFile(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        if not email_messages:
            return 0
        file = Path(settings.MAIL_FILE)
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "ab") as out:
            os.fchmod(out.fileno(), 0o600)
            flock(out, LOCK_EX)
            for message in email_messages:
                out.write(message.message().as_bytes() + b"\n" + b"-" * 79 + b"\n")
        return len(email_messages)
