"""What a rule said in the course of time: its versions, as the team's record holds them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from accounts.models import ServiceAccount
from accounts.services.chains import team_chain
from audit.models import Event
from audit.verbs import Verb
from media_analysis.review.models import QueueRule
from media_analysis.review.services.queues import CONDITIONS
from media_analysis.submissions.presenters.audit_trail import audit_trail
from media_analysis.teams import rule_text

WRITTEN = ("rule written", "rule edited")
LOOKED_AT = 2000
"""So many of the team's newest changes are looked through."""


def versions(rule: QueueRule) -> list[dict[str, Any]]:
    """Newest first. Moves within the order appear between the versions."""
    row = f"{QueueRule._meta.db_table}:{rule.pk}"
    changes = Event.objects.filter(chain=team_chain(rule.team_id), verb=Verb.QUEUE_CHANGED)
    lately = reversed(changes.order_by("-seq")[:LOOKED_AT])
    mine = [(one, one.content) for one in lately if row in (one.content.get("rows") or {})]
    lines = audit_trail([event for event, _ in mine], rule.team_id)
    found, number = [], 0
    for (event, content), line in zip(mine, lines, strict=True):
        data = content["data"]
        is_written = data.get("how") in WRITTEN
        number += is_written
        place = content["rows"][row]["position"]
        found.append(
            {"number": number, "when": event.recorded_at, "who": line["who"],
             **(_written(data) if is_written else {"moved": _moved(place)})}
        )  # fmt: skip
    return found[::-1]


def _moved(place: int) -> str:
    return gettext("Moved: place {n} in the order").format(n=place)


def _written(data: dict[str, Any]) -> dict[str, Any]:
    """The event leaves out what was not set."""
    values = {name: data[name] for name in CONDITIONS if name in data}
    queue, sender = values.pop("queue", ""), values.pop("sender", None)
    rule = QueueRule(**{"reviews": False, **values})
    if sender:
        rule.sender = ServiceAccount.objects.filter(pk=sender).first()
    goes = (queue or gettext("General")) if rule.reviews else gettext("No review")
    return {"name": rule.name, "conditions": rule_text.conditions(rule), "goes": goes,
            "hours": rule.hours}  # fmt: skip
