"""`manage.py restore [FOLDER] --identity FILE [--name NAME]`: into an empty database and home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.keys import KeysRefused
from blobs.errors import BlobError
from operations.backups import restoring
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
        parser.add_argument("--identity", type=Path, required=True, metavar="FILE")
        parser.add_argument("--name", help="which backup (default: the newest)")
        parser.add_argument("--list", action="store_true", help="name the backups, and no more")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            target = Target(options["folder"])
            known = restoring.names(target)
            if options["list"]:
                self.stdout.write("\n".join(known) or "There is no backup that ended.")
                return
            name = options["name"] or (known[-1] if known else "")
            if name not in known:
                raise CommandError(f"There is no backup {name!r} that ended.")
            restoring.restore(target, name, identity(options["identity"]), self.stdout.write)
        except (BackupFailed, BlobError, KeysRefused, OSError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"The backup {name} is restored.")
