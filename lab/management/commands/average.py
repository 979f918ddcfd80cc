"""`manage.py average RUN RUN... --name NAME`: the mean of finished runs, as a run of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = (
        "Average the weights of finished runs that went on from one another. Whether the mean is "
        "better than each is for the validation split to say: `release` measures it."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="+", metavar="RUN")
        parser.add_argument("--name", required=True, help="name of the mean")
        parser.add_argument("--runs", type=Path, help="default: TOUCHSTONE_CACHE/runs")

    def handle(self, *args: Any, **options: Any) -> None:
        from lab.face import average
        from ml.evaluation import data_folders

        runs: Path = options["runs"] or data_folders.cache() / "runs"
        try:
            made = average.average(runs, options["names"], options["name"])
        except FileNotFoundError as error:
            raise CommandError(f"{error.filename} is missing; is the run finished?") from error
        except average.CannotAverage as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{made}\n")
