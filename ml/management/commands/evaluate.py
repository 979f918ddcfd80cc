"""`manage.py evaluate MANIFEST.csv`: how good the checks are on files whose answer is known.

`--protocol NAME --data FOLDER` measures on the sets of a protocol instead
(ml/evaluation/protocols).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ml.management import protocol as protocols

INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Examine every file of a manifest (CSV with path and label; docs/evaluation.md) with the "
        "engine that production uses, and print how good each check and the verdict are. A run "
        "that was stopped goes on where it was. With --protocol the files are those of public sets "
        "that you hold, and others can repeat the run."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("manifest", type=Path, nargs="?", metavar="MANIFEST.csv")
        parser.add_argument("--detectors", metavar="A,B", help="only these; default: all")
        parser.add_argument("--split", help="only rows whose column split says this")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--markdown", action="store_true", help="print a table for a README")
        parser.add_argument(
            "--fill-cards", action="store_true", help="write the figures into the detectors' cards"
        )
        parser.add_argument(
            "--write", type=Path, metavar="FILE",
            help="put the table between the marks `evaluated` of a text",
        )  # fmt: skip
        parser.add_argument("--out", type=Path, metavar="FOLDER", help="write results there too")
        parser.add_argument(
            "--robustness", action="store_true", help="also after typical changes on the way"
        )
        parser.add_argument(
            "--robustness-items", type=int, default=60, metavar="N", help="on so many of the files"
        )
        parser.add_argument("--jobs", type=int, default=1, help="processes that examine files")
        parser.add_argument(
            "--cache", type=Path, help="kept results; default: TOUCHSTONE_CACHE/evaluations"
        )
        parser.add_argument(
            "--by",
            metavar="NAME",
            help="who runs the evaluation, for looks.jsonl; default: this account",
        )
        protocols.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        names = (
            [n.strip() for n in options["detectors"].split(",")] if options["detectors"] else None
        )
        if options["jobs"] < 0:
            raise CommandError("--jobs must be at least 1 (or 0: in this very process).")
        if options["robustness_items"] < 2:
            raise CommandError("--robustness-items must be at least 2.")
        if (options["manifest"] is None) == (options["protocol"] is None):
            raise CommandError("Name either a MANIFEST.csv or a --protocol.")
        try:
            if options["protocol"]:
                protocols.run(options, names, bar)
            else:
                self._manifest(options, names)
        except KeyboardInterrupt:
            self.stderr.write(
                "Stopped. What was examined is kept. Run the same command to continue."
            )
            sys.exit(INTERRUPTED)

    def _manifest(self, options: dict[str, Any], names: list[str] | None) -> None:
        from ml.evaluation import cards, evaluating, manifest, pages, running, table

        try:
            report = evaluating.evaluate(
                options["manifest"],
                split=options["split"],
                names=names,
                jobs=options["jobs"],
                out=options["out"],
                cache=options["cache"],
                robust=options["robustness_items"] if options["robustness"] else 0,
                by=options["by"],
                watch=bar,
            )
        except (manifest.ManifestRefused, running.UnknownDetector) as refused:
            raise CommandError(str(refused)) from refused
        if options["fill_cards"]:
            try:
                for path in cards.fill(report, names):
                    self.stderr.write(f"Wrote the figures into {path}.")
            except cards.CardRefused as refused:
                raise CommandError(str(refused)) from refused
        if options["write"]:
            try:
                pages.written(
                    options["write"], "evaluated", table.markdown(report, table.scored(report))
                )
            except pages.NoMarks as error:
                raise CommandError(str(error)) from error
        if options["json"]:
            sys.stdout.write(json.dumps(report, ensure_ascii=True, allow_nan=False) + "\n")
        elif options["markdown"]:
            sys.stdout.write(table.markdown(report))
        else:
            from rich.console import Console

            table.printed(report, Console(highlight=False))


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, a line now and then elsewhere; both on standard error."""
    if not sys.stderr.isatty():
        step = max(total // 20, 1)

        def line(count: int) -> None:
            if count % step == 0 or count == total:
                sys.stderr.write(f"{title}: {count} of {total}\n")
                sys.stderr.flush()

        yield line
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count: progress.update(task, completed=count)
