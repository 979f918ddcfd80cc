"""`manage.py looks`: who looked how often at which test set."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = (
        "Print who looked how often at which set: each run of `manage.py evaluate` is a look. "
        "A test set wears out by being looked at (docs/evaluation.md)."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a list, an item a set")
        parser.add_argument(
            "--write", type=Path, metavar="FILE",
            help="put the table between the marks `looks` of a text",
        )  # fmt: skip
        parser.add_argument(
            "--cache", type=Path, help="kept results; default: TOUCHSTONE_CACHE/evaluations"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from ml.evaluation import data_folders, looks, pages

        folder = options["cache"] or data_folders.cache() / "evaluations"
        rows = looks.counted(looks.read(folder))
        if options["write"]:
            try:
                pages.written(options["write"], "looks", looks.markdown(rows))
            except pages.NoMarks as error:
                raise CommandError(str(error)) from error
        if options["json"]:
            sys.stdout.write(json.dumps([asdict(row) for row in rows]) + "\n")
        elif rows:
            sys.stdout.write(looks.markdown(rows))
        else:
            self.stderr.write(f"No evaluation is recorded yet in {folder / looks.FILE}.")
