"""`manage.py backfill plan | start | pause | resume | cancel | retry | status | report | list`."""

from __future__ import annotations

import csv
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from accounts.actors import SHELL_ACTOR
from accounts.models import Team
from accounts.refusals import Refusal
from jobs.models import State
from media_analysis.backfill.models import MOST_AT_ONCE, Backfill, Stage
from media_analysis.backfill.search import report
from media_analysis.backfill.selection import OUTCOMES, Selection
from media_analysis.backfill.services import estimating, running
from media_analysis.submissions.models import MediaKind

VERBS = {
    "start": running.start, "pause": running.pause, "resume": running.resume,
    "cancel": running.cancel,
}  # fmt: skip
LEFT_OUT = {
    "current": "analysed by this engine already",
    "under_way": "an analysis of it was under way",
    "erasure": "to be erased",
    "removed": "in part removed by a retention rule",
    "other_backfill": "in another backfill",
    "cancelled": "cancelled",
    running.RUN_CANCELLED: "cancelled with the backfill",
}
SHOWN = 50


class Command(BaseCommand):
    help = (
        "Analyse stored media once more with the engine of today, in the background. `plan` counts "
        "and estimates, `start` begins. Verdicts in force and decisions stay as they are; `report` "
        "lists what changed."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        plan = actions.add_parser("plan", help="count and estimate; starts nothing")
        plan.add_argument("--team", metavar="NAME", help="only this team (default: all)")
        plan.add_argument("--kind", choices=MediaKind.values)
        plan.add_argument("--since", metavar="TIME", help="received at or after; YYYY-MM-DD, UTC")
        plan.add_argument("--until", metavar="TIME", help="received before (default: now)")
        plan.add_argument("--outcome", choices=OUTCOMES, help="verdict in force")
        decided = plan.add_mutually_exclusive_group()
        decided.add_argument("--decided", action="store_const", const=True, dest="decided")
        decided.add_argument("--undecided", action="store_const", const=False, dest="decided")
        plan.add_argument("--detector", metavar="NAME", help="with --older-than: this check")
        plan.add_argument("--older-than", metavar="VERSION",
                          help="not yet examined by it in this version or later")  # fmt: skip
        plan.add_argument("--at-once", type=int, default=running.AT_ONCE, metavar="N",
                          help=f"most that wait in the queue (default {running.AT_ONCE}, "
                          f"at most {MOST_AT_ONCE})")  # fmt: skip
        plan.add_argument("--per-hour", type=int, metavar="N", help="most that begin in an hour")
        plan.add_argument("--hour-price", type=float, metavar="MONEY", help="of a slot for an hour")
        plan.add_argument("--slots", type=int, metavar="N", help="default: those that work now")
        plan.add_argument("--engine", default="", metavar="VERSION",
                          help="of the workers, if another engine is here")  # fmt: skip
        for name in (*VERBS, "retry", "status", "report"):
            verb = actions.add_parser(name)
            verb.add_argument("id", help="as `backfill list` shows it; its beginning is enough")
            if name == "report":
                verb.add_argument("--csv", metavar="FILE", help="every file; - is the terminal")
        actions.add_parser("list")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            if action == "plan":
                self._plan(options)
            elif action == "list":
                self._list()
            elif action == "retry":
                again = running.retry(SHELL_ACTOR, self._named(options["id"]).pk)
                self.stdout.write(f"{again} files are queued again.")
            elif action == "status":
                self._status(self._named(options["id"]))
            elif action == "report":
                self._report(self._named(options["id"]), options["csv"])
            else:
                run = VERBS[action](SHELL_ACTOR, self._named(options["id"]).pk)
                self.stdout.write(f"{run.pk}: {run.state}.")
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal

    def _plan(self, options: dict[str, Any]) -> None:
        selection = Selection(
            until=self._time(options["until"]) or _now(),
            since=self._time(options["since"]),
            kind=options["kind"] or "",
            outcome=options["outcome"] or "",
            decided=options["decided"],
            detector=options["detector"] or "",
            older_than=options["older_than"] or "",
        )
        run = running.plan(
            SHELL_ACTOR, selection, team=self._team(options["team"]), at_once=options["at_once"],
            per_hour=options["per_hour"], version=options["engine"],
        )  # fmt: skip
        self._print_estimate(run, options["slots"] or estimating.slots_now(), options["hour_price"])
        self.stdout.write(
            f"Planned, not started. Start it with `manage.py backfill start {run.pk}`."
        )

    def _print_estimate(self, run: Backfill, slots: int, price: float | None) -> None:
        counted = estimating.Estimate.of_json(run.estimate)
        self.stdout.write(f"Engine {run.engine_version}. To analyse: {counted.total} files.")
        for kind, n in counted.files.items():
            seconds = counted.seconds.get(kind)
            took = "never measured here" if seconds is None else f"{seconds:.0f} s of a slot"
            self.stdout.write(f"  {kind}: {n} files, {took}")
        for why, n in counted.skipped.items():
            self.stdout.write(f"  skipped: {n}, {LEFT_OUT[why]}")
        total = counted.total_seconds
        self.stdout.write(f"By the time of their last analysis: {total:.0f} s = "
                          f"{total / 3600:.3g} hours of one slot.")  # fmt: skip
        if counted.unmeasured:
            self.stdout.write(f"{counted.unmeasured} files are not included: nothing of their "
                              "kind was ever measured here.")  # fmt: skip
        if price is not None:
            self.stdout.write(f"At {price:g} an hour: {total / 3600 * price:.3g}.")
        if slots:
            hours = estimating.hours(counted, slots, run.per_hour)
            self.stdout.write(f"{slots} slots need at least {hours:.3g} hours.")
        else:
            self.stdout.write("No worker is running. Use --slots for an estimate of the duration.")

    def _status(self, run: Backfill) -> None:
        now = report.progress(run)
        filled = now.percent // 5
        self.stdout.write(
            f"{run.pk}: {run.state} [{'#' * filled}{'.' * (20 - filled)}] {now.percent} %"
        )
        self.stdout.write(
            f"analysed {now.done}, failed {now.failed}, running {now.running}, "
            f"waiting {now.waiting}, erased since {now.erased}"
        )
        for why, n in now.left_out.items():
            self.stdout.write(f"left out {n}: {LEFT_OUT.get(why, why)}")
        left = estimating.seconds_left(run, now.left)
        if left is not None and run.is_unfinished:
            self.stdout.write(f"Left: {now.left} files, {left / 3600:.3g} hours of one slot, by "
                              "what this backfill needed so far.")  # fmt: skip
        codes = run.items.filter(state=State.PARKED).values_list("reason_code", flat=True)
        for code in sorted(set(codes)):
            self.stdout.write(f"failed for: {code} (`manage.py backfill retry {run.pk}`)")

    def _report(self, run: Backfill, file: str | None) -> None:
        if file:
            self._csv(run, file)
            return
        if run.state != Stage.DONE:
            self.stdout.write(f"The backfill is {run.state}. Results so far:")
        found = report.changes(run.items.all())
        total = sum(one.n for one in found)
        changed = [one for one in found if one.before != one.after]
        self.stdout.write(f"{sum(one.n for one in changed)} of {total} verdicts changed.")
        for one in changed:
            self.stdout.write(f"  {one.n:8}  {one.before or 'no verdict'} -> {one.after}")
        against = report.contradictions(run.items.all())
        self.stdout.write(f"{against.count()} decisions are contradicted by the new verdict.")
        for item in against[:SHOWN]:
            self.stdout.write(
                f"  {item.submission_id}  decided {item.submission.card.decision}, now "
                f"{item.after.outcome} ({item.contradicts})"
            )
        if against.count() > SHOWN:
            self.stdout.write("  --csv lists the others.")

    def _csv(self, run: Backfill, file: str) -> None:
        if file == "-":
            self._write(run, self.stdout)
            return
        try:
            with Path(file).open("x", newline="", encoding="utf-8") as out:
                n = self._write(run, out)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}. Nothing was written.") from error
        sys.stderr.write(f"{n} files are listed in {file}.\n")

    def _write(self, run: Backfill, out: Any) -> int:
        writer = csv.writer(out)
        writer.writerow(report.COLUMNS)
        n = 0
        for n, row in enumerate(report.rows(run.items.all()), start=1):  # noqa: B007
            writer.writerow(row)
        return n

    def _list(self) -> None:
        found = list(Backfill.objects.select_related("team")[:SHOWN])
        progress = report.progress_of(found)
        for run in found:
            of = run.team or "all teams"
            self.stdout.write(f"{run.pk}  {run.state:9}  {progress[run.pk].percent:3} %  "
                              f"{run.planned_at:%Y-%m-%d %H:%M}  {of}")  # fmt: skip
        if not found:
            self.stdout.write("No backfill was planned.")

    def _named(self, prefix: str) -> Backfill:
        found = [run for run in Backfill.objects.all() if str(run.pk).startswith(prefix.lower())]
        if len(found) != 1:
            raise CommandError(
                f"There is no backfill {prefix}, or more than one. Nothing was done."
            )
        return found[0]

    def _team(self, name: str | None) -> Team | None:
        if not name:
            return None
        team = Team.objects.filter(name__iexact=name, live_team=None).first()
        if team is None:
            raise CommandError(f"There is no team {name}. Nothing was planned.")
        return team

    def _time(self, text: str | None) -> datetime | None:
        if not text:
            return None
        try:
            found, day = parse_datetime(text), parse_date(text)
        except ValueError:
            found = day = None
        if found is None and day is not None:
            found = datetime(day.year, day.month, day.day, tzinfo=UTC)
        if found is None:
            raise CommandError(f"{text} is not a date such as 2026-01-31.")
        return found if timezone.is_aware(found) else found.replace(tzinfo=UTC)


def _now() -> datetime:
    """By the database's clock, as the times of submissions are."""
    found = Team.objects.order_by().annotate(now=Now()).values_list("now", flat=True).first()
    return found or timezone.now()
