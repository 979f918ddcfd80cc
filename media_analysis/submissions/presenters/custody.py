"""The chain of custody: every event of a submission, verified again for each page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext, gettext_noop

from accounts.actors import actor_for_user
from audit.beside import beside
from audit.exporting import one_snapshot
from audit.models import Event
from audit.walking import first_bad_event
from blobs.models import Blob
from media_analysis.submissions.models import Submission
from media_analysis.submissions.presenters.audit_trail import audit_trail

DO_NOT_RELY = gettext_noop(
    "Do not rely on this page. Ask an administrator to run the audit verification."
)


def custody(submission: Submission, *, blind: bool = False) -> dict[str, Any]:
    """The whole chain, hashed again for each page, and its rows; both are short. While `blind`,
    actions in review are verified but not shown."""
    with one_snapshot():  # concurrent writes are no damage
        events = list(Event.objects.filter(chain=submission.pk).order_by("seq"))
        wrong, summary = _verify(submission, events)
    return {
        "intact": not wrong,
        "summary": summary,
        "withheld": blind,
        "events": audit_trail(
            [event for event in events if not (blind and is_of_review(event))],
            submission.team_id,
            sent_by=_as_sent(submission),
        ),
    }


def _as_sent(submission: Submission) -> dict[str, str] | None:
    """A copy of a golden case that nobody answered looks as if its sender had sent it."""
    if not submission.planted or submission.placement_answered:
        return None
    if submission.submitted_by_service_id:
        return {"kind": "service", "id": str(submission.submitted_by_service_id)}
    sender = submission.submitted_by
    if sender is None:
        return None
    role = actor_for_user(sender, via="").role_in(submission.team_id)
    return {"kind": "user", "id": str(sender.pk), "role": str(role or "")}


def is_of_review(event: Event) -> bool:
    """Whether it reveals who viewed or decided, or how."""
    return event.who.startswith("user:") and not event.verb.startswith("submission.")


def _verify(submission: Submission, events: Sequence[Event]) -> tuple[bool, str]:
    """Whether something is wrong, and the sentence that says so."""
    if bad := first_bad_event(submission.pk, events):
        broken = gettext("Event {number} does not follow from the one before it.")
        return True, f"{broken.format(number=bad)} {gettext(DO_NOT_RELY)}"
    found = beside(submission.pk, events, also=[(Blob, submission.blob_id)])
    if wrong := found.first:
        differs = gettext("The stored data differs from the record: {table}, {row}: {what}.")
        where = differs.format(table=wrong.table, row=wrong.row, what=wrong.what)
        return True, f"{where} {gettext(DO_NOT_RELY)}"
    return False, gettext(
        "All {events} events of this submission form an unbroken chain. The {rows} rows that they "
        "describe match."
    ).format(events=len(events), rows=found.rows)
