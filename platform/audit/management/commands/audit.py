"""`manage.py audit verify | export FILE | seal | keys`: prove the record, hand it over, seal it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import anchors, exporting, notes, verifying
from audit.keys import public_key_file, signing_key, trusted_keys
from audit.sealer import SealRefused, seal
from audit.verifying import Line


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(
            dest="action", required=True, parser_class=argparse.ArgumentParser
        )
        verify = actions.add_parser("verify", help="check the database, or an export")
        verify.add_argument("--export", type=Path, metavar="FILE", help="check this file instead")
        verifying.add_arguments(verify)
        export = actions.add_parser("export", help="write the whole record to a file")
        export.add_argument("file", type=Path, help="compressed when its name ends in .gz")
        actions.add_parser("seal", help="sign a checkpoint over what is not sealed yet")
        actions.add_parser("keys", help="print the public keys that others need to verify")

    def handle(self, *args: Any, **options: Any) -> None:
        action = {
            "verify": self._verify,
            "export": self._export,
            "seal": self._seal,
            "keys": self._keys,
        }[options["action"]]
        try:
            action(options)
        except (notes.BadNote, SealRefused, OSError) as problem:
            raise CommandError(str(problem), returncode=2) from problem

    def _verify(self, options: dict[str, Any]) -> None:
        given: Path | None = options["anchor"]
        if given and not given.exists():
            raise CommandError(f"There is no anchor file {given}.", returncode=2)
        trusted = verifying.keys_from(options["public_key"])
        if options["export"]:
            report = verifying.verify_export(options["export"], trusted, given)
        else:
            report = verify_database(trusted, given, progress=self._progress)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_dict(), indent=2))
        else:
            self.stdout.write(report.as_text())
        if not report.ok:
            raise SystemExit(1)

    def _progress(self, lines: Iterable[Line]) -> Iterator[Line]:
        if not self.stderr.isatty():
            yield from lines
            return
        for number, line in enumerate(lines, start=1):
            if number % 5_000 == 0:
                self.stderr.write(f"\r{number} lines checked", ending="")
            yield line
        self.stderr.write("\r", ending="")

    def _export(self, options: dict[str, Any]) -> None:
        count = exporting.write(options["file"])
        self.stdout.write(f"{count} events written to {options['file']}.")
        self.stdout.write(f"Check it with: manage.py audit verify --export {options['file']}")

    def _seal(self, options: dict[str, Any]) -> None:
        sealed = seal()
        if sealed is None:
            self.stdout.write("Nothing new to seal.")
            return
        self.stdout.write(f"{sealed.new} events sealed, {sealed.size} in all.\n\n{sealed.note}")

    def _keys(self, options: dict[str, Any]) -> None:
        signing_key()
        for key in trusted_keys():
            self.stdout.write(str(key))
        self.stderr.write(f"(from {public_key_file()}; give these to whoever verifies)")


def verify_database(
    trusted: list[notes.PublicKey], anchor: Path | None, progress: Any = iter
) -> verifying.Report:
    """The live record, against this installation's own keys and anchor file unless told others."""
    anchor = anchor or settings.AUDIT_ANCHOR_FILE
    noted = anchors.notes_in(anchor)
    # With no key at all nothing can be trusted: an empty list would trust the record's own claims.
    trusted = trusted or trusted_keys() or [signing_key().public]
    report = verifying.verify(progress(exporting.lines()), trusted, noted)
    if report.checkpoints and not noted:
        report.problem_count += 1
        report.problems.append(
            verifying.Problem(
                f"the anchor file {anchor} is missing or empty, and there are checkpoints"
            )
        )
    return report
