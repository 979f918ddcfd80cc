"""Stored media of yesterday's engine, and an engine of today that a test makes up."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.actors import SHELL_ACTOR
from jobs.claims import Claim
from jobs.runner import execute
from jobs.services import claim, claim_one
from media_analysis.backfill.models import Backfill, BackfillItem
from media_analysis.backfill.selection import Selection
from media_analysis.backfill.services import feeding, running
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services.intake import submit
from ml import services as ml
from ml.engine.contract import Finding, Kind, MediaInfo, Outcome, Result, Status, Verdict
from ml.models import Analysis
from tests.people import Person, picture

OLD, NEW = "1.0+old", "2.0+new"
CLEAN, FOUND = Outcome.NO_MANIPULATION_FOUND, Outcome.MANIPULATION_FOUND
UNSURE = Outcome.INCONCLUSIVE
Says = Mapping[str, Outcome]


def result(sha256: str, outcome: Outcome, engine: str, detector: str = "1") -> Result:
    return Result(
        media=MediaInfo(sha256, 10, Kind.IMAGE, "png", width=64),
        verdict=Verdict(outcome, "as a test says", 0.5, (0.4, 0.6)),
        findings=(Finding("compression", detector, Status.RAN, "saved twice", score=2.5),),
        engine_version=engine, seconds=2.0, thumbnails={"frame": picture(3)},
    )  # fmt: skip


def stored(who: Person, shade: int, outcome: Outcome = CLEAN, **how: str) -> Submission:
    """Sent, and analysed by the engine of yesterday."""
    sent = submit(who.actor, who.team, io.BytesIO(picture(shade)), f"{shade}.png").submission
    mine = claim_one(Analysis, sent.analysis_id, worker="w0")
    assert mine is not None
    engine = how.pop("engine", OLD)
    ml.run(mine, lambda file, **_: result(sent.blob_id, outcome, engine, **how))
    with connection.cursor() as cursor:  # what is checked at the end of its transaction, now
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    sent.refresh_from_db()
    return sent


def planned(**how: Any) -> Backfill:
    narrow = {name: how.pop(name) for name in Selection.__dataclass_fields__ if name in how}
    narrow.setdefault("until", timezone.now() + timedelta(hours=1))
    return running.plan(SHELL_ACTOR, Selection(**narrow), version=NEW, **how)


def started(**how: Any) -> Backfill:
    return running.start(SHELL_ACTOR, planned(**how).pk)


def engine(says: Says, seen: list[str] | None = None) -> Callable[..., Result]:
    """The engine of today, by the hash of the media; what is not named is clean."""

    def analyse(file: Any, *, sha256: str, **_: Any) -> Result:
        if seen is not None:
            seen.append(sha256)
        return result(sha256, says.get(sha256, CLEAN), NEW, "2")

    return analyse


def taken() -> Claim | None:
    return claim(BackfillItem, worker="w1")


def worked_off(settings: Any, says: Says | None = None, steps: int = 100) -> list[str]:
    """As a worker does it: feed, take what is due, until nothing is. The hashes, in their order."""
    seen: list[str] = []
    settings.ML_ANALYSE = "tests.backfill.analysed.today"
    globals()["today"] = engine(says or {}, seen)
    for _ in range(steps):
        feeding.feed()
        mine = taken()
        if mine is None:
            break
        execute(mine)
    return seen


today: Callable[..., Result] = engine({})
