"""`manage.py report verify FILE...` checks a report without network, media or database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.notes import BadNote
from media_analysis.reports import keys, verifying


class Command(BaseCommand):
    help = "Check the signature and the files of a report."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        verify = actions.add_parser("verify", help="Check a report. Exit code 1: refused.")
        verify.add_argument("files", nargs="+", type=Path, help="report.sig and the report's files")
        verify.add_argument(
            "--key", type=Path, help="Public keys that are trusted, one a line (default: our own)"
        )

    def handle(self, *args: Any, files: list[Path], key: Path | None, **options: Any) -> None:
        try:
            trusted = keys.trusted_keys(key)
            checked = verifying.verify([file.read_bytes() for file in files], trusted)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        except (BadNote, verifying.Refused) as refusal:
            raise CommandError(f"Refused. {refusal}") from refusal
        self.stdout.write(f"Report {checked.report} is unchanged since {checked.key} signed it.")
        self.stdout.write(f"Checked: {', '.join(checked.files)}.")
        if checked.missing:
            self.stdout.write(f"Not checked, because not given: {', '.join(checked.missing)}.")
