"""Words verdicts so that a person can act on them, without promising more than was measured."""

from __future__ import annotations

from collections.abc import Sequence

from ml.engine.contract import (
    Declaration,
    Evidence,
    Finding,
    Kind,
    MediaInfo,
    Outcome,
    Status,
    Strength,
    Verdict,
)
from ml.engine.fusion.clearing import Clearing
from ml.engine.media.stated import part_failed
from ml.engine.sentence import Sentence, joined, say

NOT_AUTHENTIC = say("verdict.not_authentic")
BETTER_SOURCE = say("verdict.better_source")
LONGEST_NAME = 80


def declared(
    statements: Sequence[Evidence],
    media: MediaInfo,
    findings: Sequence[Finding],
    measured: Verdict | None = None,
) -> Sentence:
    """The file's statement and who signed it; then, apart from it, what the checks say."""
    statement = _statement(statements)
    if measured is None:
        nothing = say("verdict.nothing_decisive")
        return joined(statement, nothing, _silent(findings), _incomplete(media))
    if measured.outcome is Outcome.MANIPULATION_FOUND:
        return joined(measured.reason, say("verdict.apart"), statement)
    return joined(statement, say("verdict.checks_say"), measured.reason)


def _statement(statements: Sequence[Evidence]) -> Sentence:
    first, more = statements[0], len(statements) - 1
    return joined(
        say("verdict.declared_partly" if "partly" in first.code else "verdict.declared"),
        _signed_by(first.declares),
        first.text,
        say("verdict.more_statements", count=more) if more else "",
    )


def _signed_by(declares: Declaration | None) -> Sentence:
    if declares is None or not declares.signed:
        return say("verdict.unsigned")
    name = declares.by or say("provenance.unnamed_signer")
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME - 1]}…"
    return say(f"verdict.signed_{'trusted' if declares.trusted else 'untrusted'}", name=name)


def inconclusive(media: MediaInfo, findings: Sequence[Finding]) -> Sentence:
    ran = [f for f in findings if f.status is Status.RAN]
    signs = sum(
        1
        for finding in ran
        for evidence in finding.evidence
        if evidence.strength in (Strength.MODERATE, Strength.STRONG)
        and evidence.supports is Outcome.MANIPULATION_FOUND
    )
    return joined(
        say("verdict.ran", count=len(ran), names=_names(ran)) if ran else say("verdict.no_check"),
        say("verdict.signs", count=signs) if signs else "",
        _silent(findings),
        NOT_AUTHENTIC,
        BETTER_SOURCE,
        _incomplete(media),
    )


def found(finding: Sequence[Finding], media: MediaInfo, every: Sequence[Finding]) -> Sentence:
    resemblance = say("verdict.resemblance")
    return joined(*(f.reason for f in finding), resemblance, _silent(every), _incomplete(media))


def cleared(
    telling: Sequence[Finding],
    calm: Sequence[Finding],
    media: MediaInfo,
    every: Sequence[Finding],
    needed: Clearing,
) -> Sentence:
    """Which kinds were looked for, and which cannot be seen."""
    return joined(
        _reasons(telling, calm),
        say("verdict.looked_for", kinds=list(needed.looked_for)) if needed.looked_for else "",
        say("verdict.does_not_see", kinds=list(needed.not_seen)) if needed.not_seen else "",
        NOT_AUTHENTIC,
        _silent(every),
        _incomplete(media),
    )


def undecided(
    telling: Sequence[Finding],
    calm: Sequence[Finding],
    media: MediaInfo,
    every: Sequence[Finding],
    needed: Clearing | None = None,
) -> Sentence:
    """`needed`: to clear the file, where all checks found nothing."""
    return joined(
        _reasons(telling, calm),
        _why_not_cleared(media, needed),
        BETTER_SOURCE,
        _silent(every),
        _incomplete(media),
    )


def _why_not_cleared(media: MediaInfo, needed: Clearing | None) -> Sentence:
    if needed and (obstacle := needed.obstacle(media)):
        return say(obstacle)
    if needed and needed.not_seen:
        return say("verdict.clears_nothing", kinds=list(needed.not_seen))
    return say("verdict.not_enough")


def _reasons(telling: Sequence[Finding], calm: Sequence[Finding]) -> Sentence:
    """What a check reports comes first, then what stands out most. Several checks that could only
    have asked, and did not, share a sentence: each has its own further down the page."""
    ordered = sorted(telling, key=lambda f: (not _reports(f), -(f.log10_lr or 0.0)))
    reasons = [f.reason for f in ordered]
    if reasons and len(calm) > 1:
        reasons.append(say("verdict.calm", names=_names(calm)))
    else:
        reasons += [f.reason for f in calm]
    return joined(*reasons)


def _reports(finding: Finding) -> bool:
    """Its score lies above its bound, even where that cannot decide."""
    return any(
        evidence.strength in (Strength.MODERATE, Strength.STRONG)
        and evidence.supports is not Outcome.NO_MANIPULATION_FOUND
        for evidence in finding.evidence
    )


def _silent(findings: Sequence[Finding]) -> str:
    """The checks that failed; those that do not apply are in the coverage."""
    broken = [f for f in findings if f.status is Status.FAILED]
    return say("verdict.failed", count=len(broken), names=_names(broken)) if broken else ""


def _incomplete(media: MediaInfo) -> str:
    failed = part_failed(media)
    if failed or not media.incomplete:
        return failed
    if media.frames_expected and media.frames_decoded is not None and media.kind is Kind.VIDEO:
        return say(
            "verdict.frames_missing", decoded=media.frames_decoded, expected=media.frames_expected
        )
    return say("verdict.part_missing")


def _names(findings: Sequence[Finding]) -> list[str]:
    return [f.detector for f in findings]
