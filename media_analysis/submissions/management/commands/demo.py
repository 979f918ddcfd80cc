"""Demo teams and sample analyses, for a first look after `make up`."""

from __future__ import annotations

import io
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.actors import SHELL_ACTOR, actor_for_user
from accounts.models import Team, User
from accounts.services.teams import create_team
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import samples
from media_analysis.submissions.services.intake import submit
from ml.models import Analysis

TEAMS = ("Newsroom", "Trust and Safety")
WAIT_SECONDS = 180


class Command(BaseCommand):
    help = "Make the demo teams, or send the sample media through the whole product."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["teams", "samples"])

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        self.stdout.write(self.teams() if what == "teams" else self.samples())

    def teams(self) -> str:
        admin = User.objects.get(email="admin@localhost")
        missing = [name for name in TEAMS if not Team.objects.filter(name__iexact=name).exists()]
        for name in missing:
            create_team(SHELL_ACTOR, name, first_admin=admin)
        return f"{len(missing)} made" if missing else "kept"

    def samples(self) -> str:
        actor = actor_for_user(User.objects.get(email="admin@localhost"), via="shell")
        team = Team.objects.get(name=TEAMS[0])
        if Submission.objects.filter(team=team).exists():
            return "kept"
        sent = []
        for sample in samples.all_samples():
            received = submit(
                actor, team, io.BytesIO(sample.content), sample.filename, note=sample.note
            )
            sent.append(received.submission.analysis_id)
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            waiting = Analysis.objects.filter(pk__in=sent, finished_at__isnull=True).count()
            if not waiting:
                return f"{len(sent)} analysed"
            time.sleep(0.3)
        return f"{len(sent)} sent, {waiting} still being analysed"
