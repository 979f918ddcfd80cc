"""What applies to which part of a file, for the timeline: a lane to draw and rows to read."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

from ml.engine.manifest import manifest_of

Json = Mapping[str, Any]
HEARD = {
    "speech": "Speech",
    "sound": "Sound, speech not certain",
    "silence": "Nothing",
    "nothing": "No sound",
}
CHECKS = {"face": "face checks", "voice": "voice", "lips": "lip sync"}
NBSP = "\N{NO-BREAK SPACE}"
FINEST = 0.5
"""Seconds; from then on it is told how finely the file was divided."""


def scene_table(
    scenes: Json | None, findings: Sequence[Json], clock: Callable[[float], str]
) -> dict[str, Any] | None:
    """None for results from before scenes were told, and for stills."""
    there = {f["detector"] for f in findings}
    offered = {manifest_of(name).looks_at for name in there}
    stretches = (scenes or {}).get("stretches") or []
    if not scenes or not stretches:
        return None
    return {
        "lane": lane(stretches),
        "rows": [_row(stretch, offered, clock) for stretch in stretches],
        "end": stretches[-1]["end"],
        "summary": _summary(scenes),
    }


def lane(stretches: Sequence[Json]) -> dict[str, Any]:
    """Cuts, and bars for faces in view, for speech and for other sound."""
    return {
        "name": "Scenes",
        "kind": "scenes",
        "cuts": [
            after["start"]
            for before, after in itertools.pairwise(stretches)
            if None not in (before["shot"], after["shot"]) and before["shot"] != after["shot"]
        ],
        "faces": _bars(s for s in stretches if s["faces"]),
        "speech": _bars(s for s in stretches if s["heard"] == "speech"),
        "sound": _bars(s for s in stretches if s["heard"] == "sound"),
    }


def _bars(stretches: Iterable[Json]) -> list[dict[str, float]]:
    bars: list[dict[str, float]] = []
    for stretch in stretches:
        if bars and bars[-1]["end"] == stretch["start"]:
            bars[-1]["end"] = stretch["end"]
        else:
            bars.append({"start": stretch["start"], "end": stretch["end"]})
    return [{"start": bar["start"], "length": round(bar["end"] - bar["start"], 3)} for bar in bars]


def _row(stretch: Json, offered: Set[str | None], clock: Callable[[float], str]) -> dict[str, Any]:
    return {
        "start_text": clock(stretch["start"]),
        "end_text": clock(stretch["end"]),
        "seconds": round(stretch["start"], 2),
        "shot": "" if stretch["shot"] is None else str(stretch["shot"]),
        "in_view": _in_view(stretch),
        "heard": HEARD.get(stretch["heard"], stretch["heard"]),
        "applies": applies(stretch, offered),
        "because": because(stretch, offered),
    }


def _in_view(stretch: Json) -> str:
    if stretch["faces"]:
        return ", ".join(f"Face{NBSP}{track}" for track in stretch["faces"])
    if stretch["shot"] is None:
        return f"No{NBSP}picture"
    return "Not known" if stretch["faces"] is None else f"No{NBSP}face"


def applies(stretch: Json, offered: Set[str | None]) -> str:
    """`Face checks, lip sync`: of the checks that are there."""
    names = ", ".join(CHECKS.get(name, name) for name in stretch["applies"] if name in offered)
    return names[:1].upper() + names[1:] or "None of these checks"


def because(stretch: Json, offered: Set[str | None]) -> str:
    """Why the others do not; each sentence once."""
    why = [why for name, why in stretch["why_not"].items() if name in offered]
    return " ".join(dict.fromkeys(s for s in (*why, stretch["note"]) if s))


def _summary(scenes: Json) -> str:
    shots = scenes.get("shots") or 0
    said = [f"{shots} shot{'' if shots == 1 else 's'}"] if shots else []
    if scenes.get("no_speech") is None:
        said.append(f"{scenes['speech_seconds']:.1f} s of speech")
    if (scenes.get("grain") or 0.0) > FINEST:
        said.append(f"changes closer than {scenes['grain']:g} s are not told apart")
    return ", ".join(said)
