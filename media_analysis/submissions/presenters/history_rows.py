"""The history as a table: what each file is, what the machine found, what a person decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.actors import Actor
from jobs.models import UNDER_WAY, State
from media_analysis.submissions.models import Submission
from media_analysis.submissions.presenters import glimpses
from ml import language

WITHOUT_VERDICT = {*UNDER_WAY, State.CANCELLED}


def rows(actor: Actor, submissions: Sequence[Submission]) -> list[dict[str, Any]]:
    seen = glimpses.of(actor, submissions)
    return [
        {
            "submission": one,
            "glimpse": seen[one.pk],
            "probability": _probability(one),
            "shows_verdict": one.analysis.state not in WITHOUT_VERDICT,
            "shows_state": one.analysis.state != State.DONE,
        }
        for one in submissions
    ]


def _probability(submission: Submission) -> str:
    """The calibrated probability of manipulation; empty if no check gave one."""
    found = submission.analysis.probability_manipulated
    return "" if found is None else language.probability(found)
