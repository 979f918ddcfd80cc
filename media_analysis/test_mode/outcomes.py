"""What a test key gets for which file: the name decides, as far as its first dot.

`docs/api.md` lists the names, and a test compares the list with this one.
"""

from __future__ import annotations

from dataclasses import dataclass

from media_analysis.submissions.outcomes import DecisionOutcome
from ml.engine.contract import Outcome


@dataclass(frozen=True)
class Canned:
    outcome: Outcome | None
    """None: the analysis fails."""
    decisions: tuple[DecisionOutcome, ...] = ()
    """The decisions, one after the other."""
    stays_queued: bool = False


ANY_OTHER = "no_manipulation_found"
_DECIDED = Outcome.INCONCLUSIVE
OUTCOMES: dict[str, Canned] = {
    "manipulation_found": Canned(Outcome.MANIPULATION_FOUND),
    "no_manipulation_found": Canned(Outcome.NO_MANIPULATION_FOUND),
    "inconclusive": Canned(Outcome.INCONCLUSIVE),
    "declared_generated": Canned(Outcome.DECLARED_GENERATED),
    "rejected": Canned(Outcome.REJECTED),
    "failed": Canned(None),
    "queued": Canned(None, stays_queued=True),
    "decided_manipulated": Canned(_DECIDED, (DecisionOutcome.MANIPULATED,)),
    "decided_not_manipulated": Canned(_DECIDED, (DecisionOutcome.GENUINE,)),
    "decided_unclear": Canned(_DECIDED, (DecisionOutcome.UNCLEAR,)),
    "decision_changed": Canned(_DECIDED, (DecisionOutcome.GENUINE, DecisionOutcome.MANIPULATED)),
}


def for_name(filename: str) -> Canned:
    name = filename.partition(".")[0].lower()
    return OUTCOMES.get(name, OUTCOMES[ANY_OTHER])


APPEALS = ("upheld", "changed", "open")
"""What becomes of an appeal, by the first word of its text. `open`: nobody answers it. Any other
word gives the first."""


def answer_to(text: str, first: DecisionOutcome) -> DecisionOutcome | None:
    """The outcome of the further decision; None if there is none."""
    word = text.split(maxsplit=1)[0].rstrip(".,:;").lower()
    if word == "open":
        return None
    if word != "changed":
        return first
    genuine, manipulated = DecisionOutcome.GENUINE, DecisionOutcome.MANIPULATED
    return genuine if first == manipulated else manipulated
