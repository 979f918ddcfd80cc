"""Make a team from the shell."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import SHELL_ACTOR
from accounts.models import Team, User
from accounts.models.user import normalised
from accounts.refusals import Refusal
from accounts.services.teams import create_team


class Command(BaseCommand):
    help = "Create a team. Does nothing if a team with that name exists."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--admin", metavar="EMAIL", help="an existing person to run it")

    def handle(self, *args: Any, name: str, admin: str | None, **options: Any) -> None:
        if Team.objects.filter(name__iexact=name.strip()).exists():
            self.stdout.write(f"There is already a team called {name.strip()}.")
            return
        person = None
        if admin:
            person = User.objects.filter(email=normalised(admin)).first()
            if person is None:
                raise CommandError(f"There is no account for {admin}.")
        try:
            team = create_team(SHELL_ACTOR, name, first_admin=person)
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"Created the team {team} ({team.pk}).")
