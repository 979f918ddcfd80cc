"""`manage.py doctor [--json]`: what is wrong with this site, and how to mend it."""

from __future__ import annotations

import logging
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from operations import doctor


class Command(BaseCommand):
    help = (
        "Say in plain words what is wrong with this site and how to mend it. Changes nothing. "
        "Exit status 1 where there is an error."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        silenced = logging.root.manager.disable
        logging.disable(logging.CRITICAL)  # the findings say it
        try:
            text, status = doctor.report(doctor.examine(), options["json"])
        finally:
            logging.disable(silenced)
        self.stdout.write(text)
        sys.exit(status)
