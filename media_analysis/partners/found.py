"""The submission that an address names: a foreign id answers like a missing one, and what was
erased is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn
from uuid import UUID

from django.http import Http404

from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.submissions.models import Submission, SubmissionQuerySet
from media_analysis.submissions.services import erasing


def the_one(
    actor: Actor,
    permission: Permission,
    pk: UUID,
    with_details: Callable[[SubmissionQuerySet], SubmissionQuerySet] = SubmissionQuerySet.all,
) -> Submission:
    """The submission, if the actor has the permission. `with_details` adds what the answer
    needs."""
    mine: SubmissionQuerySet = Submission.objects.for_actor(actor, permission)
    one = with_details(mine).filter(pk=pk).first()
    if one is None:
        is_missing(actor, permission, pk)
    return one


def is_missing(actor: Actor, permission: Permission, pk: UUID) -> NoReturn:
    """What to answer where there is none."""
    if erasing.was_erased(actor, permission, pk):
        raise Refusal("erased")
    raise Http404
