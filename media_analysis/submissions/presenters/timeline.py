"""Scenes, faces in view and the scores of checks over time: lanes to draw and rows to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from media_analysis.submissions.presenters import bounds
from media_analysis.submissions.presenters.scene_rows import scene_table
from ml import language
from ml.engine.naming import clock

Json = Mapping[str, Any]


def timeline(result: Json) -> dict[str, Any] | None:
    """Scenes, faces in view and the stretches that findings speak of; only where time passes."""
    duration = (result.get("media") or {}).get("duration")
    tracks, findings = result.get("tracks") or [], result.get("findings") or []
    spoken = [(f, s) for f in findings for s in f.get("segments") or []]
    scenes = scene_table(result.get("scenes"), findings, clock)
    if not duration or not (tracks or spoken or scenes):
        return None
    duration = max(duration, scenes["end"] if scenes else 0.0)
    lanes, rows = [scenes["lane"]] if scenes else [], []
    for track in tracks:
        start, end = track["first"], track["last"]
        name = gettext("Face {number}").format(number=track["id"])
        lanes.append({"name": name, "kind": "presence", "segments": [_segment(start, end)]})
        rows.append(_row(start, end, name, "", gettext("a face is in view")))
    for f in {f["detector"]: f for f, _ in spoken}.values():
        name = language.check_name(f["detector"])
        bound = bounds.lane_bound(f)
        lane = [_segment(s["start"], s["end"], s.get("score"), bound) for s in f["segments"]]
        lanes.append({"name": name, "kind": "bars", "threshold": bound, "segments": lane})
        for s, drawn in zip(f["segments"], lane, strict=True):
            score = "" if s.get("score") is None else language.number(s["score"], 2)
            row = _row(s["start"], s["end"], name, score, s.get("label", ""))
            rows.append({**row, "flagged": drawn["flagged"]})
    return {
        "duration": round(duration, 3),
        "ticks": [clock(duration * part / 4) for part in range(5)],
        "lanes": lanes,
        "scored": bool(spoken),
        "scenes": scenes,
        "rows": sorted(rows, key=lambda row: row["seconds"]),
        "summary": gettext("Length: {time}").format(time=clock(duration)),
    }


def _segment(
    start: float, end: float, score: float | None = None, bound: float | None = None
) -> dict[str, Any]:
    return {
        "start": round(start, 3),
        "length": round(max(end - start, 0.04), 3),
        "score": min(max(score or 0.0, 0.0), 1.0),  # drawn on a lane one unit high
        "flagged": bound is not None and (score or 0.0) >= bound,
    }


def _row(start: float, end: float, lane: str, score: str, label: str) -> dict[str, Any]:
    return {
        "start_text": clock(start),
        "end_text": clock(end),
        "seconds": round(start, 2),
        "until": round(end, 2),
        "lane": lane,
        "score_text": score,
        "label": label,
    }
