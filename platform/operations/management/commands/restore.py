"""`manage.py restore [FOLDER] --identity FILE [--name NAME]`: into an empty database and home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from audit.keys import KeysRefused
from audit.sealer import SealRefused
from blobs.errors import BlobError
from operations.backups import restoring
from operations.backups.making import names
from operations.backups.sealed import BackupFailed, Target, identity


class Command(BaseCommand):
    help = (
        "Bring a backup back into an empty database, media store and home, as the owner's role, "
        "and prove it: counts, hashes, audit record. Nothing is overwritten."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", help="without it: BACKUP_STORAGE")
        parser.add_argument("--identity", type=Path, metavar="FILE",
                            help="what `backup --new-identity` made")  # fmt: skip
        parser.add_argument("--name", help="which backup (default: the newest)")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--list", action="store_true", help="list the backups")
        how.add_argument("--check", action="store_true",
                         help="decrypt and compare all of it, and write nothing")  # fmt: skip
        how.add_argument("--only", choices=["media"],
                         help="only what is missing or damaged in a running site")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._handle(Target(options["folder"]), options)
        except (BackupFailed, BlobError, KeysRefused, SealRefused, OSError) as problem:
            raise CommandError(str(problem)) from problem
        except DatabaseError as problem:
            raise CommandError(f"The database refused: {str(problem).splitlines()[0]}") from problem

    def _handle(self, target: Target, options: dict[str, Any]) -> None:
        known = names(target)
        if options["list"]:
            self.stdout.write("\n".join(known) or "There is no complete backup.")
            return
        name = options["name"] or (known[-1] if known else "")
        if name not in known:
            raise CommandError(
                f"There is no complete backup {name}. `restore --list` names those that there are."
                if name
                else "There is no complete backup."
            )
        if options["identity"] is None:
            raise CommandError("Say who may open it: --identity FILE.")
        by, say = identity(options["identity"]), self.stdout.write
        if options["check"]:
            restoring.check(target, name, by, say)
            self.stdout.write(f"The backup {name} is complete.")
        elif options["only"]:
            restoring.media_only(target, name, by, say)
        else:
            restoring.restore(target, name, by, say)
            self.stdout.write(f"The backup {name} is restored.")
