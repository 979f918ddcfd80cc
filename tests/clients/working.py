"""What a worker and a moderator do while a client waits."""

from __future__ import annotations

from django.db import transaction

from jobs.services import claim_one, park
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.services import cases, routing
from media_analysis.submissions.models import Submission
from ml.models import Analysis
from tests.people import Person


def end(pk: str) -> None:
    claim = claim_one(Analysis, Submission.objects.get(pk=pk).analysis_id, worker="t")
    assert claim is not None
    park(claim, "test", "Set aside by a test.")


def decide(who: Person, pk: str) -> None:
    with transaction.atomic():
        routing.after_parking(Submission.objects.get(pk=pk).analysis)
    held = cases.claim(who.actor, Case.objects.get(submission__pk=pk).pk)
    cases.decide(who.actor, held.pk, held.fence, DecisionText("manipulated", "The chin flickers."))
