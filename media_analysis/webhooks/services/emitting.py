"""The outbox: what happened is written down with the verb that did it, in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from accounts.models import Team
from audit.verbs import Verb
from jobs.models import Priority
from jobs.timing import InSeconds
from media_analysis.batches.models import Batch
from media_analysis.review.models import Appeal, Case, Decision
from media_analysis.review.presenters import appeals, decisions
from media_analysis.submissions.models import DeletionRequest, Submission
from media_analysis.submissions.services.quota_notices import Notice
from media_analysis.webhooks.models import OF_QUOTAS, TEST, Delivery, Endpoint, Event, EventType
from ml import language
from ml.engine.contract import Result
from ml.models import Analysis

APPEAL_EVENTS = {
    Verb.CASE_APPEALED: EventType.APPEAL_RECEIVED,
    Verb.CASE_APPEAL_WITHDRAWN: EventType.APPEAL_WITHDRAWN,
    Verb.CASE_APPEAL_ANSWERED: EventType.APPEAL_ANSWERED,
}
DELETION_EVENTS = {
    Verb.SUBMISSION_DELETION_REQUESTED: EventType.DELETION_REQUESTED,
    Verb.SUBMISSION_DELETION_WITHDRAWN: EventType.DELETION_WITHDRAWN,
    Verb.SUBMISSION_DELETION_ACCEPTED: EventType.DELETION_ANSWERED,
    Verb.SUBMISSION_DELETION_DECLINED: EventType.DELETION_ANSWERED,
}


def after_analysis(analysis: Analysis, result: Result) -> None:
    _of_analysis(EventType.ANALYSIS_COMPLETED, analysis)


def after_parking(analysis: Analysis) -> None:
    _of_analysis(EventType.ANALYSIS_FAILED, analysis)


def after_cancelling(analysis: Analysis) -> None:
    _of_analysis(EventType.ANALYSIS_CANCELLED, analysis)


def after_decision(case: Case, decision: Decision) -> None:
    def data() -> dict[str, Any]:
        return {"decision": decisions.last(case)}

    earlier = Decision.objects.filter(case=case).exclude(pk=decision.pk).exists()
    kind = EventType.DECISION_CHANGED if earlier else EventType.DECISION_MADE
    _emit(kind, case.submission, data)


def after_reopening(case: Case) -> None:
    _emit(EventType.DECISION_REOPENED, case.submission,
          lambda: {"decision": None, "earlier_decision": decisions.last(case)})  # fmt: skip


def after_appeal(appeal: Appeal, verb: Verb) -> None:
    def data() -> dict[str, Any]:
        return {"appeal": appeals.shape(appeal), "decision": decisions.in_force(appeal.case_id)}

    _emit(APPEAL_EVENTS[verb], appeal.case.submission, data)


def after_report(submission: Submission, data: Callable[[], dict[str, Any]]) -> None:
    """`data` comes from the caller: this room must not import reports."""
    _emit(EventType.REPORT_ISSUED, submission, data)


def after_deletion_request(request: DeletionRequest, verb: Verb) -> None:
    def data() -> dict[str, Any]:
        asked_at = decisions.moment(request.asked_at)
        return {"deletion": {"requested_at": asked_at, "answer": request.answer or None}}

    _emit(DELETION_EVENTS[verb], request.submission, data)


def after_batch(batch: Batch) -> None:
    def data() -> dict[str, Any]:
        values = {
            "id": str(batch.pk),
            "url": settings.PUBLIC_URL + reverse("api:batch-detail", args=[batch.pk]),
            "external_id": batch.external_id,
            "completed_at": decisions.moment(batch.completed_at),
        }
        return {"batch": values}

    _write(EventType.BATCH_COMPLETED, batch.team_id, batch.service_id, None, data)


def after_quota(notice: Notice) -> None:
    partner = notice.partner

    def data() -> dict[str, Any]:
        values = {
            "whose": "key" if notice.key else "partner" if partner else "team",
            "partner": partner.name if partner else None,
            "key": notice.key.prefix if notice.key else None,
            "quota": notice.quota,
            "used": notice.used,
            "starts": notice.starts.isoformat(),
        }
        return {"quota": values}

    kind = EventType.QUOTA_REACHED if notice.is_reached else EventType.QUOTA_NEARLY_REACHED
    _write(kind, notice.team.pk, partner.pk if partner else None, None, data)


def test_event(endpoint: Endpoint) -> Delivery:
    event = Event.objects.create(
        team_id=endpoint.team_id, service=endpoint.service_id, type=TEST,
        body=_body(TEST, endpoint.team, {}),
    )  # fmt: skip
    return deliveries([event], [endpoint], by_hand=True)[0]


def deliveries(events: list[Event], endpoints: list[Endpoint], *, by_hand: bool) -> list[Delivery]:
    """Nothing is added where the same is under way already."""
    until = InSeconds(3600 * settings.WEBHOOK_RETRY_HOURS)
    return Delivery.objects.bulk_create(
        [
            Delivery(event=event, endpoint=one, until=until, by_hand=by_hand,
                     priority=Priority.INTERACTIVE if by_hand else Priority.PARTNER)
            for event in events
            for one in endpoints
        ],
        ignore_conflicts=by_hand,
    )  # fmt: skip


def _of_analysis(kind: EventType, analysis: Analysis) -> None:
    submission = Submission.objects.filter(analysis=analysis).first()
    if submission is not None:  # a fresh analysis has taken its place
        submission.analysis = analysis
        _emit(kind, submission, dict)


def _emit(kind: EventType, submission: Submission, data: Callable[[], dict[str, Any]]) -> None:
    if submission.planted:
        return
    _write(
        kind, submission.team_id, submission.submitted_by_service_id, submission.pk,
        lambda: {"submission": _submission_data(submission), **data()},
    )  # fmt: skip


def _write(
    kind: EventType,
    team_id: UUID,
    sender: UUID | None,
    submission: UUID | None,
    data: Callable[[], dict[str, Any]],
) -> None:
    """The body is built only if an endpoint wants this event."""
    of_sender = Q(service__isnull=True)
    if sender:
        of_sender |= Q(service=sender, service__is_active=True)
    elif kind in OF_QUOTAS:
        of_sender |= Q(service__is_active=True)
    endpoints = list(Endpoint.objects.filter(of_sender, team=team_id, events__contains=[kind]))
    if not endpoints:
        return
    team = Team.objects.get(pk=team_id)
    event = Event.objects.create(
        team=team, submission=submission, service=sender, type=kind, body=_body(kind, team, data())
    )
    deliveries([event], [one for one in endpoints if one.is_active], by_hand=False)


def _submission_data(submission: Submission) -> dict[str, Any]:
    """Enough to act on; everything else is at `url`."""
    analysis = submission.analysis
    return {
        "id": str(submission.pk),
        "url": settings.PUBLIC_URL + reverse("api:submission-detail", args=[submission.pk]),
        "external_id": submission.external_id,
        "team": str(submission.team_id),
        "sha256": submission.blob_id,
        "state": analysis.state,
        "outcome": analysis.displayed_outcome,
        "declared": analysis.declared,
        "probability_manipulated": analysis.probability_manipulated,
        "reason": language.reason(analysis.state, analysis.reason_code, analysis.reason),
        "reason_code": analysis.reason_code,
    }


def _body(kind: str, team: Team, data: dict[str, Any]) -> str:
    now = decisions.moment(datetime.now(UTC))
    values = {"type": str(kind), "timestamp": now, "livemode": not team.is_test, "data": data}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
