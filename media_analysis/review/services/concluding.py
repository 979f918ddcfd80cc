"""The decision of a case, whoever made it: its row, its event, and the answer to an appeal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts.models import User
from audit.rows import Row
from audit.subjects import keep
from audit.verbs import Verb
from audit.who import Who
from media_analysis.review import hooks
from media_analysis.review.models import Case, Decision, DecisionText
from media_analysis.review.services import appeals, checking
from media_analysis.review.services.case_changes import record_event


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
    commitments = {"grounds": keep(case.submission_id, "grounds", decision.reason)}
    if decision.note:
        commitments["remark"] = keep(case.submission_id, "remark", decision.note)
    record_event(
        case,
        who,
        Verb.CASE_DECIDED,
        decision=decision.pk,
        outcome=decision.outcome,
        policy=decision.policy.name if decision.policy else "",
        commitments=commitments,
        fence=decision.fence,
        rows=[decision, *also],
        **_source(decision.taken_from),
        **({"second_person": agreed} if agreed else {}),
    )
    for hook in hooks.decided:
        hook(case, decision)
    appeals.answer(case, decision, who)
    return decision


def _source(taken_from: Decision | None) -> dict[str, Any]:
    """For the event: the earlier decision about the same bytes, and its case."""
    if taken_from is None:
        return {}
    return {"taken_from": taken_from.pk, "taken_from_case": taken_from.case_id}
