"""Housekeeping for a timer: rows that time has made useless."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts.services import lockout
from accounts.sessions import SessionStore


class Command(BaseCommand):
    help = "Delete expired sessions and old counts of wrong guesses."

    def handle(self, *args: Any, **options: Any) -> None:
        SessionStore.clear_expired()
        self.stdout.write(f"Expired sessions and {lockout.forget_old()} old counts are gone.")
