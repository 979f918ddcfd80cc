"""The work on one submission of a backfill.

Bytes are examined outside any transaction. Then one transaction, guarded by the claim's fence,
writes a further analysis: the submission keeps its verdict, its case and its decision, no webhook
is sent and no case is opened.
"""

from __future__ import annotations

from django.db import transaction
from structlog.contextvars import bind_contextvars

import ml.services
from jobs.claims import Claim
from jobs.errors import Interrupted, LeaseLost, Why
from jobs.failpoints import failpoint
from jobs.models import State
from jobs.runner import through_outage
from jobs.services import finish, postpone
from media_analysis.backfill.models import BackfillItem, Stage
from media_analysis.backfill.selection import TO_DO, why_not_any_more
from media_analysis.previews.yield_timer import should_stop
from media_analysis.submissions.models import Submission
from ml.engine.contract import Result
from ml.failures import classify_failures

LOOK_AGAIN_SECONDS = 30.0


def run(claim: Claim) -> None:
    """Registered with `jobs` as the runner."""
    item = BackfillItem.objects.select_related("run", "submission__blob").get(pk=claim.pk)
    bind_contextvars(submission=str(item.submission_id))
    if item.run.state == Stage.PAUSED:  # it was given back after the pause had begun
        with transaction.atomic():
            postpone(claim, LOOK_AGAIN_SECONDS, "the backfill is paused", "paused")
        return
    if (why := why_not_any_more(item)) != TO_DO:
        with transaction.atomic():
            finish(claim, State.CANCELLED, reason_code=why, reason=why)
        return
    blob, stop = item.submission.blob, should_stop(claim, BackfillItem)
    result = ml.services.examine(claim, blob, should_stop=stop)
    if claim.why in (Why.LOST, Why.CANCELLED):
        raise Interrupted(claim.why)
    with classify_failures(claim, "the analysis"):
        beside = ml.services.store(result)
    failpoint("backfill_before_conclude")
    through_outage(lambda: _conclude(claim, item, result, beside), claim.lease_seconds)


@transaction.atomic
def _conclude(claim: Claim, item: BackfillItem, result: Result, beside: ml.services.Stored) -> None:
    # The submission first, as every verb about it does: an erasure deletes all there is, or waits.
    kept = Submission.objects.select_for_update(of=("self",)).filter(pk=item.submission_id)
    submission = kept.select_related("blob").first()
    if submission is None:
        raise LeaseLost("the submission was erased")
    made = ml.services.record_beside(
        submission.blob, submission.pk, result, beside, worker_name=claim.worker, why="backfill"
    )
    finish(claim, State.DONE, after=made)
    failpoint("backfill_before_commit")
