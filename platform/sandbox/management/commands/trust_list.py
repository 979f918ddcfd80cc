"""`manage.py trust_list [FILE]`: whom this site trusts, and of which day its lists are."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sandbox import trust, trust_laying
from sandbox.trust import Of


class Command(BaseCommand):
    help = (
        "Show the lists of certificates that this site trusts. With FILE, lay a newer list in "
        "place: certificates as PEM, C2PA's list as JSON, or the wheel of requirements/trust.txt. "
        "Nothing is fetched."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, metavar="FILE")
        parser.add_argument(
            "--of", choices=[str(whose) for whose in Of], default=str(Of.SIGNERS),
            help="whose certificates FILE holds (signers)",
        )  # fmt: skip
        parser.add_argument("--name", default="", help="what the list is called")
        parser.add_argument("--date", default="", metavar="YYYY-MM-DD", help="of which day it is")
        parser.add_argument("--source", default="", help="where it comes from")
        parser.add_argument("--older", action="store_true", help="also one older than the present")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["file"] is not None:
                self._lay(options)
            else:
                self._show(options["json"])
        except trust_laying.ListRefused as refused:
            raise CommandError(str(refused)) from refused
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from error

    def _lay(self, options: dict[str, Any]) -> None:
        laid = trust_laying.lay(
            options["file"],
            Of(options["of"]),
            name=options["name"],
            day=options["date"],
            source=options["source"],
            older=options["older"],
        )
        if options["json"]:
            counts = {"added": laid.added, "removed": laid.removed, "expired": laid.expired}
            self.stdout.write(json.dumps(laid.now.as_json() | counts))
            return
        self.stdout.write(f"{options['of']}: {_line(laid.now)}")
        self.stdout.write(f"{laid.added} added, {laid.removed} removed, {laid.expired} expired.")
        self.stdout.write("Restart the web server and the workers: each reads it once.")

    def _show(self, as_json: bool) -> None:
        lists = trust.configured()
        data: dict[str, Any] = {}
        for whose in Of:
            one = lists.get(whose)
            expired = trust_laying.expired(trust_laying.certificates_of(one)) if one else 0
            data[str(whose)] = one.as_json() | {"expired": expired} if one else None
            if not as_json:
                text = f"{_line(one)}, {expired} expired" if one else "no list"
                self.stdout.write(f"{whose} ({trust.SETTINGS[whose]}): {text}")
        if as_json:
            self.stdout.write(json.dumps(data))


def _line(one: trust.TrustList) -> str:
    of = f" of {one.date}" if one.date else ", of no day that is known"
    source = f", from {one.source}" if one.source else ""
    return (
        f"{one.name or 'a list without a note'}{of}, {one.certificates} certificates, "
        f"SHA-256 {one.sha256}{source}"
    )
