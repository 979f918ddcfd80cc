"""From findings to a verdict.

Two rules stand, tried in order: a file that declares its own making is believed when the
declaration is strong; everything else is inconclusive, because no check that ran is calibrated to
say more. A finding with a calibrated `log10_lr` will be weighed by a further rule between the two.
"No manipulation found" is never said without such a check.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ml.contract import Finding, MediaInfo, Outcome, Status, Strength, Verdict
from ml.fusion import wording

Rule = Callable[[MediaInfo, Sequence[Finding]], Verdict | None]


def decide(media: MediaInfo, findings: Sequence[Finding]) -> Verdict:
    for rule in RULES:
        verdict = rule(media, findings)
        if verdict is not None:
            return verdict
    return nothing_decides(media, findings)


def declared(media: MediaInfo, findings: Sequence[Finding]) -> Verdict | None:
    """The file carries strong evidence of its own making: no probability is claimed for it."""
    strong = [
        evidence
        for finding in findings
        if finding.status is Status.RAN
        for evidence in finding.evidence
        if evidence.strength is Strength.STRONG and evidence.supports is Outcome.MANIPULATION_FOUND
    ]
    if not strong:
        return None
    return Verdict(
        outcome=Outcome.MANIPULATION_FOUND,
        reason=wording.declared(strong, media),
        coverage=coverage(findings),
    )


def nothing_decides(media: MediaInfo, findings: Sequence[Finding]) -> Verdict:
    return Verdict(
        outcome=Outcome.INCONCLUSIVE,
        reason=wording.inconclusive(media, findings),
        coverage=coverage(findings),
    )


def coverage(findings: Sequence[Finding]) -> dict[str, tuple[str, ...]]:
    """Which checks ran, which had nothing to say, which broke."""
    return {
        str(status): tuple(f.detector for f in findings if f.status is status) for status in Status
    }


RULES: tuple[Rule, ...] = (declared,)
