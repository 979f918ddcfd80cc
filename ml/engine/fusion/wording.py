"""Verdicts in words that a person can act on. Nothing here promises more than was measured."""

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
from ml.engine.naming import detector_name, listed

THING = {Kind.IMAGE: "picture", Kind.VIDEO: "video", Kind.AUDIO: "recording"}
NOT_AUTHENTIC = "Finding nothing does not show that it is genuine."
BETTER_SOURCE = (
    "The file as it left the camera or recorder, or the place where it was first published, would "
    "tell more than a copy."
)


LONGEST_NAME = 80


def declared(
    statements: Sequence[Evidence],
    media: MediaInfo,
    findings: Sequence[Finding],
    measured: Verdict | None = None,
) -> str:
    """The file's statement and who signed it; then, apart from it, what the checks say."""
    said = _statement(statements)
    if measured is None:
        return (
            f"{said} No check found anything that decides.{_silent(findings)}{_incomplete(media)}"
        )
    if measured.outcome is Outcome.MANIPULATION_FOUND:
        return f"{measured.reason} Apart from that: {_lower(said)}"
    return f"{said} The checks, apart from that: {measured.reason}"


def _statement(statements: Sequence[Evidence]) -> str:
    first, more = statements[0], len(statements) - 1
    in_part = " in part" if "partly" in first.code else ""
    sentences = [f"The file says that it was generated{in_part}{_signed_by(first.declares)}"]
    sentences.append(f"{first.text.rstrip('.')}.")
    if more:
        same = f"{_count(more, 'further statement')} of the same kind {_stand(more)} in it."
        sentences.append(same.capitalize())
    return " ".join(sentences)


def _signed_by(declares: Declaration | None) -> str:
    if declares is None or not declares.signed:
        return ". Nobody signed that, and anyone can write it into any file."
    name = declares.by or "an unnamed signer"
    by = f", signed by {name if len(name) <= LONGEST_NAME else f'{name[: LONGEST_NAME - 1]}…'}"
    if declares.trusted:
        return f"{by}, who is on this site's trust list."
    return f"{by}. That signer is not on this site's trust list: anyone can make such a signature."


def inconclusive(media: MediaInfo, findings: Sequence[Finding]) -> str:
    ran = [f for f in findings if f.status is Status.RAN]
    broken = [f for f in findings if f.status is Status.FAILED]
    thing = THING[media.kind]
    sentences = []
    if ran:
        sentences.append(
            f"{_count(len(ran), 'check').capitalize()} ran ({_names(ran)}); "
            f"{_neither(len(ran))} show by itself whether this {thing} was manipulated."
        )
    else:
        sentences.append(f"No check could say anything about this {thing}.")
    signs = sum(
        1
        for finding in ran
        for evidence in finding.evidence
        if evidence.strength in (Strength.MODERATE, Strength.STRONG)
        and evidence.supports is Outcome.MANIPULATION_FOUND
    )
    if signs:
        sentences.append(f"{_count(signs, 'sign').capitalize()} in it should be looked at.")
    if broken:
        sentences.append(f"{_count(len(broken), 'check').capitalize()} broke ({_names(broken)}).")
    sentences += [f"{NOT_AUTHENTIC} {BETTER_SOURCE}"]
    return " ".join(sentences) + _incomplete(media)


def found(finding: Sequence[Finding], media: MediaInfo, every: Sequence[Finding]) -> str:
    return (
        " ".join(f.reason for f in finding)
        + " This is a measured resemblance, not a proof: a person should look at it."
        + _silent(every)
        + _incomplete(media)
    )


def cleared(
    telling: Sequence[Finding],
    calm: Sequence[Finding],
    media: MediaInfo,
    every: Sequence[Finding],
    needed: Clearing,
) -> str:
    """Which kinds were looked for, and which cannot be seen."""
    looked = f"Looked for: {listed(needed.looked_for)}."
    blind = f" These checks do not see {listed(needed.not_seen)}." if needed.not_seen else ""
    return (
        _reasons(telling, calm)
        + f" {looked}{blind} {NOT_AUTHENTIC}"
        + _silent(every)
        + _incomplete(media)
    )


def undecided(
    telling: Sequence[Finding],
    calm: Sequence[Finding],
    media: MediaInfo,
    every: Sequence[Finding],
    blind: Sequence[str] = (),
) -> str:
    """`blind`: what the checks do not see, where all of them found nothing."""
    clears = f" That clears nothing: these checks do not see {listed(blind)}." if blind else ""
    return (
        _reasons(telling, calm)
        + f"{clears or ' That is not enough to decide.'} {BETTER_SOURCE}"
        + _silent(every)
        + _incomplete(media)
    )


def _reasons(telling: Sequence[Finding], calm: Sequence[Finding]) -> str:
    """What stands out most comes first. Several checks that could only have asked, and did not,
    share a sentence: each has its own further down the page."""
    reasons = [f.reason for f in sorted(telling, key=lambda f: -(f.log10_lr or 0.0))]
    if reasons and len(calm) > 1:
        named = listed([detector_name(f.detector) for f in calm])
        reasons.append(f"Nothing stands out to {named}, which clear nothing.")
    else:
        reasons += [f.reason for f in calm]
    return " ".join(reasons)


def _silent(findings: Sequence[Finding]) -> str:
    """The checks that broke; those that do not apply stand in the coverage."""
    broken = [f for f in findings if f.status is Status.FAILED]
    if not broken:
        return ""
    return f" {_count(len(broken), 'check').capitalize()} broke ({_names(broken)})."


def _incomplete(media: MediaInfo) -> str:
    failed = part_failed(media)
    if failed:
        return f" {failed}"
    if not media.incomplete:
        return ""
    if media.frames_expected and media.frames_decoded is not None and media.kind is Kind.VIDEO:
        return (
            f" Only {media.frames_decoded} of {media.frames_expected} frames could be decoded; "
            "nothing is said about the rest."
        )
    return " Only a part of the file could be decoded; nothing is said about the rest."


def _names(findings: Sequence[Finding]) -> str:
    return ", ".join(detector_name(f.detector) for f in findings)


NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _count(number: int, noun: str) -> str:
    word = NUMBERS[number] if number < len(NUMBERS) else str(number)
    return f"{word} {noun}{'' if number == 1 else 's'}"


def _stand(number: int) -> str:
    return "stands" if number == 1 else "stand"


def _neither(number: int) -> str:
    return {1: "it cannot", 2: "neither can"}.get(number, "none of them can")


def _lower(text: str) -> str:
    """`The file says` in mid-sentence; names and acronyms keep their capitals."""
    head, _, rest = text.partition(" ")
    return f"{head.lower()} {rest}" if head in {"The", "A", "An", "It", "Its", "In"} else text
