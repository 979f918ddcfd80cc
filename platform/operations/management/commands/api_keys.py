"""`manage.py api_keys list | revoke PREFIX`. Only an admin of the team issues keys, on its page."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import SHELL_ACTOR
from accounts.models import ApiKey
from accounts.refusals import Refusal
from accounts.services import keys


class Command(BaseCommand):
    help = "List the API keys of the site, or revoke one."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["list", "revoke"])
        parser.add_argument("words", nargs="*", metavar="PREFIX")
        parser.add_argument("--why", default="", help="a short reason, for the record")

    def handle(self, *args: Any, action: str, words: list[str], **options: Any) -> None:
        try:
            if action == "list":
                self._list()
            else:
                self._revoke(words, options["why"])
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal

    def _list(self) -> None:
        for key in ApiKey.objects.select_related("service__team").order_by("created_at"):
            state = "revoked" if key.revoked_at else "live"
            used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
            self.stdout.write(
                f"{key.prefix}  {state}  {key.service.team} / {key.service}  "
                f"{', '.join(key.scopes)}  used {used}"
            )

    def _revoke(self, words: list[str], why: str) -> None:
        if len(words) != 1:
            raise CommandError("Say which: `api_keys revoke PREFIX`, as `api_keys list` shows it.")
        found = list(ApiKey.objects.filter(prefix=words[0], revoked_at__isnull=True))
        if len(found) != 1:
            raise CommandError(f"{len(found)} live keys begin with {words[0]}.")
        keys.revoke_key(SHELL_ACTOR, found[0], why=why)
        self.stdout.write(f"{words[0]} is revoked.")
