"""Audit events as readable sentences.

The record itself contains no names. Readers of the page see the current names of their team
members; all other actors appear as they were recorded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from accounts.models import Membership, ServiceAccount
from accounts.roles import Role
from audit.models import Event
from audit.verbs import Verb
from ml import language

SENTENCES = {
    Verb.SUBMISSION_RECEIVED: "The media was received and stored unchanged under this hash.",
    Verb.SUBMISSION_DELETION_REQUESTED: "Deletion was requested. Nothing was erased.",
    Verb.SUBMISSION_DELETION_WITHDRAWN: "The deletion request was withdrawn.",
    Verb.SUBMISSION_DELETION_ACCEPTED: "The deletion request was accepted.",
    Verb.SUBMISSION_DELETION_DECLINED: "The deletion request was declined.",
    Verb.SUBMISSION_HELD: "A legal hold was placed.",
    Verb.SUBMISSION_HOLD_LIFTED: "The legal hold was lifted.",
    Verb.SUBMISSION_ERASURE_ORDERED: "The erasure was ordered.",
    Verb.SUBMISSION_ERASURE_CALLED_OFF: "The erasure was cancelled.",
    Verb.SUBMISSION_DELETED: "The rows of the submission were deleted.",
    Verb.SUBMISSION_PART_DELETED: "Rows of a part were deleted under the retention rule.",
    Verb.SUBMISSION_PART_REMOVED: "A part was removed under the retention rule.",
    Verb.SUBJECT_ERASED: "The personal text and its key were deleted.",
    Verb.SUBMISSION_ERASED: "The erasure is complete.",
    Verb.ANALYSIS_QUEUED: "An analysis was ordered.",
    Verb.ANALYSIS_STARTED: "A worker started the analysis.",
    Verb.ANALYSIS_FINISHED: "The analysis finished and its verdict was recorded.",
    Verb.ANALYSIS_REJECTED: "The file could not be analysed. The reason was recorded.",
    Verb.ANALYSIS_RETRIED: "The analysis was interrupted and will be retried.",
    Verb.ANALYSIS_PARKED: "The analysis failed repeatedly and needs attention.",
    Verb.ANALYSIS_REQUEUED: "A person retried the failed analysis.",
    Verb.ANALYSIS_CANCEL_REQUESTED: "Cancellation of the analysis was requested.",
    Verb.ANALYSIS_CANCELLED: "The analysis was cancelled.",
    Verb.MEDIA_VIEWED: "The media was viewed.",
    Verb.MEDIA_DOWNLOADED: "The media was downloaded.",
    Verb.PREVIEW_ASKED: "A playback copy was requested.",
    Verb.CASE_OPENED: "A case was opened for review.",
    Verb.CASE_CLAIMED: "A moderator claimed the case.",
    Verb.CASE_RELEASED: "The case was released to the queue.",
    Verb.CASE_ASSIGNED: "A lead assigned the case.",
    Verb.CASE_MOVED: "A lead moved the case to another queue.",
    Verb.CASE_ESCALATED: "The case was handed to a lead with a question.",
    Verb.CASE_COMMENTED: "A lead answered the question.",
    Verb.CASE_NOTED: "A team note was written on the case.",
    Verb.CASE_DECISION_PENDING: "A person wrote a decision, which could still be undone.",
    Verb.CASE_DECISION_UNDONE: "The decision was undone before it was final.",
    Verb.CASE_OPINION_GIVEN: "A person gave the first of two opinions.",
    Verb.CASE_DISPUTED: "A second person gave another opinion. A lead decides.",
    Verb.CASE_DECIDED: "A person decided the case.",
    Verb.CASE_REOPENED: "The case was reopened.",
    Verb.CASE_APPEALED: "The sender appealed the decision. The case was reopened.",
    Verb.CASE_APPEAL_WITHDRAWN: "The appeal was withdrawn. The earlier decision is in force again.",
    Verb.CASE_APPEAL_ANSWERED: "The decision answered the appeal.",
    Verb.GOLDEN_ANSWERED: "A person answered the case.",
    Verb.REPORT_ISSUED: "A report was issued under this hash.",
    Verb.REPORT_DOWNLOADED: "A report was downloaded.",
    Verb.EVIDENCE_FILM_ASKED: "An evidence video was requested.",
    Verb.EVIDENCE_FILM_MADE: "The evidence video was made.",
    Verb.EVIDENCE_FILM_NOT_MADE: "The evidence video could not be made. The reason was recorded.",
    Verb.EVIDENCE_FILM_DOWNLOADED: "The evidence video was downloaded.",
}
SENDING = (Verb.SUBMISSION_RECEIVED, Verb.ANALYSIS_QUEUED)
DECISIVE = {
    Verb.SUBMISSION_RECEIVED,
    Verb.ANALYSIS_FINISHED,
    Verb.ANALYSIS_REJECTED,
    Verb.CASE_DECIDED,
}


def audit_trail(
    events: Sequence[Event], team: UUID, sent_by: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """`sent_by` replaces the sender, who also ordered the analysis."""
    contents = [_read(event) for event in events]
    if sent_by is not None:
        contents = [
            {**one, "who": sent_by} if one and one["verb"] in SENDING else one for one in contents
        ]
    names = _names([one["who"] for one in contents if one], team)
    return [
        _row(event, one, names) if one else _illegible(event)
        for event, one in zip(events, contents, strict=True)
    ]


def _read(event: Event) -> dict[str, Any] | None:
    """None where what was recorded is no longer what we write: somebody was at the database."""
    try:
        content: dict[str, Any] = json.loads(bytes(event.payload))
        known = (
            content["verb"],
            content["object"]["sha256"],
            content["who"]["kind"],
            content["data"].keys(),
        )
        if content["who"]["kind"] in ("user", "service"):
            UUID(content["who"]["id"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return content if all(part is not None for part in known) else None


def _illegible(event: Event) -> dict[str, Any]:
    return {
        "when": event.recorded_at,
        "who": gettext("unknown"),
        "text": gettext("This event was altered and cannot be read."),
        "code": "",
        "code_name": "",
        "decisive": True,
    }


def _row(event: Event, content: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    verb = content["verb"]
    fingerprint = content["object"]["sha256"]
    return {
        "when": event.recorded_at,
        "who": _who(content["who"], names),
        "text": " ".join(filter(None, [gettext(SENTENCES.get(verb, verb)), _why(content)])),
        "code": fingerprint if verb == Verb.SUBMISSION_RECEIVED else "",
        "code_name": gettext("SHA-256 of the media"),
        "decisive": verb in DECISIVE,
    }


def _why(content: Mapping[str, Any]) -> str:
    """A reason in words: of a code that has a sentence, or as somebody wrote it."""
    if content["why"] in language.FAILURES:
        return gettext("Reason: {reason}").format(reason=gettext(language.FAILURES[content["why"]]))
    for words in (content["data"].get("reason"), content["why"]):
        if isinstance(words, str) and " " in words:
            return gettext("Reason: {reason}").format(reason=f"{words.rstrip('.')}.")
    return ""


def _names(recorded: Sequence[Mapping[str, str]], team: UUID) -> dict[str, str]:
    """The names of the recorded people and partners who belong to the team."""
    people = {UUID(who["id"]) for who in recorded if who["kind"] == "user"}
    partners = {UUID(who["id"]) for who in recorded if who["kind"] == "service"}
    members = Membership.objects.filter(team=team, user__in=people).select_related("user")
    services = ServiceAccount.objects.filter(team=team, pk__in=partners)
    return {
        **{str(member.user_id): str(member.user) for member in members},
        **{str(service.pk): service.name for service in services},
    }


def _who(who: Mapping[str, str], names: Mapping[str, str]) -> str:
    kinds = {"user": gettext("person"), "service": gettext("partner"), "system": gettext("system")}
    kind = kinds.get(who["kind"], who["kind"])
    name = who["id"] if who["kind"] == "system" else who["id"][:8]
    displayed = names.get(who["id"]) or f"{kind} {name}"
    role = str(who.get("role") or "")
    label = Role(role).label if role in Role.values else role.replace("_", " ")
    return f"{displayed}, {label}" if role else displayed
