"""What accompanies the verdict: a person's decision, the file's declaration, and the face that a
sentence is about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from accounts.actors import Actor
from accounts.roles import Permission
from media_analysis.submissions.models import Submission
from ml.engine.naming import clock

Json = Mapping[str, Any]
DECISION = ("case_key", "decided_as", "decided_by_policy", "decided_at")


def decision(submission: Submission, actor: Actor) -> dict[str, Any] | None:
    """The decision, or that a case is waiting; None without a case. The address of the case is
    included only for people who may see it."""
    row = Submission.objects.with_decisions().values(*DECISION).get(pk=submission.pk)
    if row["case_key"] is None:
        return None
    may_look = actor.can(Permission.VIEW_CASES, submission.team_id)
    return {
        "outcome": row["decided_as"],
        "policy": row["decided_by_policy"],
        "decided_at": row["decided_at"],
        "case_url": reverse("review:case", args=[row["case_key"]]) if may_look else "",
    }


def declared(values: Json | None) -> str:
    """Who stands behind the file's own statement."""
    if values is None:
        return ""
    if not values["signed"]:
        return gettext("The statement is not signed.")
    trusted = gettext("Signed by {name}, who is on this site's trust list.")
    unknown = gettext("Signed by {name}, who is not on this site's trust list.")
    return (trusted if values["trusted"] else unknown).format(name=values["by"])


def face_link(data: Json, anchors: Collection[str]) -> dict[str, Any] | None:
    """To the picture of the face that a sentence speaks of, and to its time in a film."""
    number, seen_at = data.get("face", data.get("track")), data.get("seen_at")
    if not isinstance(number, int):
        return None
    anchor = f"face-{number}"
    return {
        "number": number,
        "anchor": anchor if anchor in anchors else "",
        "seconds": seen_at if isinstance(seen_at, int | float) else None,
        "clock": clock(seen_at) if isinstance(seen_at, int | float) else "",
    }
