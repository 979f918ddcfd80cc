"""`manage.py quotas list | set TEAM [PARTNER] NUMBER`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from accounts.actors import SHELL_ACTOR
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.services.quotas import set_quota
from operations.management.commands import weights

NO_LIMIT = "none"


class Command(weights.Command):
    help = (
        "List how many submissions per calendar month (UTC) teams and partners may send, or set "
        "it: `set TEAM 1000`, `set TEAM PARTNER 1000`, `set TEAM none` for no limit."
    )

    def handle(self, *args: Any, action: str, words: list[str], **options: Any) -> None:
        if action == "list":
            self._list()
            return
        if len(words) not in (2, 3):
            raise CommandError("Say which: `quotas set TEAM [PARTNER] NUMBER`.")
        *names, text = words
        found = self._named(names)
        try:
            changed = set_quota(SHELL_ACTOR, found, None if text == NO_LIMIT else int(text))
        except ValueError as error:
            raise CommandError(f"{text} is no whole number.") from error
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"{found}: quota {text}." if changed else f"{found} has it already.")

    def _list(self) -> None:
        for team in Team.objects.filter(live_team=None):
            self.stdout.write(f"{team}: {_as_text(team.quota)}")
            for service in team.service_accounts.filter(is_active=True, provisions=False):
                self.stdout.write(f"  {service}: {_as_text(service.quota)}")


def _as_text(quota: int | None) -> str:
    return NO_LIMIT if quota is None else str(quota)
