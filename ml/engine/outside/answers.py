"""Validates the finding of an external detector. A finding that breaks a rule is rejected as a
whole.

It may contain a text, numbers and evidence, within limits. It may not use another detector's name,
clear what its manifest does not allow, or claim that a file declares anything: only provenance
reports who signed what.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ml.engine.contract import Evidence, Finding, Outcome, Segment, Status, Strength
from ml.engine.manifest import Manifest

CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
LONGEST_REASON, LONGEST_TEXT, LONGEST_LABEL = 1000, 500, 80
MOST_EVIDENCE, MOST_SEGMENTS, MOST_VALUES = 40, 500, 40
MOST_LOG10_LR = 2.0
"""A hundred to one, as far as any check that ships goes."""
LARGEST = 1e9
NUMBERS = ("score", "probability_manipulated", "log10_lr")


class AnswerRefused(ValueError):
    """It names the first thing that does not fit."""


def why_not(data: Mapping[str, Any]) -> str:
    return _text(data.get("reason"), LONGEST_REASON, "reason")


def finding(data: Mapping[str, Any], manifest: Manifest) -> Finding:
    status = _one_of({Status.RAN, Status.NOT_APPLICABLE}, data.get("status"), "status")
    numbers = {name: _number(data.get(name), name) for name in NUMBERS}
    if status is not Status.RAN and any(value is not None for value in numbers.values()):
        raise AnswerRefused("numbers of a check that did not run")
    probability, log10_lr = numbers["probability_manipulated"], numbers["log10_lr"]
    if probability is not None and not 0.0 <= probability <= 1.0:
        raise AnswerRefused("probability_manipulated")
    if log10_lr is not None and abs(log10_lr) > MOST_LOG10_LR:
        raise AnswerRefused("log10_lr")
    return Finding(
        detector=manifest.name,
        version=manifest.version,
        status=status,
        reason=_text(data.get("reason"), LONGEST_REASON, "reason"),
        evidence=tuple(_evidence(one, manifest) for one in _list(data, "evidence", MOST_EVIDENCE)),
        segments=tuple(_segment(one) for one in _list(data, "segments", MOST_SEGMENTS)),
        weights_sha256=manifest.weights[0].sha256 if manifest.weights else None,
        parameters=_values(data.get("parameters"), "parameters"),
        counts=_counts(data.get("counts")),
        score=numbers["score"],
        probability_manipulated=probability,
        log10_lr=log10_lr,
    )


def _evidence(data: Any, manifest: Manifest) -> Evidence:
    if not isinstance(data, dict) or data.get("declares") is not None:
        raise AnswerRefused("evidence")
    may_say = {Outcome.MANIPULATION_FOUND, *([Outcome.NO_MANIPULATION_FOUND] * manifest.may_clear)}
    code, supports = data.get("code"), data.get("supports")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise AnswerRefused("the code of evidence")
    return Evidence(
        code=code if code.startswith(f"{manifest.name}_") else f"{manifest.name}_{code}",
        text=_text(data.get("text"), LONGEST_TEXT, "the text of evidence"),
        strength=_one_of(set(Strength), data.get("strength"), "strength"),
        data=_values(data.get("data"), "the data of evidence"),
        supports=None if supports is None else _one_of(may_say, supports, "supports"),
    )


def _segment(data: Any) -> Segment:
    if not isinstance(data, dict):
        raise AnswerRefused("segments")
    start, end = (_number(data.get(name), name) for name in ("start", "end"))
    score, label = _number(data.get("score"), "score"), data.get("label")
    if start is None or end is None or not 0.0 <= start <= end:
        raise AnswerRefused("the time of a segment")
    if score is not None and not 0.0 <= score <= 1.0:
        raise AnswerRefused("the score of a segment")
    return Segment(start, end, score, _text(label, LONGEST_LABEL, "label") if label else "")


def _list(data: Mapping[str, Any], name: str, most: int) -> list[Any]:
    value = data.get(name, [])
    if not isinstance(value, list) or len(value) > most:
        raise AnswerRefused(name)
    return value


def _values(data: Any, name: str) -> dict[str, Any]:
    """Numbers, truths and short texts by name."""
    if not isinstance(data, dict) or len(data) > MOST_VALUES:
        raise AnswerRefused(name)
    found: dict[str, Any] = {}
    for key, value in data.items():
        if not CODE.fullmatch(key):
            raise AnswerRefused(f"a name in {name}")
        if isinstance(value, str):
            found[key] = _text(value, LONGEST_TEXT, name)
        else:
            found[key] = value if value is None or type(value) is bool else _number(value, name)
    return found


def _counts(data: Any) -> dict[str, int]:
    found = _values(data, "counts")
    if any(type(value) is not int or value < 0 for value in (data or {}).values()):
        raise AnswerRefused("counts")
    return {key: int(value) for key, value in found.items()}


def _number(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not math.isfinite(value) or abs(value) > LARGEST:
        raise AnswerRefused(name)
    return float(value)


def _text(value: Any, longest: int, name: str) -> str:
    """No control character and no half of a pair: neither can be stored. Nothing that looks like
    JSON either: a stored sentence of our own does."""
    good = isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()
    if not good or value.startswith("{"):
        raise AnswerRefused(name)
    return str(value)


def _one_of(allowed: set[Any], value: Any, name: str) -> Any:
    if not isinstance(value, str) or value not in allowed:
        raise AnswerRefused(name)
    return next(one for one in allowed if one == value)
