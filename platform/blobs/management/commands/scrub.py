"""`manage.py scrub`: read stored media again and say what is damaged; find bytes nobody owns."""

from __future__ import annotations

import argparse
from fractions import Fraction
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import track

from audit.who import SHELL
from blobs import scrubbing


def _share(text: str) -> Fraction:
    try:
        share = Fraction(text)
    except (ValueError, ZeroDivisionError):
        share = Fraction(0)
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share; write 1, 1/30 or 0.1.")
    return share


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--share",
            type=_share,
            default=Fraction(1),
            help="how much to read this time, those unread for longest first (1/30 for a night)",
        )
        parser.add_argument(
            "--orphans", action="store_true", help="list bytes without a row, older than a day"
        )
        parser.add_argument("--remove", action="store_true", help="with --orphans: remove them")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["orphans"]:
            self._orphans(remove=options["remove"])
        else:
            self._scrub(options["share"])

    def _scrub(self, share: Fraction) -> None:
        blobs = scrubbing.due(share)
        tally = scrubbing.Scrubbed()
        console = Console(stderr=True)
        for tally in track(  # noqa: B007 - the last tally is the result
            scrubbing.scrub(blobs, SHELL),
            total=len(blobs),
            description="Reading media",
            console=console,
            disable=not console.is_terminal,
        ):
            pass
        for sha256, fault in tally.damaged.items():
            self.stdout.write(f"DAMAGED {sha256} {fault}")
        for sha256 in tally.repaired:
            self.stdout.write(f"repaired {sha256}")
        self.stdout.write(
            f"{tally.checked} files read ({tally.bytes} bytes), {len(tally.damaged)} damaged."
        )
        if tally.damaged:
            self.stdout.write(
                "Damaged files are not used. Restore them from a backup under the same name, or "
                "upload the same media again, and run this once more."
            )
            raise SystemExit(1)

    def _orphans(self, *, remove: bool) -> None:
        count = size = 0
        for orphan in scrubbing.orphans():
            if remove and not scrubbing.remove(orphan):
                continue
            count, size = count + 1, size + orphan.size
            self.stdout.write(f"{'removed' if remove else 'orphan'} {orphan.name} {orphan.size}")
        self.stdout.write(f"{count} files without an owner, {size} bytes.")
