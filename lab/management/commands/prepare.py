"""`manage.py prepare VIDEO_OR_FOLDER... --label real|fake --source NAME`: your own faces."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

INTERRUPTED = 130


def pattern(text: str) -> str:
    re.compile(text)
    return text


pattern.__name__ = "pattern (a regular expression)"


class Command(BaseCommand):
    help = (
        "Cut the faces out of videos and pictures and add them to a set that `train` and "
        "`evaluate` read (docs/evaluation.md). Files that are in it already are passed over."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("paths", nargs="+", type=Path, metavar="VIDEO_OR_FOLDER")
        add("--label", required=True, choices=["real", "fake"])
        add("--source", required=True, help="name of the collection")
        add("--method", default="", help="how the fakes were made")
        add(
            "--identity",
            help="the one person in all of these files; default: each file is a different person",
        )
        add(
            "--people",
            type=pattern,
            metavar="PATTERN",
            help="groups of it find the people in a file's name, such as '(id\\d+)(?:_(id\\d+))?'",
        )
        add(
            "--pair",
            type=pattern,
            metavar="PATTERN",
            help="groups of it name the original video; default: a genuine file's own name",
        )
        add("--split", choices=["train", "val", "test"], help="default: drawn by person")
        add(
            "--faces",
            type=int,
            default=1,
            help="number of the most visible faces of a file (default 1)",
        )
        add("--crops", type=int, default=8, help="pictures of each face (default 8, at most 16)")
        add("--smallest", type=int, default=64, help="leave out faces smaller than this, in pixels")
        add("--out", type=Path, help="the set's folder; default: TOUCHSTONE_CACHE/own/faces")

    def handle(self, *args: Any, **options: Any) -> None:
        from lab.face import data, gather
        from ml.engine import shell
        from ml.evaluation import data_folders

        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", options["source"]):
            raise CommandError("--source is a short name of letters, digits and . _ + -")
        if min(options["faces"], options["crops"]) < 1:
            raise CommandError("--faces and --crops must be at least 1.")
        for path in options["paths"]:
            if not path.exists():
                raise CommandError(f"There is no file or folder {path}.")
        given = {name: options[name] for name in gather.Labels.__dataclass_fields__}
        out: Path = options["out"] or data_folders.cache() / "own" / "faces"
        try:
            counts = gather.gather(
                list(shell.files(options["paths"])),
                out,
                gather.Labels(**given),
                watch=watched,
                say=lambda line: self.stderr.write(_printable(line)),
            )
        except data.ManifestRefused as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stderr.write(
                "Stopped. What was prepared is kept. Run the same command to continue."
            )
            sys.exit(INTERRUPTED)
        self.stdout.write(
            f"{counts.crops} pictures of {counts.kept} files added to {out / gather.MANIFEST}; "
            f"{counts.known} files were in it, {counts.without_face} show no face, "
            f"{counts.refused} could not be read."
        )
        if counts.moved:
            self.stdout.write(
                f"{counts.moved} pictures of earlier runs changed their split, because a new file "
                "joins people that stood apart: train anew before you trust a test figure."
            )


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def watched(files: Sequence[Path]) -> Iterable[Path]:
    from rich.console import Console
    from rich.progress import track

    return track(files, "Preparing", console=Console(stderr=True), update_period=1.0)
