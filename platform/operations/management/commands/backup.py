"""`manage.py backup [FOLDER] --to RECIPIENT`, and `manage.py backup --new-identity FILE`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from blobs.errors import BlobError
from operations.backups.making import make, prune
from operations.backups.sealed import BackupFailed, Target, make_identity


class Command(BaseCommand):
    help = (
        "Write database, media, keys and anchor, encrypted, into a folder or into BACKUP_STORAGE. "
        "Run again, it goes on where it was. SECRET_KEY is not in it."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", help="without it: BACKUP_STORAGE")
        parser.add_argument("--to", default=settings.BACKUP_RECIPIENT, metavar="age1...",
                            help="the recipient (default: BACKUP_RECIPIENT)")  # fmt: skip
        parser.add_argument("--keep", type=int, metavar="N",
                            help="then delete all backups but the newest N")  # fmt: skip
        parser.add_argument(
            "--new-identity", type=Path, metavar="FILE",
            help="make an identity, print its recipient, and do nothing else",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_identity"]:
            self._identity(options["new_identity"])
            return
        if not options["to"]:
            raise CommandError(
                "Say for whom: --to age1..., or BACKUP_RECIPIENT. `backup --new-identity FILE` "
                "makes one."
            )
        if options["keep"] is not None and options["keep"] < 1:
            raise CommandError("Keep at least 1 backup. Nothing was done.")
        try:
            target = Target(options["folder"])
            name = make(target, options["to"], self.stdout.write)
            self.stdout.write(f"The backup {name} is complete.")
            if options["keep"]:
                prune(target, options["keep"], self.stdout.write)
        except (BackupFailed, BlobError, OSError) as problem:
            raise CommandError(str(problem)) from problem
        except DatabaseError as problem:
            raise CommandError(f"The database refused: {str(problem).splitlines()[0]}") from problem

    def _identity(self, file: Path) -> None:
        secret, public = make_identity()
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise CommandError(f"{file} exists already.") from error
        with os.fdopen(handle, "w") as out:
            out.write(f"# public key: {public}\n{secret}\n")
        self.stdout.write(public)
        self.stderr.write(f"Keep {file} away from this site: it alone opens the backups.")
