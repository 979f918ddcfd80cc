"""A statement of reasons in the form of the DSA Transparency Database, as far as it is known here.

Which restriction a platform imposes is not decided in Touchstone. So those fields are not filled in
with a guess: `complete_before_sending` names them. Sentences are in the active language.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, gettext_noop

CONTENT_TYPES = {
    "image": "CONTENT_TYPE_IMAGE",
    "video": "CONTENT_TYPE_VIDEO",
    "audio": "CONTENT_TYPE_AUDIO",
}
LONGEST = 5000
TO_COMPLETE = (
    gettext_noop("decision_visibility, decision_monetary, decision_provision or decision_account"),
    gettext_noop("decision_ground and its explanation, where it is a law and no term of use"),
    "category",
    "territorial_scope",
    "application_date",
    "source_type",
)


def statement(body: dict[str, Any]) -> dict[str, Any]:
    decision, media = body["decision"], body["media"]
    policy = decision["policy"]
    ran = [one["check"] for one in body["findings"] if one["status"] == "ran"]
    facts = gettext(
        "A person examined the media and decided: {decision}. Reason: {reason}. Checks that ran "
        "before: {checks}. SHA-256 of the media: {sha256}."
    ).format(
        decision=decision["outcome_text"],
        reason=decision["reason"],
        checks=", ".join(ran) or gettext("none"),
        sha256=media["sha256"],
    )
    return {
        "statement": {
            "puid": body["report"]["id"],
            "content_type": [CONTENT_TYPES.get(media.get("kind", ""), "CONTENT_TYPE_OTHER")],
            "content_date": media["received_at"][:10],
            "decision_facts": facts[:LONGEST],
            "incompatible_content_ground": policy,
            "incompatible_content_explanation": decision["policy_text"][:LONGEST],
            "automated_detection": "Yes" if ran else "No",
            "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
        },
        "complete_before_sending": [gettext(one) for one in TO_COMPLETE],
    }
