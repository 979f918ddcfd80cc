"""Scenes, faces in view and the scores of checks over time: lanes to draw and rows to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext

from media_analysis.submissions.presenters import bounds
from media_analysis.submissions.presenters.scene_rows import scene_table
from ml import language
from ml.engine.manifest import manifest_of
from ml.engine.media.sound_pictures import SPECTROGRAM, WAVEFORM
from ml.engine.naming import clock

Json = Mapping[str, Any]
NO_DRAWINGS: Mapping[str, str] = {}


def timeline(result: Json, sound: Mapping[str, str] = NO_DRAWINGS) -> dict[str, Any] | None:
    """Scenes, faces in view, the stretches that findings speak of and the drawings of the sound;
    only where time passes."""
    duration = (result.get("media") or {}).get("duration")
    tracks, findings = result.get("tracks") or [], result.get("findings") or []
    spoken = [(f, s) for f in findings for s in f.get("segments") or []]
    scenes = scene_table(result.get("scenes"), findings, clock)
    if not duration or not (tracks or spoken or scenes or sound):
        return None
    duration = max(duration, scenes["end"] if scenes else 0.0)
    faces = [_of_face(track) for track in tracks]
    checks = [_of_check(finding) for finding in {f["detector"]: f for f, _ in spoken}.values()]
    lanes = [
        *([scenes["lane"]] if scenes else []),
        *(lane for lane, _ in faces),
        *sorted((lane for lane, _ in checks), key=lambda lane: not lane["stands_out"]),
    ]
    rows = [row for _, of_lane in (*faces, *checks) for row in of_lane]
    suspicious = _suspicious(findings)
    return {
        "duration": round(duration, 3),
        "ticks": [clock(duration * part / 4) for part in range(5)],
        "lanes": [*lanes, *_drawings(sound, suspicious)],
        "scored": bool(spoken),
        "scenes": scenes,
        "drawn": bool(sound),
        "listen": [_row(s["start"], s["end"], name, _score(s), "") for name, s in suspicious],
        "rows": sorted(rows, key=lambda row: row["seconds"]),
        "summary": gettext("Length: {time}").format(time=clock(duration)),
    }


def _of_face(track: Json) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Its lane and rows."""
    start, end = track["first"], track["last"]
    name = gettext("Face {number}").format(number=track["id"])
    lane: dict[str, Any] = {"name": name, "kind": "presence", "segments": [_segment(start, end)]}
    return lane, [_row(start, end, name, "", gettext("a face is in view"))]


def _of_check(finding: Json) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Its lane and rows."""
    name = language.check_name(finding["detector"])
    bound = bounds.lane_bound(finding)
    segments = finding["segments"]
    drawn = [_segment(s["start"], s["end"], s.get("score"), bound) for s in segments]
    lane: dict[str, Any] = {
        "name": name, "kind": "bars", "threshold": bound, "segments": drawn,
        "stands_out": any(one["flagged"] for one in drawn),
    }  # fmt: skip
    rows = [
        {
            # The label says what the check finds, which a segment below its bound does not show.
            **_row(
                s["start"],
                s["end"],
                name,
                _score(s),
                s.get("label", "") if one["flagged"] or bound is None else "",
            ),
            "flagged": one["flagged"],
        }
        for s, one in zip(segments, drawn, strict=True)
    ]
    return lane, rows


def _suspicious(findings: Sequence[Json]) -> list[tuple[str, Json]]:
    """The stretches in which a check of the voice lies above its bound, in the order of time."""
    suspicious = [
        (language.check_name(f["detector"]), s)
        for f in findings
        if manifest_of(f["detector"]).looks_at == "voice"
        for s in f.get("segments") or []
        if (bound := bounds.lane_bound(f)) is not None and (s.get("score") or 0.0) >= bound
    ]
    return sorted(suspicious, key=lambda pair: (pair[1]["start"], pair[1]["end"]))


def _drawings(
    sound: Mapping[str, str], suspicious: Sequence[tuple[str, Json]]
) -> list[dict[str, Any]]:
    """As many as there are, each with the suspicious stretches marked on it."""
    named = {WAVEFORM: gettext("Waveform"), SPECTROGRAM: gettext("Spectrogram")}
    marks = [_segment(s["start"], s["end"]) for _, s in suspicious]
    return [
        {"name": named[one], "kind": one, "url": url, "segments": marks}
        for one, url in sound.items()
    ]


def _score(segment: Json) -> str:
    score = segment.get("score")
    return "" if score is None else language.probability(score)


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
