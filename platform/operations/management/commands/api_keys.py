"""`manage.py api_keys list | issue TEAM SERVICE | revoke PREFIX`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import SHELL_ACTOR
from accounts.models import ApiKey, ServiceAccount, Team
from accounts.refusals import Refusal
from accounts.roles import Scope
from accounts.services import keys


class Command(BaseCommand):
    help = "List the API keys of the site, issue one for a team's service account, or revoke one."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["list", "issue", "revoke"])
        parser.add_argument("words", nargs="*", metavar="TEAM SERVICE | PREFIX")
        parser.add_argument(
            "--scope", action="append", choices=Scope.values, help="again for further ones"
        )
        parser.add_argument("--why", default="", help="a short reason, for the record")

    def handle(self, *args: Any, action: str, words: list[str], **options: Any) -> None:
        try:
            if action == "list":
                self._list()
            elif action == "issue":
                self._issue(words, options["scope"] or [])
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

    def _issue(self, words: list[str], scopes: list[str]) -> None:
        if len(words) != 2:
            raise CommandError("Say for whom: `api_keys issue TEAM SERVICE --scope ...`.")
        team = Team.objects.filter(name__iexact=words[0]).first()
        if team is None:
            raise CommandError(f"There is no team called {words[0]}.")
        service = ServiceAccount.objects.filter(team=team, name__iexact=words[1]).first()
        if service is None:
            service = keys.create_service_account(SHELL_ACTOR, team, words[1])
        issued = keys.issue_key(SHELL_ACTOR, service, "shell", [Scope(s) for s in scopes])
        self.stdout.write(issued.secret)
        self.stderr.write("This key is shown once.")

    def _revoke(self, words: list[str], why: str) -> None:
        if len(words) != 1:
            raise CommandError("Say which: `api_keys revoke PREFIX`, as `api_keys list` shows it.")
        found = list(ApiKey.objects.filter(prefix=words[0], revoked_at__isnull=True))
        if len(found) != 1:
            raise CommandError(f"{len(found)} live keys begin with {words[0]}.")
        keys.revoke_key(SHELL_ACTOR, found[0], why=why)
        self.stdout.write(f"{words[0]} is revoked.")
