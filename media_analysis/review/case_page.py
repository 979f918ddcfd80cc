"""The page of one case: all that it shows, for whichever view shows it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from accounts.actors import Actor, actor_of
from accounts.models import User
from accounts.roles import Permission
from media_analysis.care.services import breaks
from media_analysis.review.forms import DecisionForm
from media_analysis.review.golden_models import GoldenPlacement
from media_analysis.review.models import Case, Decision, PendingDecision, Queue
from media_analysis.review.note_models import LONGEST_NOTE
from media_analysis.review.presenters import appeals
from media_analysis.review.search import double_reviews, golden, reopenings
from media_analysis.review.search import queue as waiting
from media_analysis.review.search.claimable import AVAILABLE, for_this_person
from media_analysis.review.services import (
    distress,
    drafts,
    grace,
    known_bytes,
    look_alikes,
    notes,
    saved_texts,
)
from media_analysis.review.services.bulk import deciders
from media_analysis.submissions.outcomes import DecisionOutcome
from media_analysis.submissions.presenters import result
from media_analysis.submissions.search import blind


def found(request: HttpRequest, pk: UUID) -> Case:
    mine = Case.objects.for_actor(actor_of(request))
    related = ("submission__analysis", "submission__blob", "submission__team", "holder")
    case = get_object_or_404(mine.select_related(*related), pk=pk)
    if not isinstance(case, Case):
        raise Http404
    return case


def render_case(
    request: HttpRequest,
    mine: Case,
    form: DecisionForm | None = None,
    *,
    note: str = "",
    note_refused: str = "",
    status: int = 200,
) -> HttpResponse:
    """`form` and `note` are what came back with an error."""
    actor = actor_of(request)
    is_held = holds(actor, mine)
    pending = PendingDecision.objects.filter(case=mine).select_related("policy").first()
    undoable = grace.mine(actor)
    draft = drafts.kept(actor, mine)
    may_decide = actor.can(Permission.DECIDE_CASES, mine.team_id)
    leads = actor.can(Permission.MANAGE_QUEUES, mine.team_id)
    initial: dict[str, Any] = {"fence": mine.fence, **(draft.words if draft else {})}
    seen = result.page(mine.submission, actor, searched=request.GET.get("metadata", ""))
    context = {
        **seen,
        "case": mine,
        "holds": is_held,
        "free": Case.objects.filter(AVAILABLE & for_this_person(actor), pk=mine.pk).exists(),
        "gave_first": double_reviews.gave_first(actor, mine),
        "is_disputed": double_reviews.is_disputed(mine.pk),
        "disputed": double_reviews.disputed(mine) if leads else [],
        "passed_on": distress.passed_on(actor, mine),
        "worked": breaks.due(actor) if status == 200 else None,  # not to whoever writes
        "golden_answer": _golden_answer(actor, mine, leads),
        "pending": pending,
        "written": _written(actor, pending),
        "undoable": undoable,
        "leads": leads,
        "may_decide": may_decide,
        "form": (form or DecisionForm(mine, initial=initial)) if is_held else None,
        "draft": draft,
        "saved_texts": saved_texts.of(mine.team_id) if is_held else [],
        "decision_history": _history(mine),
        **_notes(actor, mine, may_decide),
        "note": note,
        "note_refused": note_refused,
        "appeal": appeals.of_case(actor, mine),
        "draft_pass": drafts.pass_for(actor, mine) if may_decide else "",
        "known": (same := known_bytes.others(actor, mine)),
        "agreed": known_bytes.agreed(same),
        "together": known_bytes.waiting_too(actor, mine) if same else 0,
        "looking_alike": len(look_alikes.waiting(actor, mine, seen["alike"])) if may_decide else 0,
        "also_held": [one for one in waiting.in_hands_of(actor) if one.pk != mine.pk],
        "queues": list(Queue.objects.filter(team=mine.team_id)) if leads else [],
        "others": _others(actor, mine) if leads and not is_held else [],
        "heartbeat_url": reverse("review:heartbeat", args=[mine.pk]),
    }
    return render(request, "review/case.html", context, status=status)


def _written(actor: Actor, pending: PendingDecision | None) -> dict[str, Any] | None:
    """What this person just decided and can still undo. To everybody else it is not there yet."""
    if pending is None or actor.user is None or pending.decided_by_id != actor.user.pk:
        return None
    return {
        "outcome": DecisionOutcome(pending.words["outcome"]).label,
        "reason": pending.reason,
        "policy": pending.policy,
        "note": pending.words["note"],
        "due_at": pending.due_at,
    }


def _others(actor: Actor, mine: Case) -> list[User]:
    """To whom a lead can give the case that somebody holds."""
    if mine.holder_id is None:
        return []
    known = {mine.holder_id, actor.user.pk if actor.user else None}
    return [one for one in deciders(mine.team_id) if one.pk not in known]


def _notes(actor: Actor, mine: Case, may_write: bool) -> dict[str, Any]:
    """The team's notes. Those that mention the reader are new once. While two people decide the
    case, the page names nobody else."""
    is_blind = blind.is_blind(mine.submission, actor)
    people = notes.people_of(mine) if may_write and not is_blind else []
    return {
        "notes": notes.of(actor, mine, only_own=is_blind),
        "notes_withheld": is_blind,
        "new_notes": notes.seen_now(actor, mine),
        "mentionable": [one for one in people if one != actor.user],
        "longest_note": LONGEST_NOTE,
    }


def _golden_answer(actor: Actor, mine: Case, leads: bool) -> GoldenPlacement | None:
    """Only for people who answered and for leads: others may still be offered the case."""
    answer = golden.of_case(mine)
    if answer is None or answer.person_id is None:
        return None
    return answer if leads or (actor.user and answer.person_id == actor.user.pk) else None


def _history(mine: Case) -> list[Decision | reopenings.Reopening]:
    """Every decision, and why the case was opened again, in the order of time."""
    decisions = mine.decisions.select_related(
        "decided_by", "policy", "taken_from__case__submission", "double_review", "answered_appeal"
    ).prefetch_related("double_review__opinions__person", "double_review__opinions__policy")
    entries: list[Decision | reopenings.Reopening] = [*decisions, *reopenings.of(mine)]
    return sorted(
        entries, key=lambda one: one.created_at if isinstance(one, Decision) else one.when
    )


def holds(actor: Actor, mine: Case) -> bool:
    return bool(
        actor.user
        and mine.holder_id == actor.user.pk
        and not PendingDecision.objects.filter(case=mine).exists()
        and not Case.objects.filter(AVAILABLE, pk=mine.pk).exists()
    )
