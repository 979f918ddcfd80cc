"""`manage.py store create | check`: the place where media is kept."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from blobs import place


class Command(BaseCommand):
    help = (
        "create: make the folder or the S3 bucket where it is missing (safe to run again). "
        "check: write, read and delete a small object."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["create", "check"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            if action == "create":
                self.stdout.write(place.create())
            seconds = place.probe()
        except place.StoreUnusable as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(
            f"The media store took, gave back and deleted an object in {seconds:.2f} s."
        )
