"""Make a site administrator, or a new password for one."""

from __future__ import annotations

import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts.refusals import Refusal
from accounts.services.people import create_admin


class Command(BaseCommand):
    help = (
        "Make a site administrator. Without --password-stdin a password is made up and printed "
        "once. Run again, it changes nothing unless --reset or --password-stdin is given."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )
        parser.add_argument(
            "--reset", action="store_true", help="generate a new password; ends all sessions"
        )
        parser.add_argument(
            "--only-password", action="store_true", help="print only the generated password"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"]
        password = sys.stdin.readline().rstrip("\n") if options["password_stdin"] else None
        try:
            if email.rpartition("@")[2] != "localhost":  # what `make up` uses
                validate_email(email)
            made = create_admin(email, password=password, reset=options["reset"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        if options["only_password"]:
            self.stdout.write(made.password or "", ending="\n" if made.password else "")
            return
        self.stdout.write(
            f"{made.user.email} is a site administrator"
            + (" (new)." if made.created else " (was there already).")
        )
        if made.password:
            self.stdout.write(f"Password, shown this once: {made.password}")
