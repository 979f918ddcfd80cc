"""`manage.py quotas list | set TEAM [PARTNER [KEY]] NUMBER`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.actors import SHELL_ACTOR
from accounts.models import ApiKey, ServiceAccount, Team
from accounts.refusals import Refusal
from accounts.services.quotas import set_quota
from operations.management.commands import weights

NO_LIMIT = "none"


class Command(weights.Command):
    help = (
        "List how many submissions per calendar month (UTC) teams, partners and keys may send, or "
        "set it: `set TEAM 1000`, `set TEAM PARTNER 1000`, `set TEAM PARTNER KEY 1000` with a key "
        "as `api_keys list` shows it, `set TEAM none` for no limit."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["list", "set"])
        parser.add_argument("words", nargs="*", metavar="TEAM [PARTNER [KEY]] NUMBER")

    def handle(self, *args: Any, action: str, words: list[str], **options: Any) -> None:
        if action == "list":
            self._list()
            return
        if len(words) not in (2, 3, 4):
            raise CommandError("Say which: `quotas set TEAM [PARTNER [KEY]] NUMBER`.")
        *names, text = words
        found: Team | ServiceAccount | ApiKey = self._named(names[:2])
        if len(names) == 3:
            found = self._key(found, names[2])
        try:
            changed = set_quota(SHELL_ACTOR, found, None if text == NO_LIMIT else int(text))
        except ValueError as error:
            raise CommandError(f"{text} is no whole number.") from error
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"{found}: quota {text}." if changed else f"{found} has it already.")

    def _key(self, service: Any, prefix: str) -> ApiKey:
        found = list(service.keys.working().filter(prefix=prefix.rstrip("…")))
        if len(found) != 1:
            raise CommandError(f"{len(found)} live keys of {service} begin with {prefix}.")
        key: ApiKey = found[0]
        return key

    def _list(self) -> None:
        for team in Team.objects.filter(live_team=None):
            self.stdout.write(f"{team}: {_as_text(team.quota)}")
            for service in team.service_accounts.filter(is_active=True, provisions=False):
                self.stdout.write(f"  {service}: {_as_text(service.quota)}")
                for key in service.keys.working().select_related("counts_with"):
                    self.stdout.write(f"    {key}: {_as_text(key.counted_as.quota)}")


def _as_text(quota: int | None) -> str:
    return NO_LIMIT if quota is None else str(quota)
