"""Waiting cases of media that looks like a case's. A person sees all of them in a preview, takes
out what does not belong, and decides the rest together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from accounts.actors import Actor
from accounts.roles import Permission
from media_analysis.review.models import Case, CaseState
from media_analysis.review.search import queue
from media_analysis.submissions.search import similar


def together(actor: Actor, case_id: UUID, most: int) -> list[UUID]:
    """The case and the others of its team that wait for this actor and look alike, the nearest
    first."""
    deciding = Case.objects.for_actor(actor, Permission.DECIDE_CASES)
    case = deciding.select_related("submission").filter(pk=case_id).first()
    if case is None:
        return [case_id]
    return [case_id, *waiting(actor, case, similar.others(actor, case.submission))][:most]


def waiting(actor: Actor, case: Case, alike: Sequence[similar.Similar]) -> list[UUID]:
    """Of what looks like the case's media, the cases that `together` finds beside it."""
    nearest = [one.submission.blob_id for one in alike]
    if not nearest or case.state == CaseState.DECIDED:
        return []
    found = queue.waiting(actor, Permission.DECIDE_CASES).filter(
        team=case.team_id, submission__blob__in=nearest, submission__planted=False
    )
    known = found.exclude(pk=case.pk).order_by("opened_at", "id")
    blobs = dict(known.values_list("pk", "submission__blob"))
    return sorted(blobs, key=lambda pk: nearest.index(blobs[pk]))


def counts(cases: Collection[Case]) -> dict[UUID, int]:
    """How many of the same list look like each: cases of one team, and of other bytes."""
    mine = [case for case in cases if not case.submission.planted]
    alike = similar.among({case.submission.blob_id for case in mine})
    return {
        case.pk: sum(
            other.team_id == case.team_id
            and other.submission.blob_id in alike[case.submission.blob_id]
            for other in mine
        )
        for case in mine
        if case.submission.blob_id in alike
    }
