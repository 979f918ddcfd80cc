"""`manage.py users list | deactivate | reactivate | erase EMAIL | export EMAIL FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import SHELL_ACTOR
from accounts.models import User
from accounts.models.user import normalised
from accounts.refusals import Refusal
from accounts.services import people
from blobs.errors import BlobError
from operations.exporting import export_person


class Command(BaseCommand):
    help = (
        "List people, or close, open, erase and export an account. `create_admin` makes a site "
        "administrator; everybody else is invited on the pages."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "action", choices=["list", "deactivate", "reactivate", "erase", "export"]
        )
        parser.add_argument("email", nargs="?")
        parser.add_argument("file", nargs="?", type=Path, help="with `export`: the zip to write")
        parser.add_argument("--no-media", action="store_true", help="with `export`: JSON alone")
        parser.add_argument("--why", default="", help="a short reason, for the record")

    def handle(self, *args: Any, action: str, email: str | None, **options: Any) -> None:
        if action == "list":
            self._list()
            return
        if not email:
            raise CommandError(f"Say whose account: `users {action} EMAIL`.")
        user = User.objects.filter(email=normalised(email)).first()
        if user is None:
            raise CommandError(f"There is no account for {email}.")
        if action == "export":
            self._export(user, options["file"], media=not options["no_media"])
            return
        try:
            if action == "deactivate":
                people.deactivate(SHELL_ACTOR, user, why=options["why"])
            elif action == "reactivate":
                people.reactivate(SHELL_ACTOR, user)
            else:
                people.erase(SHELL_ACTOR, user, why=options["why"])
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"{email}: {action}d.")

    def _export(self, user: User, file: Path | None, *, media: bool) -> None:
        if file is None:
            raise CommandError("Say which file: `users export EMAIL FILE.zip`.")
        try:
            count, damaged = export_person(user, file, media=media)
        except FileExistsError as error:
            raise CommandError(f"{file} exists already. Nothing was written.") from error
        except (OSError, BlobError) as error:
            raise CommandError(f"The export failed: {error} Nothing was written.") from error
        self.stdout.write(f"{file}: the account of {user.email} and {count} submissions.")
        if damaged:
            self.stderr.write(f"The media of these is damaged and left out: {', '.join(damaged)}")

    def _list(self) -> None:
        for user in User.objects.filter(erased_at__isnull=True).order_by("email"):
            teams = ", ".join(
                f"{m.team} ({m.role})" for m in user.memberships.select_related("team")
            )
            state = "active" if user.is_active else "closed"
            admin = ", site administrator" if user.is_superuser else ""
            self.stdout.write(f"{user.email}  {state}{admin}  {teams or 'no team'}")
