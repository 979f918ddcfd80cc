"""The page of one case: all that it shows, for whichever view shows it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
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
from media_analysis.review.search import double_reviews, golden, queue, reopenings
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


def case_or_404(request: HttpRequest, pk: UUID) -> Case:
    visible = Case.objects.for_actor(actor_of(request))
    related = ("submission__analysis", "submission__blob", "submission__team", "holder")
    case: Case = get_object_or_404(visible.select_related(*related), pk=pk)
    return case


def render_case(
    request: HttpRequest,
    case: Case,
    form: DecisionForm | None = None,
    *,
    note: str = "",
    note_refused: str = "",
    status: int = 200,
) -> HttpResponse:
    """`form` and `note` are what came back with an error."""
    actor = actor_of(request)
    is_held = holds(actor, case)
    pending = PendingDecision.objects.filter(case=case).select_related("policy").first()
    draft = drafts.kept(actor, case)
    may_decide = actor.can(Permission.DECIDE_CASES, case.team_id)
    leads = actor.can(Permission.MANAGE_QUEUES, case.team_id)
    initial: dict[str, Any] = {"fence": case.fence, **(draft.words if draft else {})}
    seen = result.page(case.submission, actor, searched=request.GET.get("metadata", ""))
    context = {
        **seen,
        "case": case,
        "holds": is_held,
        "free": Case.objects.filter(AVAILABLE & for_this_person(actor), pk=case.pk).exists(),
        **_double_review(actor, case, leads),
        "passed_on": distress.passed_on(actor, case),
        "worked": breaks.due(actor) if status == 200 else None,  # not after a refused form
        "golden_answer": _golden_answer(actor, case, leads),
        "pending": pending,
        "written": _written(actor, pending),
        "undoable": grace.undoable(actor),
        "leads": leads,
        "may_decide": may_decide,
        "form": (form or DecisionForm(case, initial=initial)) if is_held else None,
        "draft": draft,
        "saved_texts": saved_texts.of(case.team_id) if is_held else [],
        "decision_history": _history(case),
        **_notes(actor, case, may_decide),
        "note": note,
        "note_refused": note_refused,
        "appeal": appeals.of_case(actor, case),
        "draft_pass": drafts.pass_for(actor, case) if may_decide else "",
        **_same_media(actor, case),
        "looking_alike": len(look_alikes.waiting(actor, case, seen["alike"])) if may_decide else 0,
        "also_held": [one for one in queue.in_hands_of(actor) if one.pk != case.pk],
        "queues": list(Queue.objects.filter(team=case.team_id)) if leads else [],
        "others": _others(actor, case) if leads and not is_held else [],
        "heartbeat_url": reverse("review:heartbeat", args=[case.pk]),
    }
    return render(request, "review/case.html", context, status=status)


def _double_review(actor: Actor, case: Case, leads: bool) -> dict[str, Any]:
    return {
        "gave_first": double_reviews.gave_first(actor, case),
        "is_disputed": double_reviews.is_disputed(case.pk),
        "disputed": double_reviews.disputed(case) if leads else [],
    }


def _same_media(actor: Actor, case: Case) -> dict[str, Any]:
    """Other cases of the same bytes."""
    known = known_bytes.others(actor, case)
    return {
        "known": known,
        "agreed": known_bytes.agreed(known),
        "together": known_bytes.waiting_too(actor, case) if known else 0,
    }


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


def _others(actor: Actor, case: Case) -> list[User]:
    """To whom a lead can give the case that somebody holds."""
    if case.holder_id is None:
        return []
    known = {case.holder_id, actor.user.pk if actor.user else None}
    return [one for one in deciders(case.team_id) if one.pk not in known]


def _notes(actor: Actor, case: Case, may_write: bool) -> dict[str, Any]:
    """The team's notes. Those that mention the reader are new once. While two people decide the
    case, the page names nobody else."""
    is_blind = blind.is_blind(case.submission, actor)
    people = notes.people_of(case) if may_write and not is_blind else []
    return {
        "notes": notes.of(actor, case, only_own=is_blind),
        "notes_withheld": is_blind,
        "new_notes": notes.seen_now(actor, case),
        "mentionable": [one for one in people if one != actor.user],
        "longest_note": LONGEST_NOTE,
    }


def _golden_answer(actor: Actor, case: Case, leads: bool) -> GoldenPlacement | None:
    """Only for people who answered and for leads: others may still be offered the case."""
    answer = golden.of_case(case)
    if answer is None or answer.person_id is None:
        return None
    return answer if leads or (actor.user and answer.person_id == actor.user.pk) else None


def _history(case: Case) -> list[Decision | reopenings.Reopening]:
    """Every decision, and why the case was opened again, in the order of time."""
    decisions = case.decisions.select_related(
        "decided_by", "policy", "taken_from__case__submission", "double_review", "answered_appeal"
    ).prefetch_related("double_review__opinions__person", "double_review__opinions__policy")
    entries: list[Decision | reopenings.Reopening] = [*decisions, *reopenings.of(case)]
    return sorted(
        entries, key=lambda one: one.created_at if isinstance(one, Decision) else one.when
    )


def holds(actor: Actor, case: Case) -> bool:
    return bool(
        actor.user
        and case.holder_id == actor.user.pk
        and not PendingDecision.objects.filter(case=case).exists()
        and not Case.objects.filter(AVAILABLE, pk=case.pk).exists()
    )
