"""`manage.py weights list | set TEAM [PARTNER] WEIGHT`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import SHELL_ACTOR
from accounts.models import ServiceAccount, Team
from accounts.refusals import Refusal
from accounts.services.weights import set_weight

AS_ITS_TEAM = "team"


class Command(BaseCommand):
    help = (
        "List how many turns teams and partners get in the queue, or set it: `set TEAM 2`, "
        "`set TEAM PARTNER 2`, `set TEAM PARTNER team` for the weight of its team."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["list", "set"])
        parser.add_argument("words", nargs="*", metavar="TEAM [PARTNER] WEIGHT")

    def handle(self, *args: Any, action: str, words: list[str], **options: Any) -> None:
        if action == "list":
            self._list()
            return
        if len(words) not in (2, 3):
            raise CommandError("Say which: `weights set TEAM [PARTNER] WEIGHT`.")
        *names, text = words
        found = self._named(names)
        try:
            weight = None if text == AS_ITS_TEAM else int(text)
            changed = set_weight(SHELL_ACTOR, found, weight)
        except ValueError as error:
            raise CommandError(f"{text} is no whole number.") from error
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"{found}: weight {text}." if changed else f"{found} has it already.")

    def _named(self, names: list[str]) -> Team | ServiceAccount:
        team = Team.objects.filter(name__iexact=names[0], live_team=None).first()
        if team is None:
            raise CommandError(f"There is no team {names[0]}.")
        if len(names) == 1:
            return team
        service = ServiceAccount.objects.filter(team=team, name__iexact=names[1]).first()
        if service is None:
            raise CommandError(f"The team {team} has no partner {names[1]}.")
        return service

    def _list(self) -> None:
        for team in Team.objects.filter(live_team=None):
            self.stdout.write(f"{team}: {team.weight}")
            for service in team.service_accounts.filter(is_active=True, provisions=False):
                self.stdout.write(f"  {service}: {service.weight or f'{team.weight} (its team)'}")
