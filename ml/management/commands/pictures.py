"""`manage.py pictures move`: move the small pictures of earlier versions out of the database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress

from blobs.errors import BlobError
from ml import pictures


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        move = verbs.add_parser(
            "move", help="move pictures into the media store; can be stopped and run again"
        )
        move.add_argument("--most", type=int, default=0, metavar="N",
                          help="end after about this many pictures")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        waiting, moved = pictures.in_database(), 0
        most = min(options["most"] or waiting, waiting)
        console = Console(stderr=True)
        try:
            with Progress(console=console, disable=not console.is_terminal) as progress:
                bar = progress.add_task("Moving pictures", total=most)
                for count in pictures.move() if waiting else ():
                    moved += count
                    progress.advance(bar, count)
                    if moved >= most:
                        break
        except BlobError as error:
            raise CommandError(
                f"{moved} pictures were moved, then this stopped: {error.sentence} Run it again."
            ) from error
        left = pictures.in_database()
        self.stdout.write(f"{moved} pictures moved into the media store, {left} left.")
        if moved and not left:
            self.stdout.write(
                "Their space in the database is used again from now on. To give it back to the "
                "disk, run VACUUM FULL ml_thumbnail; it locks the table."
            )
