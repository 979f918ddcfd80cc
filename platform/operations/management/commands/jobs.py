"""`manage.py jobs list | requeue (ID | --code CODE | --all) | cancel ID`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

import ml.services
from accounts.actors import TEST_FLOW
from audit.who import SHELL
from jobs.models import UNDER_WAY, State
from ml.models import Analysis

OPEN = (*UNDER_WAY, State.PARKED)
LIVE = Analysis.objects.exclude(flow__startswith=TEST_FLOW)
"""What test keys sent waits for nobody."""


class Command(BaseCommand):
    help = (
        "List analyses that are not done, send parked ones back to the queue (one, all of a code, "
        "or all), or cancel one."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["list", "requeue", "cancel"])
        parser.add_argument("id", nargs="?", help="an analysis, as `jobs list` shows it")
        parser.add_argument("--code", help="with requeue: all that were parked with this code")
        parser.add_argument("--all", action="store_true", help="with requeue: all that are parked")
        parser.add_argument("--state", choices=[str(s) for s in OPEN], help="with list: only these")
        parser.add_argument("--limit", type=int, default=50, metavar="N")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        acts: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self._list, "requeue": self._requeue, "cancel": self._cancel,
        }  # fmt: skip
        acts[action](options)

    def _list(self, options: dict[str, Any]) -> None:
        states = [options["state"]] if options["state"] else OPEN
        rows = LIVE.filter(state__in=states)
        for row in rows.order_by("turn_at")[: options["limit"]]:
            why = f"  {row.reason_code}: {row.reason}" if row.reason_code else ""
            self.stdout.write(
                f"{row.pk}  {row.state:8} attempt {row.attempt}, since "
                f"{row.created_at:%Y-%m-%d %H:%M}{why}"
            )
        self.stdout.write(f"{rows.count()} in all.")

    def _requeue(self, options: dict[str, Any]) -> None:
        parked = LIVE.filter(state=State.PARKED)
        if options["code"]:
            parked = parked.filter(reason_code=options["code"])
        elif options["id"]:
            parked = self._only(parked, options["id"])
        elif not options["all"]:
            raise CommandError("Say which: an id, --code CODE or --all.")
        # One transaction each: a million rows hold no lock together, and Ctrl-C loses nothing.
        again = 0
        for pk in parked.order_by("turn_at").values_list("pk", flat=True).iterator():
            again += ml.services.retry_parked(pk, SHELL)
        self.stdout.write(f"{again} analyses are queued again.")

    def _cancel(self, options: dict[str, Any]) -> None:
        if not options["id"]:
            raise CommandError("Say which: `jobs cancel ID`.")
        row = self._only(Analysis.objects.filter(state__in=OPEN), options["id"]).first()
        if row is None:
            raise CommandError("There is no such analysis that is not done.")
        self.stdout.write(f"{row.pk}: {ml.services.cancel(row.pk, SHELL)}")

    def _only(self, rows: Any, text: str) -> Any:
        try:
            return rows.filter(pk=text)
        except ValidationError as error:
            raise CommandError(f"{text} is no id.") from error
