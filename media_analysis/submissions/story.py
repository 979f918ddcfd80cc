"""Audit events as sentences that a person can read aloud."""

from __future__ import annotations

import json
from typing import Any

from audit.models import Event
from audit.verbs import Verb

SENTENCES = {
    Verb.SUBMISSION_RECEIVED: "The media was received and kept unaltered under this fingerprint.",
    Verb.SUBMISSION_DELETION_REQUESTED: "Somebody asked for its deletion; nothing was erased.",
    Verb.SUBMISSION_DELETION_WITHDRAWN: "The wish to have it deleted was taken back.",
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
    Verb.CASE_DECIDED: "A person decided the case.",
    Verb.CASE_REOPENED: "The case was opened again.",
}
DECISIVE = {
    Verb.SUBMISSION_RECEIVED,
    Verb.ANALYSIS_FINISHED,
    Verb.ANALYSIS_REJECTED,
    Verb.CASE_DECIDED,
}


def told_event(event: Event) -> dict[str, Any]:
    said = json.loads(bytes(event.payload))
    verb = said["verb"]
    fingerprint = said["object"]["sha256"]
    return {
        "when": event.recorded_at,
        "who": _who(said["who"]),
        "text": " ".join(filter(None, [SENTENCES.get(verb, verb), _why(said)])),
        "code": fingerprint if verb == Verb.SUBMISSION_RECEIVED else "",
        "code_name": "SHA-256 of the media",
        "decisive": verb in DECISIVE,
    }


def _why(said: dict[str, Any]) -> str:
    """A reason in words; codes are for machines and stand in the JSON download."""
    for words in (said["data"].get("reason"), said["why"]):
        if isinstance(words, str) and " " in words:
            return f"Reason: {words.rstrip('.')}."
    return ""


def _who(who: dict[str, str]) -> str:
    """Pseudonymous, as recorded; names are looked up only where a page needs them."""
    kind = {"user": "person", "service": "partner", "system": "system"}.get(
        who["kind"], who["kind"]
    )
    name = who["id"] if who["kind"] == "system" else who["id"][:8]
    return f"{kind} {name}" + (f", {who['role']}" if who.get("role") else "")
