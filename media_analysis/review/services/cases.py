"""The verbs of review: claim, renew, release, decide, reopen. Each is one transaction with one
event. Each change is an `update(...)` conditional on the expected state, so that whoever comes
second changes nothing and gets a refusal.

Each change is an `update(...)` on the state that it expects; whoever comes second changes nothing
and is told so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case as DbCase
from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, When
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import Membership, User
from accounts.refusals import Refusal
from accounts.roles import Permission
from audit.rows import Row
from audit.services import record
from audit.subjects import keep
from audit.verbs import Verb
from audit.who import Who
from jobs.timing import ClockTimestamp, InSeconds
from media_analysis.review import hooks
from media_analysis.review.models import (
    LEASE_SECONDS,
    Case,
    CaseState,
    Decision,
    DecisionText,
    DistressFlag,
    Draft,
    GoldenPlacement,
    Opinion,
    PendingDecision,
    suspicion_of,
)
from media_analysis.review.search import golden, queue
from media_analysis.review.services import checking, drafts
from ml.models import Analysis

AT_ONCE = 64
"""So many of the cases that come first are looked at before a case is locked."""
TAKEN_BACK = Q(state=CaseState.CLAIMED, lease_until__lt=ClockTimestamp())
PENDING = Q(Exists(PendingDecision.objects.filter(case=OuterRef("pk"))))
AVAILABLE = (Q(state=CaseState.OPEN) | TAKEN_BACK) & ~PENDING
CLAIM_LOST = "claim_lost"
"""The lease expired, or somebody else holds the case now."""


@transaction.atomic
def claim_next(actor: Actor, of_queue: str = "") -> Case | None:
    """The case that comes first in the actor's teams (`queue.py`), or in the queue that an address
    names; None when nothing waits."""
    free = AVAILABLE & for_this_person(actor) & queue.not_paused(actor)
    waiting = Case.objects.for_actor(actor, Permission.DECIDE_CASES).filter(
        free, queue.in_queue(of_queue)
    )
    first = queue.first(actor, AT_ONCE, Permission.DECIDE_CASES, free, of_queue)
    place = DbCase(
        *(When(pk=pk, then=number) for number, pk in enumerate(first)),
        output_field=IntegerField(),
    )
    case = _first_free(waiting.filter(pk__in=first).order_by(place)) if first else None
    if case is None and len(first) == AT_ONCE:  # others are taking all of these just now
        case = _first_free(waiting.order_by("opened_at", "id"))
    return _take(actor, case) if case else None


def _first_free(waiting: QuerySet[Any]) -> Case | None:
    """Locked; what somebody else is about to take is passed over."""
    case: Case | None = waiting.select_for_update(of=("self",), skip_locked=True).first()
    return case


@transaction.atomic
def claim(actor: Actor, case_id: UUID) -> Case:
    """This very case, unless somebody else holds it. Who holds it already keeps it."""
    deciding = Case.objects.for_actor(actor, Permission.DECIDE_CASES)
    case: Case = deciding.select_for_update(of=("self",)).get(pk=case_id)
    if PendingDecision.objects.filter(case=case).exists():
        raise Refusal("case_taken")
    if case.holder_id and actor.user and case.holder_id == actor.user.pk and _alive(case):
        return case
    if not deciding.filter(AVAILABLE, pk=case_id).exists():
        raise Refusal("case_taken")
    if not deciding.filter(for_this_person(actor), pk=case_id).exists():
        raise Refusal("case_for_somebody_else")
    if case.queue is not None and case.queue.is_paused:
        raise Refusal("queue_paused", name=case.queue.name)
    return _take(actor, case)


def for_this_person(actor: Actor) -> Q:
    """Not what is in a queue for others; not what waits for a lead, unless the actor leads there;
    not what the actor passed on; not what the actor gave an opinion on that waits for somebody
    else; not what the actor appealed; and of what was opened again, not what the actor decided
    before, unless nobody else in the team decides."""
    from media_analysis.review.search import appeals
    from media_analysis.review.services import opinions  # it imports this module

    leads = Q(asked_at__isnull=True) | Q(team_id__in=actor.team_ids(Permission.MANAGE_QUEUES))
    before = Exists(Decision.objects.filter(case=OuterRef("pk"), decided_by=actor.user))
    flagged = Exists(DistressFlag.objects.filter(case=OuterRef("pk"), person=actor.user))
    return (
        queue.open_to(actor)
        & leads
        & ~Q(flagged)
        & ~opinions.not_for(actor)
        & ~golden.not_for(actor)
        & (~(Q(before) | appeals.shared(actor)) | Q(team_id__in=_alone_in(actor)) | appeals.stuck())
        & (~appeals.made_by(actor) | Q(team_id__in=_alone_in(actor)))
    )


def _alone_in(actor: Actor) -> list[UUID]:
    teams = actor.team_ids(Permission.DECIDE_CASES)
    deciding = Membership.objects.who_may(Permission.DECIDE_CASES).filter(team__in=teams)
    others = deciding.exclude(user=actor.user)
    peopled = set(others.values_list("team_id", flat=True).distinct())
    return [team for team in teams if team not in peopled]


def _alive(case: Case) -> bool:
    return Case.objects.filter(pk=case.pk, lease_until__gte=ClockTimestamp()).exists()


def _take(actor: Actor, case: Case) -> Case:
    """Under the row's lock. The fence grows, so that an earlier holder can save nothing."""
    assert actor.user is not None
    Case.objects.filter(pk=case.pk).update(**held_by(actor.user, LEASE_SECONDS))
    case.refresh_from_db()
    event(case, actor, Verb.CASE_CLAIMED, fence=case.fence)
    return case


