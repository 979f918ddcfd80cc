"""`manage.py compare RUN...`: training runs side by side on the same pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.progress import track

from ml.engine import shell


class Command(BaseCommand):
    help = (
        "Judge the faces of a split, and blends of its genuine ones, with the weights of each "
        "run, and print the figures side by side: what a recipe, a source or a kind of blend is "
        "worth. A run that was measured before is not measured again."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="+", metavar="RUN")
        parser.add_argument("--runs", type=Path, help="default: TOUCHSTONE_CACHE/runs")
        parser.add_argument(
            "--sources",
            default="dfdc,ffhq,lfw,utkface",
            help="collections, separated by commas",
        )
        shell.also(parser)
        parser.add_argument(
            "--split",
            choices=["val", "test"],
            default="test",
            help="val to choose between runs, test for the final figures",
        )
        parser.add_argument(
            "--write", type=Path, metavar="FILE", help="put the tables between the marks of a text"
        )

        parser.add_argument(
            "--keep",
            action="store_true",
            help="with --write: keep the text's rows of other runs",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Late, because importing Keras takes seconds that other commands need not wait for.
        from lab.face import compare, faces
        from lab.leaks import baselines
        from ml.evaluation import data_folders, pages

        runs: Path = options["runs"] or data_folders.cache() / "runs"
        try:
            store, _ = faces.opened(faces.own(options["also"]))
            sources = options["sources"].split(",")
            split = options["split"]
            numbers = baselines.chosen(store, sources, split, len(store.items))
            figures = [
                compare.compared(store, runs / name, numbers, watched, split)
                for name in options["names"]
            ]
        except FileNotFoundError as error:
            raise CommandError(
                f"{error.filename or error} is missing; is the run finished?"
            ) from error
        tables = compare.tables(figures)
        self.stdout.write(tables)
        if options["write"]:
            try:
                if options["keep"]:
                    tables = pages.with_rows_kept(pages.held(options["write"], "compared"), tables)
                pages.written(options["write"], "compared", tables)
            except pages.NoMarks as error:
                raise CommandError(str(error)) from error


def watched(numbers: Sequence[int]) -> Iterator[int]:
    yield from track(numbers, "Judging", update_period=1.0)
