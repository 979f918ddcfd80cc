"""Turns a score into a finding, for detectors that can ask for a review but can neither decide nor
clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml.engine.contract import Detector, Evidence, Finding, Segment, Status
from ml.engine.fusion.calibration import (
    AskingCalibration,
    mean_ratio,
    probability,
    segment_bound,
    segment_probability,
)


def finding(
    detector: Detector,
    calibration: AskingCalibration,
    scores: Sequence[float],
    *,
    reason: str,
    score: float,
    evidence: tuple[Evidence, ...],
    segments: tuple[Segment, ...],
    weights_sha256: str,
    counts: Mapping[str, int],
    parameters: Mapping[str, Any] | None = None,
    seconds: float = 0.0,
    of_a_segment: AskingCalibration | None = None,
) -> Finding:
    """`of_a_segment` is the calibration of the segments' scores where it is another one."""
    log10_lr, ends = ratio(calibration, scores)
    return Finding(
        detector=detector.name,
        version=detector.version,
        status=Status.RAN,
        reason=reason,
        score=score,
        probability_manipulated=probability(log10_lr),
        log10_lr=log10_lr,
        evidence=evidence,
        segments=segments,
        weights_sha256=weights_sha256,
        parameters={
            **ends,
            "found_at": calibration.found_at,
            **segment_bound(of_a_segment or calibration, segments),
            **(parameters or {}),
        },
        counts=counts,
        seconds=seconds,
    )


def ratio(
    calibration: AskingCalibration, scores: Sequence[float]
) -> tuple[float, dict[str, float]]:
    """Each of several scores is equally likely to belong to the manipulated one, so the mean of
    their ratios counts. With the ends of its interval, as findings keep them."""
    ends = [calibration.log10_interval(one) for one in scores]
    return mean_ratio([calibration.log10_lr(one) for one in scores]), {
        "log10_lr_low": mean_ratio([low for low, _ in ends]),
        "log10_lr_high": mean_ratio([high for _, high in ends]),
    }


def segments(
    starts: Sequence[float],
    last: float,
    scores: Sequence[float],
    calibration: AskingCalibration,
    label: str,
) -> tuple[Segment, ...]:
    """Each moment stands for the time until the next one, and the last one until `last`."""
    ends = [*starts[1:], max(last, starts[-1])]
    return tuple(
        segment(start, end, score, calibration, label)
        for start, end, score in zip(starts, ends, scores, strict=True)
    )


def segment(
    start: float, end: float, score: float, calibration: AskingCalibration, label: str
) -> Segment:
    """A moment with its probability."""
    value = segment_probability(calibration, score)
    return Segment(round(start, 3), round(end, 3), value, label)
