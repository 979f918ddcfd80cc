"""Pages of review: the queue, one case, and what a moderator does with it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from accounts.actors import actor_of
from accounts.guards import post_only, signed_in, signed_out
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.care.services import breaks
from media_analysis.review import case_page
from media_analysis.review.forms import DecisionForm, ReasonForm, as_written
from media_analysis.review.golden_models import GoldenPlacement
from media_analysis.review.models import Case, Decision, PendingDecision
from media_analysis.review.opinion_models import Opinion
from media_analysis.review.search import double_reviews, queue
from media_analysis.review.services import (
    asking,
    case_changes,
    cases,
    distress,
    drafts,
    grace,
    known_bytes,
)
from media_analysis.submissions.outcomes import DecisionOutcome

View = Callable[..., HttpResponseBase]
SESSION_ENDED = gettext_lazy(
    "Your session had ended, so this was not saved as a decision. What you wrote is kept as a "
    "draft. Sign in to continue."
)


@signed_in
@post_only("review:queue")
def take_next(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    if not actor.team_ids(Permission.DECIDE_CASES):
        raise PermissionDenied
    grace.settle_due()
    case = cases.claim_next(actor, request.POST.get("queue", ""))
    if case is None:
        messages.info(request, gettext("No case is waiting: each is decided or assigned."))
        return redirect("review:queue")
    return redirect("review:case", case.pk)


@signed_in
@require_GET
@never_cache
def case(request: HttpRequest, pk: UUID) -> HttpResponse:
    grace.settle_due()
    case = case_page.case_or_404(request, pk)
    breaks.works(actor_of(request))
    return case_page.render_case(request, case)


@signed_in
@post_only("review:case", "pk")
def claim(request: HttpRequest, pk: UUID) -> HttpResponse:
    case_page.case_or_404(request, pk)
    try:
        grace.settle_due()
        cases.claim(actor_of(request), pk)
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
    except Case.DoesNotExist as error:
        raise PermissionDenied from error
    return redirect("review:case", pk)


def keeps_words(view: View) -> View:
    """For forms with the text of a decision: if the sender is signed out, the text is kept as a
    draft and restored in the form after signing in."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, pk: UUID) -> HttpResponseBase:
        if request.method != "POST" or request.user.is_authenticated:
            return view(request, pk=pk)
        if drafts.rescued(request.POST) != pk:
            return signed_out(request, reverse("review:case", args=[pk]))
        messages.warning(request, SESSION_ENDED)
        return redirect_to_login(reverse("review:case", args=[pk]))

    return guarded


