"""What an evidence film shows, as plain values: texts, boxes, maps and scores over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import override

from media_analysis.reports.contents import NOT_PROOF
from media_analysis.review.models import Case
from media_analysis.submissions.presenters import bench
from media_analysis.submissions.presenters.result import whole_result
from media_analysis.submissions.presenters.timeline import timeline
from ml.engine.naming import clock

Json = Mapping[str, Any]
CLOSE = 0.25
"""Seconds between a frame and the nearest look at a face for its box to be drawn (stage.js)."""
MAP_NEAR = 0.5
"""Seconds round the moment of which a map speaks (stage.js)."""
LANES = 5
SHORT = 12
"""Hexadecimal digits of a hash in the picture; the report holds all of them."""


@dataclass(frozen=True)
class Box:
    track: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Score:
    name: str
    value: float | None
    bound: float | None

    @property
    def flagged(self) -> bool:
        return self.value is not None and self.bound is not None and self.value >= self.bound


@dataclass(frozen=True)
class Scene:
    """Places are in pixels of the media, of `width` and `height`; times in its seconds."""

    width: int
    height: int
    start: float
    length: float
    title: tuple[str, ...]
    tracks: Sequence[Json]
    maps: Sequence[Json]
    lanes: Sequence[Json]
    whole: float
    """How long the media plays."""

    def boxes(self, seconds: float) -> list[Box]:
        found = []
        for track in self.tracks:
            near = min(track["boxes"], key=lambda box: abs(box[0] - seconds))
            if abs(near[0] - seconds) <= CLOSE:
                found.append(Box(track["id"], *near[1:5]))
        return found

    def maps_at(self, seconds: float) -> list[Json]:
        return [one for one in self.maps if abs(one["seconds"] - seconds) <= MAP_NEAR]

    def scores(self, seconds: float) -> list[Score]:
        return [
            Score(lane["name"], _value(lane["segments"], seconds), lane["threshold"])
            for lane in self.lanes
        ]

    def clock(self, seconds: float) -> str:
        return f"{clock(seconds)} / {clock(self.whole)}"


def _value(segments: Sequence[Json], seconds: float) -> float | None:
    """The highest, where stretches overlap."""
    here = [
        one["score"] for one in segments if one["start"] <= seconds < one["start"] + one["length"]
    ]
    return max(here, default=None)


def scene(case: Case, seconds: float, longest: float) -> Scene:
    """The scene of the case's analysis. `seconds` is the length of the playback copy. If it is
    longer than `longest`, the video shows that much around the segment that scored highest."""
    with override("en"):  # a video is the same whoever requests it
        submission, analysis = case.submission, case.submission.analysis
        result = whole_result(analysis)
        drawn = bench.overlay(result) or {"tracks": [], "maps": []}
        over_time = timeline(result) or {"lanes": []}
        lanes = [lane for lane in over_time["lanes"] if lane["kind"] == "bars"]
        lanes.sort(key=lambda lane: -max(one["score"] for one in lane["segments"]))
        media = result["media"] or {}
        length = min(seconds, longest)
        return Scene(
            width=media["width"],
            height=media["height"],
            start=_start(lanes, seconds, length),
            length=length,
            title=(
                f"Evidence video of case {case.pk}",
                f"Engine {analysis.engine_version}, result {analysis.result_sha256[:SHORT]}, "
                f"media {submission.blob_id[:SHORT]}",
                NOT_PROOF.partition(". ")[0] + ".",
            ),
            tracks=drawn["tracks"],
            maps=drawn["maps"],
            lanes=lanes[:LANES],
            whole=seconds,
        )


def _start(lanes: Sequence[Json], seconds: float, length: float) -> float:
    """So that the stretch that scored highest lies in the middle, as far as it goes."""
    stretches = [one for lane in lanes for one in lane["segments"]]
    if length >= seconds or not stretches:
        return 0.0
    highest = max(stretches, key=lambda one: (one["flagged"], one["score"]))
    middle = highest["start"] + highest["length"] / 2
    return float(min(max(middle - length / 2, 0.0), seconds - length))
