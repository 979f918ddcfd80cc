"""Audit events as sentences that a person can read aloud.

The record itself knows nobody by name. Those who may see the page read their team-mates' names
beside it, as they are today; everybody else stays what was recorded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from accounts.models import Membership, ServiceAccount
from audit.models import Event
from audit.verbs import Verb

SENTENCES = {
    Verb.SUBMISSION_RECEIVED: "The media was received and kept unaltered under this fingerprint.",
    Verb.SUBMISSION_DELETION_REQUESTED: "Somebody asked for its deletion; nothing was erased.",
    Verb.SUBMISSION_DELETION_WITHDRAWN: "The wish to have it deleted was taken back.",
    Verb.SUBMISSION_DELETION_ACCEPTED: "The wish to have it deleted was accepted; nothing was "
    "erased yet.",
    Verb.SUBMISSION_DELETION_DECLINED: "The wish to have it deleted was declined.",
    Verb.ANALYSIS_QUEUED: "An analysis was asked for.",
    Verb.ANALYSIS_STARTED: "A worker began the analysis.",
    Verb.ANALYSIS_FINISHED: "The analysis was finished and its verdict recorded.",
    Verb.ANALYSIS_REJECTED: "The file could not be analysed; the reason was recorded.",
    Verb.ANALYSIS_RETRIED: "The analysis was interrupted and will be tried again.",
    Verb.ANALYSIS_PARKED: "The analysis failed repeatedly and was set aside for a person.",
    Verb.ANALYSIS_REQUEUED: "A person asked for the analysis that was set aside to run again.",
    Verb.ANALYSIS_CANCEL_REQUESTED: "Somebody asked to cancel the analysis.",
    Verb.ANALYSIS_CANCELLED: "The analysis was cancelled.",
    Verb.MEDIA_VIEWED: "The media was looked at.",
    Verb.MEDIA_DOWNLOADED: "The media was downloaded.",
    Verb.PREVIEW_ASKED: "Somebody asked for a copy to play on the page.",
    Verb.CASE_OPENED: "A case was opened for a person to decide.",
    Verb.CASE_CLAIMED: "A moderator took the case.",
    Verb.CASE_RELEASED: "The case went back to the queue.",
    Verb.CASE_ESCALATED: "The case was handed to a lead with a question.",
    Verb.CASE_COMMENTED: "A lead answered the question.",
    Verb.CASE_DECISION_PENDING: "A person wrote a decision, which could still be undone.",
    Verb.CASE_DECISION_UNDONE: "The decision was undone before it was final.",
    Verb.CASE_DECIDED: "A person decided the case.",
    Verb.REPORT_ISSUED: "A report was issued under this fingerprint.",
    Verb.REPORT_DOWNLOADED: "A report was downloaded.",
    Verb.CASE_REOPENED: "The case was opened again.",
}
DECISIVE = {
    Verb.SUBMISSION_RECEIVED,
    Verb.ANALYSIS_FINISHED,
    Verb.ANALYSIS_REJECTED,
    Verb.CASE_DECIDED,
}


def story(events: Sequence[Event], team: UUID) -> list[dict[str, Any]]:
    said = [_read(event) for event in events]
    names = _names([one["who"] for one in said if one], team)
    return [
        _told(event, one, names) if one else _illegible(event)
        for event, one in zip(events, said, strict=True)
    ]


def _read(event: Event) -> dict[str, Any] | None:
    """None where what was recorded is no longer what we write: somebody was at the database."""
    try:
        said: dict[str, Any] = json.loads(bytes(event.payload))
        known = said["verb"], said["object"]["sha256"], said["who"]["kind"], said["data"].keys()
        if said["who"]["kind"] in ("user", "service"):
            UUID(said["who"]["id"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return said if all(part is not None for part in known) else None


def _illegible(event: Event) -> dict[str, Any]:
    return {
        "when": event.recorded_at,
        "who": "nobody knows",
        "text": "This event was altered and cannot be read.",
        "code": "",
        "code_name": "",
        "decisive": True,
    }


def _told(event: Event, said: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    verb = said["verb"]
    fingerprint = said["object"]["sha256"]
    return {
        "when": event.recorded_at,
        "who": _who(said["who"], names),
        "text": " ".join(filter(None, [SENTENCES.get(verb, verb), _why(said)])),
        "code": fingerprint if verb == Verb.SUBMISSION_RECEIVED else "",
        "code_name": "SHA-256 of the media",
        "decisive": verb in DECISIVE,
    }


def _why(said: Mapping[str, Any]) -> str:
    """A reason in words; codes are for machines and stand in the JSON download."""
    for words in (said["data"].get("reason"), said["why"]):
        if isinstance(words, str) and " " in words:
            return f"Reason: {words.rstrip('.')}."
    return ""


def _names(recorded: Sequence[Mapping[str, str]], team: UUID) -> dict[str, str]:
    """Of those who belong to the team."""
    people = {UUID(who["id"]) for who in recorded if who["kind"] == "user"}
    partners = {UUID(who["id"]) for who in recorded if who["kind"] == "service"}
    members = Membership.objects.filter(team=team, user__in=people).select_related("user")
    services = ServiceAccount.objects.filter(team=team, pk__in=partners)
    return {
        **{str(member.user_id): str(member.user) for member in members},
        **{str(service.pk): service.name for service in services},
    }


def _who(who: Mapping[str, str], names: Mapping[str, str]) -> str:
    kind = {"user": "person", "service": "partner", "system": "system"}.get(
        who["kind"], who["kind"]
    )
    name = who["id"] if who["kind"] == "system" else who["id"][:8]
    shown = names.get(who["id"]) or f"{kind} {name}"
    return shown + (f", {who['role']}" if who.get("role") else "")
