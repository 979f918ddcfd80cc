"""When and why a case was opened again, appealed or handed to a lead, and what the lead answered,
out of the record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy

from audit import subjects
from audit.models import Event
from audit.verbs import Verb
from media_analysis.review.models import Case

COMMITMENT = re.compile(r"[0-9a-f]{64}")
APPEALS = (Verb.CASE_APPEALED, Verb.CASE_APPEAL_WITHDRAWN)
EXPLAINED = (Verb.CASE_REOPENED, Verb.CASE_ESCALATED, Verb.CASE_COMMENTED, *APPEALS)
GONE = gettext_lazy("The reason was erased or cannot be read.")


@dataclass(frozen=True)
class Reopening:
    when: datetime
    why: Any
    verb: str = Verb.CASE_REOPENED


def of(case: Case) -> Sequence[Reopening]:
    """Oldest first. The record contains a commitment; the encrypted text is stored separately."""
    events = Event.objects.filter(
        chain=case.submission_id, verb__in=EXPLAINED, object_id=str(case.pk)
    )
    found = [(event, _commitment(event)) for event in events.order_by("seq")]
    words = subjects.read_all([commitment for _, commitment in found if commitment])
    return [
        Reopening(event.recorded_at, _why(event, commitment, words), event.verb)
        for event, commitment in found
    ]


def _why(event: Event, commitment: str, words: Mapping[str, str]) -> Any:
    """Whoever withdraws an appeal gives no reason."""
    return "" if event.verb == Verb.CASE_APPEAL_WITHDRAWN else words.get(commitment, GONE)


def _commitment(event: Event) -> str:
    """Empty where the event holds none that can be read."""
    try:
        value: Any = event.content["data"]["commitments"]["grounds"]
    except (ValueError, KeyError, TypeError):
        return ""
    is_one = isinstance(value, str) and COMMITMENT.fullmatch(value)
    return str(value) if is_one else ""
