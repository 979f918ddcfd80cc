"""Combines findings into a verdict.

Calibrated findings are weighed; without any, the verdict is inconclusive. "Manipulation found" and
"no manipulation found" always need a calibrated check.

What the file claims about itself changes no probability. Where a file states that it was generated
and no check found a manipulation, the outcome is "declared generated": it names the statement and
its signer. Where a check found a manipulation, that outcome stays, and the statement is reported
next to it.

Calibrated findings are not added up: a genuine voice must not cancel a swapped face. Each finding
belongs to a scenario of how the file may have been made. The scenarios that could be examined are
equally likely beforehand, and the file's likelihood ratio is their mean. A scenario that could not
be examined is left out of the mean; coverage and the reason report it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ml.engine.contract import Evidence, Finding, MediaInfo, Outcome, Status, Verdict
from ml.engine.fusion import wording
from ml.engine.fusion.calibration import probability
from ml.engine.fusion.clearing import needed as needed_to_clear
from ml.engine.manifest import Manifest, manifest_of
from ml.engine.media.stated import PARTS_FAILED


def decide(
    media: MediaInfo,
    findings: Sequence[Finding],
    manifests: Mapping[str, Manifest] | None = None,
) -> Verdict:
    """`manifests` are those of detectors that are not installed."""
    measured = weighed(media, findings, manifests or {})
    statements = _statements(findings)
    if not statements:
        return measured or nothing_decides(media, findings)
    if measured is None:
        plain = nothing_decides(media, findings)
        reason = wording.declared(statements, media, findings)
    else:
        plain, reason = measured, wording.declared(statements, media, findings, measured)
    found = plain.outcome is Outcome.MANIPULATION_FOUND
    return replace(
        plain,
        outcome=plain.outcome if found else Outcome.DECLARED_GENERATED,
        reason=reason,
        declared=statements[0].declares,
    )


def _statements(findings: Sequence[Finding]) -> list[Evidence]:
    """Where the file says that it was generated: a trusted signer first, then any, then nobody."""
    declared = [
        (evidence.declares, evidence)
        for finding in findings
        if finding.status is Status.RAN
        for evidence in finding.evidence
        if evidence.declares is not None
    ]
    return [e for _, e in sorted(declared, key=lambda one: (not one[0].trusted, not one[0].signed))]


GENUINE = "none_of_these"
UNSEEN = frozenset({"more_faces_than_examined", "face_analysis_failed", *PARTS_FAILED})
"""With these the file was not looked at as a whole, so nothing can be cleared."""


def weighed(
    media: MediaInfo, findings: Sequence[Finding], manifests: Mapping[str, Manifest]
) -> Verdict | None:
    """Any calibrated check may find; only all of them together may find nothing, where each saw as
    little as `clearing` asks."""
    calibrated = [f for f in findings if f.status is Status.RAN and f.log10_lr is not None]
    if not calibrated:
        return None
    checks = {f.detector: manifests.get(f.detector) or manifest_of(f.detector) for f in calibrated}
    ratios = by_scenario({f.detector: 10.0 ** (f.log10_lr or 0.0) for f in calibrated}, checks)
    total = math.fsum(ratios.values()) / len(ratios)
    found = [f for f in calibrated if _says(f, Outcome.MANIPULATION_FOUND)]
    whole = _whole(media)
    clearing = [f for f in calibrated if checks[f.detector].may_clear]
    calm = [f for f in calibrated if _is_calm(f, checks[f.detector])]
    telling = [f for f in calibrated if not _is_calm(f, checks[f.detector])]
    needed = needed_to_clear(media.kind)
    nothing = (
        whole
        and bool(clearing)
        and len(calm) + len(clearing) == len(calibrated)
        and all(_says(f, Outcome.NO_MANIPULATION_FOUND) for f in clearing)
    )
    if found:
        outcome, reason = Outcome.MANIPULATION_FOUND, wording.found(found, media, findings)
    elif nothing and needed and needed.holds(findings) and not needed.obstacle(media):
        outcome = Outcome.NO_MANIPULATION_FOUND
        reason = wording.cleared(telling, calm, media, findings, needed)
    else:
        outcome = Outcome.INCONCLUSIVE
        # Where a check failed, more is not seen than what these checks never see.
        failed = any(f.status is Status.FAILED for f in findings)
        to_clear = needed if nothing and not failed else None
        reason = wording.undecided(telling, calm, media, findings, to_clear)
    return Verdict(
        outcome=outcome,
        reason=reason,
        probability_manipulated=probability(math.log10(total)),
        interval=_interval(calibrated, checks),
        scenarios={
            GENUINE: 1.0 / (1.0 + total),
            **{scenario: ratio / len(ratios) / (1.0 + total) for scenario, ratio in ratios.items()},
        },
        coverage=coverage(findings),
    )


def alone(media: MediaInfo, finding: Finding) -> Outcome:
    """The result at one check's own operating points. A single check is never enough to clear a
    file."""
    calibrated = finding.log10_lr is not None and _whole(media)
    if calibrated and _says(finding, Outcome.NO_MANIPULATION_FOUND):
        return Outcome.NO_MANIPULATION_FOUND
    return decide(media, (finding,)).outcome


def _whole(media: MediaInfo) -> bool:
    return not media.incomplete and not UNSEEN & set(media.flags)


def by_scenario(ratios: Mapping[str, float], manifests: Mapping[str, Manifest]) -> dict[str, float]:
    """The checks' ratios, one a scenario. Two checks of one scenario look at the same face and are
    not independent, so they are never multiplied: their mean counts, or the strongest. One that
    clears nothing joins a firm one only where it raises it; where it is calm, it says nothing that
    the other did not."""
    checks: dict[str, list[str]] = {}
    for name in ratios:
        checks.setdefault(manifests[name].scenario or name, []).append(name)
    found = {}
    for scenario, names in checks.items():
        firm = [ratios[name] for name in names if manifests[name].may_clear]
        asking = [ratios[name] for name in names if not manifests[name].may_clear]
        if any(manifests[name].strongest_counts for name in names):
            found[scenario] = max(firm + [ratio for ratio in asking if ratio > 1] or asking)
            continue
        ratio = math.fsum(firm or asking) / len(firm or asking)
        if firm and asking and max(asking) > ratio:
            ratio = (ratio + max(asking)) / 2
        found[scenario] = ratio
    return found


def _is_calm(finding: Finding, manifest: Manifest) -> bool:
    """A check that could only have asked, and did not."""
    return not manifest.may_clear and (finding.log10_lr or 0.0) <= 0.0


def _says(finding: Finding, outcome: Outcome) -> bool:
    """What the check's own frozen operating points decided."""
    return any(evidence.supports is outcome for evidence in finding.evidence)


def _interval(
    calibrated: Sequence[Finding], manifests: Mapping[str, Manifest]
) -> tuple[float, float] | None:
    """All checks low, all checks high: wider than need be where there are several."""
    ends = []
    for end in ("log10_lr_low", "log10_lr_high"):
        values = {f.detector: f.parameters.get(end) for f in calibrated}
        if any(value is None for value in values.values()):
            return None
        ratios = by_scenario(
            {name: 10.0 ** float(value) for name, value in values.items() if value is not None},
            manifests,
        )
        ends.append(probability(math.log10(math.fsum(ratios.values()) / len(ratios))))
    return min(ends), max(ends)


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
