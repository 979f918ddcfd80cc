"""`manage.py mail_test ADDRESS`: sends a test mail."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Send one email like all others, and print the mail server's answer."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        try:
            send_mail(
                "Touchstone: a test", f"Mail from {settings.PUBLIC_URL} arrives.\n", None, [address]
            )
        except Exception as error:  # whatever smtplib raises
            raise CommandError(
                f"The mail was not sent: {type(error).__name__}: {error}. Check EMAIL_URL and "
                "DEFAULT_FROM_EMAIL."
            ) from error
        where = (
            f"was written to {settings.MAIL_FILE}: no EMAIL_URL is set"
            if settings.EMAIL_BACKEND == "config.mail.ToFile"
            else "was taken by the mail server"
        )
        self.stdout.write(f"The mail to {address} {where}.")
