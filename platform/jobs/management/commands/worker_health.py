"""`manage.py worker_health`: exit status 0 when a worker is alive, 1 when not. For containers."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError

from jobs import liveness


class Command(BaseCommand):
    help = "Alive means: a lease renewed or a reconcile done within the last minute."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--anywhere", action="store_true", help="any worker of the site, not only this host's"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            health = liveness.health(None if options["anywhere"] else liveness.this_host())
        except DatabaseError as error:
            health = liveness.Health(False, f"the database does not answer: {error}")
        self.stdout.write(health.sentence)
        sys.exit(0 if health.ok else 1)
