"""The bench: findings in one line each, what lies on the picture, the verdict in two sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext, ngettext

from media_analysis.submissions.presenters import bounds
from media_analysis.submissions.presenters.face_map import Boxes, box_of, boxes_of, face_map
from ml import language

Json = Mapping[str, Any]
STRENGTHS = ("strong", "moderate", "weak", "context")
NOT_APPLICABLE = "not_applicable"
SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“(])")
DECLARED, UNDECIDED, REMARKED, CLEARED = 10, 20, 30, 40
"""Where each kind of finding begins among the lines."""
SHORT = 240
"""Characters. A longer second sentence waits behind "More"."""


def in_short(outcome: str, reason: str) -> str:
    """At most two sentences. "Inconclusive" says first that a person is needed, and "not found"
    always says what it does not mean."""
    first, *others = SENTENCE_ENDS.split(reason.strip()) if reason else [""]
    if outcome == "inconclusive":
        return f"{gettext('The checks cannot decide this.')} {first}"
    if outcome == "no_manipulation_found":
        return f"{first} {gettext('This does not mean that the media is authentic.')}"
    if others and len(first) + len(others[0]) <= SHORT:
        return f"{first} {others[0]}"
    return first


def lines(displayed: Sequence[Json], findings: Sequence[Json]) -> list[dict[str, Any]]:
    """One line for each check that ran or failed. Evidence of manipulation comes first, by
    strength, then high scores relative to their bounds, then what clears, and failures last."""
    pairs = [
        (_rank(raw), finding, raw)
        for finding, raw in zip(displayed, findings, strict=True)
        if raw["status"] != NOT_APPLICABLE
    ]
    pairs.sort(key=lambda pair: pair[0])
    return [_line(finding, raw) for _, finding, raw in pairs]


def strongest(findings: Sequence[Json]) -> Json | None:
    """The finding that the first line would be of; None when no check ran."""
    ran = [one for one in findings if one["status"] == "ran"]
    return min(ran, key=_rank) if ran else None


def _rank(raw: Json) -> tuple[bool, int, float, str]:
    placed = bounds.scale(raw)
    place = placed["place"] if placed else 100 * (raw.get("probability_manipulated") or 0.0)
    return raw["status"] == "failed", _order_of(raw), -place, raw["detector"]


def _order_of(raw: Json) -> int:
    """What speaks for a manipulation, then what the file declares, then scores that decide nothing
    (they are why a person is asked), then remarks, and last what clears."""
    evidence = raw.get("evidence") or []
    against = [_strength(e) for e in evidence if e.get("supports") == "manipulation_found"]
    declares = [_strength(e) for e in evidence if e.get("declares")]
    if against or declares:
        return min(against) if against else DECLARED + min(declares)
    placed = bounds.scale(raw)
    if any(e.get("supports") == "no_manipulation_found" for e in evidence):
        return CLEARED
    if placed:
        return CLEARED if placed["side"] == "clear" else UNDECIDED
    return REMARKED + min(map(_strength, evidence), default=len(STRENGTHS))


def _line(finding: Json, raw: Json) -> dict[str, Any]:
    evidence = raw.get("evidence") or []
    order = _order_of(raw)
    first = min(
        evidence, key=lambda e: (e.get("supports") != "manipulation_found", _strength(e)),
        default=None,
    )  # fmt: skip
    failed = raw["status"] == "failed"
    return {
        "finding": finding,
        "says": raw["reason"] if failed or first is None else first["text"],
        "number": finding["probability_text"] or finding["score_text"],
        "scale": None if failed else bounds.scale(raw),
        "badge": "failed" if failed else _badge(order),
    }


def _strength(evidence: Json) -> int:
    strength = evidence["strength"]
    return STRENGTHS.index(strength) if strength in STRENGTHS else len(STRENGTHS)


def _badge(order: int) -> str:
    if order < len(STRENGTHS):
        return STRENGTHS[order]
    return "declared" if DECLARED <= order < UNDECIDED else "none"


def aside(displayed: Sequence[Json]) -> dict[str, Any] | None:
    """The checks that did not apply, in one line."""
    folded = [one for one in displayed if one["status"] == NOT_APPLICABLE]
    if not folded:
        return None
    text = ngettext(
        "%(count)s check does not apply: %(names)s",
        "%(count)s checks do not apply: %(names)s",
        len(folded),
    )
    names = language.listed([one["name"] for one in folded])
    return {"text": text % {"count": len(folded), "names": names}, "checks": folded}


def overlay(result: Json) -> dict[str, Any] | None:
    """Boxes of faces over time and the maps of where, in pixels of the media."""
    media, tracks = result.get("media") or {}, result.get("tracks") or []
    width, height = media.get("width"), media.get("height")
    if not width or not height or not tracks:
        return None
    return {
        "width": width,
        "height": height,
        "tracks": [{"id": one["id"], "boxes": one["boxes"]} for one in tracks if one.get("boxes")],
        "maps": [placed for placed in _maps(result, tracks) if placed],
    }


def _maps(result: Json, tracks: Sequence[Json]) -> list[dict[str, Any] | None]:
    boxes = boxes_of(tracks)
    return [
        _placed(evidence["data"], boxes)
        for finding in result.get("findings") or []
        for evidence in finding.get("evidence") or []
        if evidence.get("data")
    ]


def _placed(data: Json, boxes: Boxes) -> dict[str, Any] | None:
    drawn, box = face_map(data), box_of(data, boxes)
    if drawn is None or box is None:
        return None
    left, top, right, bottom = box
    return {
        **drawn,
        "seconds": data.get("seen_at") or 0.0,
        "left": left,
        "top": top,
        "width": right - left,
        "height": bottom - top,
    }
