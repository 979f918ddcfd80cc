"""What applies to which part of a file, for the timeline: a lane to draw and rows to read."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

from django.utils.translation import gettext, gettext_lazy, ngettext

from ml.engine.manifest import manifest_of
from ml.language import number

Json = Mapping[str, Any]
HEARD = {
    "speech": gettext_lazy("Speech"),
    "sound": gettext_lazy("Sound, possibly not speech"),
    "silence": gettext_lazy("Nothing"),
    "nothing": gettext_lazy("No sound"),
}
CHECKS = {
    "face": gettext_lazy("face checks"),
    "voice": gettext_lazy("voice"),
    "lips": gettext_lazy("lip sync"),
}
NBSP = "\N{NO-BREAK SPACE}"
FINEST = 0.5
"""Seconds. Above this value the page states the resolution of the segments."""


def scene_table(
    scenes: Json | None, findings: Sequence[Json], clock: Callable[[float], str]
) -> dict[str, Any] | None:
    """None for images and for results from before scenes existed."""
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
        "name": gettext("Scenes"),
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
        face = gettext("Face {number}")
        return ", ".join(face.format(number=n).replace(" ", NBSP) for n in stretch["faces"])
    if stretch["shot"] is None:
        return gettext("No picture").replace(" ", NBSP)
    if stretch["faces"] is None:
        return gettext("Not known")
    return gettext("No face").replace(" ", NBSP)


def applies(stretch: Json, offered: Set[str | None]) -> str:
    """`Face checks, lip sync`: of the checks that are there."""
    names = ", ".join(str(CHECKS.get(name, name)) for name in stretch["applies"] if name in offered)
    return names[:1].upper() + names[1:] or gettext("None of these checks")


def because(stretch: Json, offered: Set[str | None]) -> str:
    """Why the others do not; each sentence once."""
    why = [why for name, why in stretch["why_not"].items() if name in offered]
    return " ".join(dict.fromkeys(s for s in (*why, stretch["note"]) if s))


def _summary(scenes: Json) -> str:
    shots = scenes.get("shots") or 0
    parts = [ngettext("{count} shot", "{count} shots", shots).format(count=shots)] if shots else []
    if scenes.get("no_speech") is None:
        seconds = number(scenes["speech_seconds"], 1)
        parts.append(gettext("{seconds} s of speech").format(seconds=seconds))
    if (scenes.get("grain") or 0.0) > FINEST:
        parts.append(
            gettext("changes closer than {seconds} s are not separated").format(
                seconds=number(scenes["grain"], 1)
            )
        )
    return ", ".join(parts)
