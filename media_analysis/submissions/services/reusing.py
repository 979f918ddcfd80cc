"""Reuse the results of bytes that the same team had analysed before. Off by default, and only under
the same conditions."""

from __future__ import annotations

from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, OuterRef

from accounts.actors import Actor
from accounts.models import Team
from accounts.roles import Permission
from accounts.services.chains import require, team_chain
from audit.services import record
from audit.verbs import Verb
from jobs.models import State
from media_analysis.submissions.models import Erasure, Part, Removal, ReuseRule, Submission
from ml.engine.contract import Outcome, Status
from ml.models import Analysis, FindingRow

COPIED = (Part.PICTURES, Part.FINDINGS, Part.TEXT)
"""Parts that hold what is copied: the file's metadata goes with the text."""
MOST = 5
"""So many of the newest submissions of the same bytes are looked at."""


def is_on(team_id: UUID) -> bool:
    return ReuseRule.objects.filter(team=team_id, is_on=True).exists()


@transaction.atomic
def switch(actor: Actor, team: Team, *, on: bool) -> bool:
    """It holds for analyses that begin from now on. False when it was so before."""
    require(actor, Permission.MANAGE_QUEUES, team.pk)
    Team.objects.select_for_update().get(pk=team.pk)  # two leads: one after the other
    if is_on(team.pk) == on:
        return False
    rule, _ = ReuseRule.objects.update_or_create(team=team, defaults={"is_on": on})
    record(
        chain=team_chain(team.pk), verb=Verb.SETTING_CHANGED, who=actor.who_in(team.pk),
        object_type="team", object_id=str(team.pk), rows=[rule],
        data={"what": "reuse", "before": not on, "after": on},
    )  # fmt: skip
    return True


def is_wanted(analysis: Analysis) -> bool:
    """Whoever orders a further analysis of a submission wants a fresh one. A copy of a golden case
    must not reveal that its bytes are known."""
    if Analysis.objects.filter(chain=analysis.chain).exclude(pk=analysis.pk).exists():
        return False
    wants = Submission.objects.filter(
        pk=analysis.chain, planted=False, team__reuse_rule__is_on=True
    )
    return wants.exists()


def earlier(analysis: Analysis, conditions: str) -> Analysis | None:
    """In the caller's transaction: the newest analysis of the same bytes in the same team, under
    the same conditions, that ended well. Its submission is locked, so that it is neither erased nor
    parted with any of it until the caller has its copy."""
    mine = Submission.objects.filter(pk=analysis.chain).first()
    if mine is None:
        return None
    same = Submission.objects.filter(team=mine.team_id, blob=mine.blob_id, planted=False)
    for pk in same.exclude(pk=mine.pk).values_list("pk", flat=True)[:MOST]:
        if _whole().filter(pk=pk).select_for_update(of=("self",), no_key=True).first() is None:
            continue
        if found := _ended_well(pk, conditions):
            return found
    return None


def _whole() -> models.QuerySet[Submission]:
    """With all that is copied, and not about to be erased."""
    parted = Removal.objects.filter(submission=OuterRef("pk"), part__in=COPIED)
    going = Erasure.objects.filter(submission=OuterRef("pk"))
    return Submission.objects.exclude(Exists(parted)).exclude(Exists(going))


def _ended_well(submission: UUID, conditions: str) -> Analysis | None:
    """No check failed, the media was complete, and it was not refused: what failed once may not
    fail again."""
    failed = FindingRow.objects.filter(analysis=OuterRef("pk"), status=Status.FAILED.value)
    done = Analysis.objects.filter(chain=submission, state=State.DONE, conditions=conditions)
    well = done.filter(incomplete=False).exclude(outcome=Outcome.REJECTED.value)
    return well.exclude(Exists(failed)).order_by("-finished_at").first()