def held_by(person: User, seconds: float) -> dict[str, Any]:
    """What changes in a case that a person gets."""
    return {
        "state": CaseState.CLAIMED, "holder": person, "fence": F("fence") + 1,
        "claimed_at": ClockTimestamp(), "lease_until": InSeconds(seconds),
    }  # fmt: skip


def back_in_queue(case_id: UUID) -> dict[str, Any]:
    """What changes in a case that its holder gives away, at the place that is its own by now."""
    return {
        "state": CaseState.OPEN, "holder": None, "lease_until": None, "claimed_at": None,
        "suspicion": suspicion_now(case_id),
    }  # fmt: skip


def renew(actor: Actor, case_id: UUID, fence: int) -> bool:
    """A sign of life from the open page; it shortens no break. False when the lease was lost."""
    longer = Greatest(F("lease_until"), InSeconds(LEASE_SECONDS))
    return bool(held(actor, case_id, fence).update(lease_until=longer))


@transaction.atomic
def release(actor: Actor, case_id: UUID, fence: int, *, why: str = "") -> None:
    if not held(actor, case_id, fence).update(**back_in_queue(case_id)):
        raise Refusal(CLAIM_LOST)
    event(Case.objects.get(pk=case_id), actor, Verb.CASE_RELEASED, why=why, fence=fence)


def decide(
    actor: Actor, case_id: UUID, fence: int, words: DecisionText, taken_from: Decision | None = None
) -> Decision | Opinion | GoldenPlacement:
    """The decision of whoever holds the case now, or their opinion where it is decided twice. Too
    late: the words are kept as a draft."""
    with kept_if_too_late(actor, case_id, words):
        return _decide(actor, case_id, fence, words, taken_from)


@contextmanager
def kept_if_too_late(actor: Actor, case_id: UUID, words: DecisionText) -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        if refusal.code == CLAIM_LOST:
            drafts.keep(actor, case_id, words)
        raise


@transaction.atomic
def _decide(
    actor: Actor, case_id: UUID, fence: int, words: DecisionText, taken_from: Decision | None
) -> Decision | Opinion | GoldenPlacement:
    from media_analysis.review.services import opinions  # it imports this module

    basis = checking.checked(actor, case_id, words)
    assert actor.user is not None  # `checking.checked` asked for the permission of a person
    team_id = Case.objects.values_list("team_id", flat=True).get(pk=case_id)
    made = opinions.settle(
        held(actor, case_id, fence), case_id, actor.who_in(team_id), words, basis,
        by=actor.user, taken_from=taken_from,
    )  # fmt: skip
    Draft.objects.filter(case=case_id, author=actor.user).delete()
    return made


DECIDED = {
    "state": CaseState.DECIDED, "holder": None, "lease_until": None, "asked_at": None,
    "decided_at": ClockTimestamp(), "standing_fence": None,
}  # fmt: skip
"""What changes in a case that is decided."""


