"""`manage.py keys init | check | rotate signing | rotate subject | rewrap | rotate secret`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import fingerprints
from audit.keys import KeysRefused

ROTATE = {
    "signing": fingerprints.rotate_signing,
    "subject": fingerprints.rotate_subject,
    "secret": fingerprints.rotate_secret,
}


class Command(BaseCommand):
    help = (
        "init: make each key that this site never had, and note their fingerprints in the database "
        "(safe to run again). check: compare this machine's keys with the database. "
        "rotate: a new signing or subject key, or a SECRET_KEY that was changed. "
        "rewrap: after `rotate subject`, what the old subject key still protects."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["init", "check", "rotate", "rewrap"])
        parser.add_argument("key", nargs="?", choices=["signing", "subject", "secret"])

    def handle(self, *args: Any, action: str, key: str | None, **options: Any) -> None:
        if (action == "rotate") != bool(key):
            raise CommandError("State which key: `keys rotate signing`, `subject` or `secret`.")
        try:
            self.stdout.write(self._run(action, key))
        except KeysRefused as refused:
            raise CommandError(str(refused)) from refused
        except OSError as error:
            raise CommandError(
                f"{error.filename} cannot be written: {error.strerror}. Where the keys come from a "
                "secret store, see docs/audit.md, Keys from a secret store."
            ) from error

    def _run(self, action: str, key: str | None) -> str:
        if action == "init":
            return "\n".join(fingerprints.init())
        if action == "rotate":
            return ROTATE[key or ""]()
        if action == "rewrap":
            return fingerprints.rewrap_subjects()
        if sentences := fingerprints.problems():
            raise CommandError(" ".join(sentences))
        return "The keys on this machine are those of this database."
