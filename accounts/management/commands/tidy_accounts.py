"""Housekeeping for a timer: rows that time has made useless."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts.services.housekeeping import tidy


class Command(BaseCommand):
    help = "Delete expired sessions and old counts of wrong guesses."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Deleted expired sessions and {tidy()} old counts.")