def conclude(
    case: Case,
    who: Who,
    words: DecisionText,
    basis: checking.Checked,
    *,
    by: User | None,
    taken_from: Decision | None,
    seconds: float,
    agreed: str = "",
    also: Sequence[Row] = (),
) -> Decision:
    """The decision of a case that was just `DECIDED`, and its event: final from here on. `agreed`
    is the id of the second person who said the same, whose row is among `also`."""
    from media_analysis.review.services import appeals  # it imports this module

    decision: Decision = Decision.objects.create(
        team_id=case.team_id,
        case=case,
        fence=case.fence,
        outcome=words.outcome,
        policy=basis.policy,
        policy_text=basis.policy_text,
        reason=basis.reason,
        note=words.note.strip(),
        codes=basis.codes,
        confidence=words.confidence,
        decided_by=by,
        taken_from=taken_from,
        seconds_on_case=seconds,
    )
    recorded(
        case,
        who,
        Verb.CASE_DECIDED,
        decision=decision.pk,
        outcome=decision.outcome,
        policy=decision.policy.name if decision.policy else "",
        commitments={
            "grounds": keep(case.submission_id, "grounds", decision.reason),
            **(
                {"remark": keep(case.submission_id, "remark", decision.note)}
                if decision.note
                else {}
            ),
        },
        fence=decision.fence,
        rows=[decision, *also],
        **_source(decision.taken_from),
        **({"second_person": agreed} if agreed else {}),
    )
    for hook in hooks.decided:
        hook(case, decision)
    appeals.answer(case, decision, who)
    return decision


def spent(case: Case, written_at: datetime | None) -> float:
    """Seconds since the case was claimed."""
    ended = written_at or timezone.now()
    return max((ended - case.claimed_at) / timedelta(seconds=1), 0.0) if case.claimed_at else 0.0


def _source(taken_from: Decision | None) -> dict[str, Any]:
    """For the event: the earlier decision about the same bytes, and its case."""
    if taken_from is None:
        return {}
    return {"taken_from": taken_from.pk, "taken_from_case": taken_from.case_id}


@transaction.atomic
def reopen(actor: Actor, case_id: UUID, *, why: str) -> Case:
    """Reopen a decided case. The earlier decision stays on record."""
    if not why.strip():
        raise Refusal("reopen_reason_missing")
    mine = Case.objects.for_actor(actor, Permission.DECIDE_CASES).filter(pk=case_id)
    # Apart from the update: with a join in it, PostgreSQL would not look at the state again after
    # waiting for another's.
    is_real = mine.filter(submission__planted=False).exists()
    if not is_real or not mine.filter(state=CaseState.DECIDED).update(**waits_again(case_id)):
        raise Refusal("case_not_decided")
    case: Case = mine.get()
    grounds = keep(case.submission_id, "grounds", why.strip())
    event(case, actor, Verb.CASE_REOPENED, commitments={"grounds": grounds})
    for hook in hooks.reopened:
        hook(case)
    return case


def waits_again(case_id: UUID) -> dict[str, Any]:
    """The changes of a decided case that is to be decided again."""
    return {
        "state": CaseState.OPEN, "decided_at": None, "claimed_at": None, "standing_fence": None,
        "suspicion": suspicion_now(case_id),
    }  # fmt: skip


def suspicion_now(case_id: UUID) -> float:
    """The values of the newest analysis, which can be later than the case."""
    newest = Analysis.objects.filter(submission__case=case_id)
    analysis = newest.only("outcome", "probability_manipulated").first()
    return suspicion_of(analysis) if analysis else 0.0


def held(actor: Actor, case_id: UUID, fence: int) -> Any:
    """The case, if this actor holds it with this very fence and the lease still runs."""
    return Case.objects.for_actor(actor, Permission.DECIDE_CASES).filter(
        pk=case_id,
        holder=actor.user,
        fence=fence,
        state=CaseState.CLAIMED,
        lease_until__gte=ClockTimestamp(),
    )


def event(
    case: Case, actor: Actor, verb: Verb, *, why: str = "", rows: Sequence[Row] = (), **data: Any
) -> None:
    recorded(case, actor.who_in(case.team_id), verb, why=why, rows=rows, **data)


def recorded(
    case: Case, who: Who, verb: Verb, *, why: str = "", rows: Sequence[Row] = (), **data: Any
) -> None:
    record(
        chain=case.submission_id,
        verb=verb,
        who=who,
        object_type="case",
        object_id=case.pk,
        object_sha256=case.submission.blob_id,
        why=why,
        data=data,
        rows=[case, *rows],
    )
