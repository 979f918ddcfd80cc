"""A list as CSV: line by line in bounded memory, on record before the first line goes out."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.urls import reverse

from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import team_chain
from audit.services import Entry, record_many
from audit.verbs import Verb
from media_analysis.submissions.models import Submission
from media_analysis.submissions.search import history
from ml import language

COLUMNS = [
    "id", "received_at", "team", "filename", "media_type", "size", "sha256", "state", "outcome",
    "probability_manipulated", "reason", "sent_by", "external_id", "policy_context", "note", "url",
    "declared_by", "declared_signed", "declared_trusted", "decision", "decision_policy",
    "decided_at", "language",
]  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Without it Excel reads UTF-8 as something else."""


def export(actor: Actor, wanted: Mapping[str, Any], root: str) -> Iterator[str]:
    """The lines of what the actor may take along. `root` is the beginning of every address."""
    teams = actor.team_ids(Permission.EXPORT_SUBMISSIONS)
    if wanted.get("team"):
        teams = [pk for pk in teams if pk == wanted["team"].pk]
    if not teams:
        raise Refusal("not_allowed", permission=str(Permission.EXPORT_SUBMISSIONS))
    filters = {name: _named(value) for name, value in wanted.items() if name != "q"}
    with transaction.atomic():
        record_many(
            Entry(
                chain=team_chain(pk),
                verb=Verb.SUBMISSIONS_EXPORTED,
                who=actor.who_in(pk),
                object_type="team",
                object_id=str(pk),
                data={"filters": filters, "searched": bool(wanted.get("q"))},
            )
            for pk in teams
        )
    return _lines(actor, wanted, root.rstrip("/"))


def harmless(text: str) -> str:
    """A spreadsheet takes a cell that begins like a formula for one: the quote makes it text."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _lines(actor: Actor, wanted: Mapping[str, Any], root: str) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK + writer.writerow(COLUMNS)
    for row in history.walk(actor, wanted, Permission.EXPORT_SUBMISSIONS):
        if not row.planted:
            yield writer.writerow(_cells(row, root))


def _cells(row: Submission, root: str) -> list[Any]:
    analysis = row.analysis
    reason = language.reason(analysis.state, analysis.reason_code, analysis.reason)
    words = [reason, row.sender_name, row.external_id, row.policy_context, row.note]
    return [
        row.pk,
        row.created_at.isoformat(timespec="seconds"),
        harmless(str(row.team)),
        harmless(row.filename),
        row.blob.media_type,
        row.blob.size,
        row.blob_id,
        analysis.state,
        analysis.displayed_outcome or "",
        "" if analysis.probability_manipulated is None else analysis.probability_manipulated,
        *map(harmless, words),
        root + reverse("submissions:detail", args=[row.pk]),
        *_declared(analysis.declared),
        *_decision(row.decision),
        row.language,
    ]


def _declared(declared: Mapping[str, Any] | None) -> list[str]:
    """Three empty cells where the file says nothing of itself."""
    if declared is None:
        return ["", "", ""]
    return [
        harmless(declared["by"] or ""),
        *("yes" if declared[k] else "no" for k in ("signed", "trusted")),
    ]


def _decision(decision: Mapping[str, Any] | None) -> list[str]:
    """The decision in force. What moderators wrote is not exported."""
    if decision is None:
        return ["", "", ""]
    at = decision["decided_at"].isoformat(timespec="seconds")
    return [decision["outcome"], harmless(decision["policy"] or ""), at]


def _named(value: Any) -> str:
    return str(getattr(value, "pk", value))


class _Echo:
    """What `csv` writes comes back as the value of `writerow`."""

    def write(self, line: str) -> str:
        return line
