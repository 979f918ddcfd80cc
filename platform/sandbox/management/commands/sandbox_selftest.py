"""`manage.py sandbox_selftest`: tries to escape from the sandbox and reports what stopped it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand

from sandbox import floors
from sandbox.services import self_test
from sandbox.types import SandboxFailed


class Command(BaseCommand):
    help = "Try every known escape from inside a sandbox child. Exit status 1 if one succeeds."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        old = floors.problems()
        try:
            report = self_test()
        except SandboxFailed as failed:
            self.stderr.write(f"The sandbox does not start: {failed}")
            sys.exit(1)
        if options["json"]:
            found = dataclasses.asdict(report) | {"floors": old}
            self.stdout.write(json.dumps(found, indent=2))
        else:
            for probe in report.probes:
                mark = "denied " if probe.denied else "PASSED "
                self.stdout.write(f"{mark} {probe.name:28} {probe.how}")
            denied = sum(probe.denied for probe in report.probes)
            self.stdout.write(f"{denied} of {len(report.probes)} denied by: {report.wall}")
            for text in (*report.notes, *old):
                self.stdout.write(text)
            self.stdout.write("The wall stands." if report.stands else "NO WALL STANDS.")
        sys.exit(0 if report.stands and not old else 1)
