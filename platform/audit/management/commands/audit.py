"""`manage.py audit verify | export | seal | checkpoint | keys | adopt`: prove and hand over."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import exporting, guards, notes, outside, verifying
from audit.checking import adopt, keep_report, verify_database, was_adopted
from audit.keys import KeysRefused, public_key_file, signing_key, trusted_keys
from audit.models import Checkpoint, Event
from audit.sealer import SealRefused, seal
from audit.verifier import Line


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(
            dest="action", required=True, parser_class=argparse.ArgumentParser
        )
        verify = actions.add_parser("verify", help="check the database, or an export")
        verify.add_argument("--export", type=Path, metavar="FILE", help="check this file instead")
        verify.add_argument(
            "--new", action="store_true",
            help="only what was added since the last run without findings",
        )  # fmt: skip
        verify.add_argument(
            "--jobs", type=int, default=1, metavar="N",
            help="use N processes; the report is the same, and faster if cores are idle",
        )  # fmt: skip
        verifying.add_arguments(verify)
        export = actions.add_parser("export", help="write the whole record to a file")
        export.add_argument("file", type=Path, help="compressed when its name ends in .gz")
        actions.add_parser("seal", help="sign a checkpoint over new events")
        actions.add_parser("keys", help="print the public keys that others need to verify")
        actions.add_parser(
            "checkpoint", help="print the last signed checkpoint, to be kept elsewhere"
        )
        adopt = actions.add_parser(
            "adopt", help="after an upgrade: record the rows that no event describes"
        )
        adopt.add_argument("--again", action="store_true", help="even if it was done before")
        actions.add_parser("guards", help="for developers: update the known guards")

    def handle(self, *args: Any, **options: Any) -> None:
        action = {
            "verify": self._verify,
            "export": self._export,
            "seal": self._seal,
            "keys": self._keys,
            "checkpoint": self._checkpoint,
            "adopt": self._adopt,
            "guards": self._guards,
        }[options["action"]]
        try:
            action(options)
        except (notes.BadNote, SealRefused, KeysRefused, OSError) as problem:
            raise CommandError(str(problem), returncode=2) from problem

    def _verify(self, options: dict[str, Any]) -> None:
        given: list[Path] = options["anchor"]
        for file in given:
            if not file.exists():
                raise CommandError(f"There is no anchor file {file}.", returncode=2)
        trusted = verifying.keys_from(options["public_key"])
        at_least = outside.at_least(options["at_least"])
        is_own = not (given or trusted or at_least)
        _check_combination(options, is_own)
        if options["export"]:
            report = verifying.verify_export(options["export"], trusted, given, at_least)
        else:
            report = verify_database(
                trusted, given, self._progress, at_least, only_new=options["new"],
                jobs=options["jobs"], on_progress=self._print_progress,
            )  # fmt: skip
            if is_own:
                keep_report(report)
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
        events = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 1
        done, width = 0, 40
        for number, line in enumerate(lines, start=1):
            done += line["t"] == "event"
            if number % 5_000 == 0:
                share = min(done / events, 1.0)
                bar = "#" * round(share * width)
                self.stderr.write(
                    f"\r[{bar:<{width}}] {share:4.0%}, {done} events, {number} lines", ending=""
                )
            yield line
        self.stderr.write("\r\033[K", ending="")

    def _print_progress(self, done: int, of: int) -> None:
        if self.stderr.isatty():
            end = "" if done < of else "\r\033[K"
            self.stderr.write(f"\r{done} of {of} ranges{end}", ending="")

    def _export(self, options: dict[str, Any]) -> None:
        count = exporting.write(options["file"])
        self.stdout.write(f"{count} events were written to {options['file']}.")
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
        self.stderr.write(f"(from {public_key_file()}; give these keys to everybody who verifies)")

    def _checkpoint(self, options: dict[str, Any]) -> None:
        last = Checkpoint.objects.order_by("size").last()
        if last is None:
            raise CommandError("Nothing is sealed yet.", returncode=2)
        self.stdout.write(last.note, ending="")
        self.stderr.write("(keep it elsewhere, and verify with --at-least FILE)")

    def _adopt(self, options: dict[str, Any]) -> None:
        if was_adopted() and not options["again"]:
            raise CommandError(
                "Rows were adopted before. A row that no event speaks of now was written past the "
                "record: run `audit verify` and look at it. To adopt it all the same: --again.",
                returncode=2,
            )
        self.stdout.write(f"{adopt()} rows were recorded as they are.")

    def _guards(self, options: dict[str, Any]) -> None:
        guards.write()
        self.stdout.write(f"{guards.KNOWN} was written from this database.")


def _check_combination(options: dict[str, Any], is_own: bool) -> None:
    """`is_own`: with the keys and anchors of this site alone."""
    if options["new"] and (options["export"] or not is_own):
        raise CommandError(
            "--new goes on from what this site verified itself, with its own keys and anchors: "
            "leave out --export, --public-key, --anchor and --at-least.",
            returncode=2,
        )
    jobs = options["jobs"]
    if jobs < 1 or (jobs > 1 and (options["new"] or options["export"])):
        raise CommandError(
            "--jobs takes a number from 1, and the whole live record: leave out --new and "
            "--export.",
            returncode=2,
        )
