"""`manage.py erase submission ID | person EMAIL | run | list`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.actors import SHELL_ACTOR
from accounts.models import User
from accounts.models.user import normalised
from accounts.refusals import Refusal
from accounts.services import people
from audit.who import SHELL
from media_analysis.submissions.models import Erasure, Hold, Removal, Submission
from media_analysis.submissions.services import erasing, parts, retention

LISTED = 200


class Command(BaseCommand):
    help = (
        "submission ID: erase a submission, now. person EMAIL: erase an account, and with "
        "--submissions all that the person submitted. run: order what retention rules say, carry "
        "out every erasure and remove every part that is due. list: erasures and removed parts, "
        "and what they wait for. Legal holds win. Nothing erased comes back."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["submission", "person", "run", "list"])
        parser.add_argument("what", nargs="?", help="an id, or an email address")
        parser.add_argument("--submissions", action="store_true",
                            help="with `person`: their submissions too")  # fmt: skip
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, action: str, what: str | None, **options: Any) -> None:
        if action in ("submission", "person") and not what:
            raise CommandError(f"Say which: `erase {action} ...`.")
        if action == "run":
            ordered = retention.order_due()
            self.stdout.write(
                f"{ordered} erasures were ordered by rules. {erasing.run_due()} erasures ended. "
                f"{parts.run_due()} parts were removed."
            )
        elif action == "list":
            self._list()
        elif action == "submission":
            self._submissions([self._submission(what or "")], options["yes"])
        else:
            self._person(what or "", options)

    def _submission(self, text: str) -> Submission:
        try:
            return Submission.objects.get(pk=UUID(text))
        except (ValueError, Submission.DoesNotExist) as error:
            raise CommandError(f"There is no submission {text}. Nothing was done.") from error

    def _person(self, email: str, options: dict[str, Any]) -> None:
        user = User.objects.filter(email=normalised(email)).first()
        if user is None:
            raise CommandError(f"There is no account for {email}. Nothing was done.")
        theirs = (
            list(Submission.objects.filter(submitted_by=user)) if options["submissions"] else []
        )
        self._confirm(f"the account {email} and {len(theirs)} submissions", options["yes"])
        try:
            people.erase(SHELL_ACTOR, user)
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"The account {email} is erased.")
        if theirs:
            self._submissions(theirs, yes=True)

    def _submissions(self, found: list[Submission], yes: bool) -> None:
        self._confirm(f"{len(found)} submissions", yes)
        held, ordered = 0, []
        for submission in found:
            with transaction.atomic():
                Submission.objects.select_for_update().get(pk=submission.pk)
                if Hold.objects.in_force().filter(submission=submission).exists():
                    held += 1
                    continue
                waiting = Erasure.objects.filter(submission=submission.pk).first()
                ordered.append((waiting or erasing.order(submission, SHELL, "operator")).pk)
        done = sum(erasing.carry_out(pk) for pk in ordered)
        lines = [f"{done} submissions are erased."]
        if held:
            lines.append(f"{held} are under a legal hold and stay.")
        if waiting_now := len(ordered) - done:
            lines.append(f"{waiting_now} wait: see `erase list`. The worker goes on with them.")
        self.stdout.write(" ".join(lines))
        if held and not ordered:
            raise CommandError("Nothing was erased.")

    def _confirm(self, what: str, yes: bool) -> None:
        if not yes and input(f"Erase {what}? Nothing brings it back. [y/N] ").strip() != "y":
            raise CommandError("Nothing was done.")

    def _list(self) -> None:
        found = Erasure.objects.all()[:LISTED]
        for one in found:
            state = (
                f"erased {one.ended_at:%Y-%m-%d %H:%M}"
                if one.ended_at
                else one.get_waits_display() or f"due {one.due_at:%Y-%m-%d %H:%M}"
            )
            self.stdout.write(f"{one.submission}  {one.because}  {state}")
        if not found:
            self.stdout.write("No erasure was ordered.")
        for gone in Removal.objects.order_by("-removed_at")[:LISTED]:
            waits = "" if gone.ended_at else ", files wait for the media store"
            self.stdout.write(
                f"{gone.submission_id}  {gone.part}  removed {gone.removed_at:%Y-%m-%d %H:%M} "
                f"after {gone.days} days{waits}"
            )