@keeps_words
@signed_in
@post_only("review:case", "pk")
def decide(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    actor, case = actor_of(request), case_page.case_or_404(request, pk)
    if not actor.can(Permission.DECIDE_CASES, case.team_id):
        raise PermissionDenied
    form = DecisionForm(case, request.POST)
    if not form.is_valid():
        return _unfinished(request, case, form)
    try:
        written = grace.decide(actor, pk, form.cleaned_data["fence"], form.decision_text())
    except Refusal as refusal:
        if refusal.code == case_changes.CLAIM_LOST:
            return _decided_twice(request, case, form) or _too_late(request, case)
        form.add_error(None, refusal.sentence)
        return _unfinished(request, case, form)
    _add_message(request, pk, written)
    if "next" in request.POST:
        return take_next(request)
    return redirect("review:case", pk)


def _add_message(
    request: HttpRequest,
    case_id: UUID,
    written: Decision | Opinion | PendingDecision | GoldenPlacement,
) -> None:
    """No message for decisions that can still be undone: the page shows them."""
    if isinstance(written, Decision):
        messages.success(request, gettext("Decided. You can reopen the case with a reason."))
    elif isinstance(written, GoldenPlacement):
        _add_golden_message(request, written)
    elif isinstance(written, Opinion) and double_reviews.is_disputed(case_id):
        messages.success(
            request, gettext("Your opinion was saved. Two people disagree, so a lead decides.")
        )
    elif isinstance(written, Opinion):
        messages.success(
            request,
            gettext(
                "Your opinion was saved. Another person gives an opinion before the case is "
                "decided."
            ),
        )


def _add_golden_message(request: HttpRequest, answer: GoldenPlacement) -> None:
    known = DecisionOutcome(answer.golden.outcome).label
    if answer.is_right:
        sentence = gettext("That was a golden case, and you were right: {outcome}.")
    else:
        sentence = gettext(
            "That was a golden case, and the answer was wrong. Its known outcome: {outcome}."
        )
    message = " ".join(filter(None, [sentence.format(outcome=known), answer.golden.note]))
    (messages.success if answer.is_right else messages.warning)(request, message)


def _unfinished(request: HttpRequest, case: Case, form: DecisionForm) -> HttpResponse:
    """The form again, for the person who holds the case; other people's text becomes a draft."""
    if case_page.holds(actor_of(request), case):
        return case_page.render_case(request, case, form, status=422)
    if not (words := as_written(request.POST)).are_empty():
        drafts.keep(actor_of(request), case.pk, words)
    return _too_late(request, case)


def _decided_twice(request: HttpRequest, case: Case, form: DecisionForm) -> HttpResponse | None:
    """Sent a second time, by a double press or from another window: no claim was lost, and the
    first decision stands. None where this person did not decide it under that claim."""
    user = actor_of(request).user
    if user is None or not drafts.was_decided(user, case.pk, form.cleaned_data["fence"]):
        return None
    message = gettext("You decided this case already. That decision stands.")
    if not drafts.forget_repeated(user, case.pk, form.decision_text()):
        message += " " + gettext("What you wrote here is kept as a draft.")
    messages.info(request, message)
    held = queue.in_hands_of(actor_of(request)) if "next" in request.POST else []
    return redirect("review:case", held[0].pk if held else case.pk)


def _too_late(request: HttpRequest, case: Case) -> HttpResponse:
    messages.error(
        request,
        gettext(
            "Your claim on this case had expired, so this was not saved as a decision. What you "
            "wrote is kept as a draft. Claim the case again to use it."
        ),
    )
    return redirect("review:case", case.pk)


@keeps_words
@signed_in
@post_only("review:case", "pk")
def take_over(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Decides as somebody did about the same bytes before; what was written here is kept if that
    cannot be."""
    actor, case = actor_of(request), case_page.case_or_404(request, pk)
    if not actor.can(Permission.DECIDE_CASES, case.team_id):
        raise PermissionDenied
    try:
        earlier = UUID(request.POST.get("decision", ""))
        words = as_written(request.POST)
        made = known_bytes.take_over(actor, pk, _fence(request), earlier, words)
    except ValueError:
        messages.error(request, gettext("Choose the decision to adopt. Nothing was decided."))
    except Refusal as refusal:
        if refusal.code == case_changes.CLAIM_LOST:
            return _too_late(request, case)
        kept = gettext("Nothing was decided. The form keeps what you wrote.")
        messages.error(request, f"{refusal.sentence} {kept}")
    else:
        if isinstance(made, Opinion | GoldenPlacement):
            _add_message(request, pk, made)
        else:
            message = gettext("Decided as before. The record names the earlier decision.")
            messages.success(request, message)
    return redirect("review:case", pk)


@keeps_words
@signed_in
@post_only("review:case", "pk")
def release(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The text is kept as a draft and restored in the form when the case is claimed again."""
    case_page.case_or_404(request, pk)
    if not (words := as_written(request.POST)).are_empty():
        drafts.keep(actor_of(request), pk, words)
    try:
        cases.release(actor_of(request), pk, _fence(request))
        messages.info(request, gettext("The case is back in the queue."))
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
    return redirect("review:queue")


@keeps_words
@signed_in
@post_only("review:case", "pk")
def pass_on(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The case is too much for this person. Words that were written are kept for them."""
    actor = actor_of(request)
    case_page.case_or_404(request, pk)
    if not (words := as_written(request.POST)).are_empty():
        drafts.keep(actor, pk, words)
    try:
        distress.pass_on(actor, pk, _fence(request))
        message = gettext("You passed the case on. Somebody else will look at it. Take your time.")
        messages.info(request, message)
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
    return redirect("review:queue")


@signed_in
@post_only("review:case", "pk")
def take_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    case_page.case_or_404(request, pk)
    try:
        distress.take_back(actor_of(request), pk)
        messages.info(request, gettext("The case can be offered to you again."))
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
    return redirect("review:case", pk)


@signed_in
@post_only("review:case", "pk")
def undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Within the grace time: the case is claimed again, and the form contains the text."""
    case_page.case_or_404(request, pk)
    try:
        grace.undo(actor_of(request), pk)
        message = gettext("The decision was undone. The form contains what you wrote.")
        messages.success(request, message)
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
    return redirect("review:case", pk)


@keeps_words
@signed_in
@post_only("review:case", "pk")
def ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Hand the case to a lead with a question, or, as a lead, answer it."""
    actor, case = actor_of(request), case_page.case_or_404(request, pk)
    if not actor.can(Permission.DECIDE_CASES, case.team_id):
        raise PermissionDenied
    if not (words := as_written(request.POST)).are_empty():
        drafts.keep(actor, pk, words)
    text = request.POST.get("question", "").replace("\0", "")
    try:
        if "answer" in request.POST:
            asking.answer(actor, pk, _fence(request), text)
            messages.success(request, gettext("The case shows your answer and waits again."))
        else:
            asking.escalate(actor, pk, _fence(request), text)
            messages.success(request, gettext("The case waits for a lead, with your question."))
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return redirect("review:case", pk)
    return redirect("review:queue")


@signed_in
@post_only("review:case", "pk")
def reopen(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, case = actor_of(request), case_page.case_or_404(request, pk)
    if not actor.can(Permission.DECIDE_CASES, case.team_id):
        raise PermissionDenied
    form = ReasonForm(request.POST)
    try:
        cases.reopen(actor, pk, why=form.cleaned_data["why"] if form.is_valid() else "")
        messages.success(
            request, gettext("The case was reopened. The earlier decision stays on record.")
        )
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect("review:case", pk)


@signed_in
@post_only("review:case", "pk")
def heartbeat(request: HttpRequest, pk: UUID) -> HttpResponse:
    """204 while the case is held, 409 once it is not: the page then says so."""
    case_page.case_or_404(request, pk)
    held = cases.renew(actor_of(request), pk, _fence(request))
    return HttpResponse(status=204 if held else 409)


@csrf_exempt
@post_only("review:case", "pk")
def draft(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The open page hands in what was written so far. Its pass is all that it needs."""
    try:
        kept = drafts.keep_with_pass(request.POST, pk)
    except Refusal as refusal:
        if refusal.code == drafts.ALREADY_DECIDED:  # the page left with its decision
            return JsonResponse({"code": refusal.code, "saved_at": ""})
        return JsonResponse({"code": refusal.code}, status=refusal.status)
    if "forget" in request.POST:
        return redirect("review:case", pk)
    return JsonResponse({"saved_at": kept.saved_at.isoformat() if kept else ""})


def _fence(request: HttpRequest) -> int:
    """A fence that is no number of ours holds nothing."""
    value = request.POST.get("fence", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else -1
