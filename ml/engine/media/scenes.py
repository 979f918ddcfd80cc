"""Divides a file into scenes and states what each shows and contains, and what can therefore be
examined there.

Nothing is decoded here: cuts and faces come from the frames, speech from the voice activity. A file
is divided at cuts, where a face appears or disappears, and where sound begins or ends. What applies
to each scene is decided here once, for all detectors and for the reader.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ml.engine.contract import FaceTrack, Heard, Samples, Scene, Scenes, Spans
from ml.engine.media.voice_activity import Activity, find_speech, without
from ml.engine.sentence import joined, say

VERSION = "1"
"""Changes whenever a stretch may; part of the engine's version."""
FACE, VOICE, LIPS = "face", "voice", "lips"
GRAIN = 0.1
"""Seconds. Changes that are closer together are merged."""
MOST = 500
"""The limit of segments per file; a file with more is divided more coarsely."""
STAYS = 0.25
"""Seconds that a face is taken to be in view after it was measured, unless a cut comes."""
PAUSE = 1.5
"""A shorter silence between words or notes belongs to them."""
ENDS_TOGETHER = 0.25
"""Picture and sound of one file are seldom cut to the same millisecond."""

NO_PICTURE = say("scenes.no_picture")
NO_FACE = say("scenes.no_face")
FACES_UNKNOWN = say("scenes.faces_unknown")
NOBODY_HEARD = say("scenes.silence")
NO_SOUND = say("scenes.no_sound")
NOT_DECODED = say("media.undecodable_sound")
OUT_OF_VIEW = say("scenes.out_of_view")
NOT_SEEN = say("scenes.not_seen")
NEARER_TO_MUSIC = say("scenes.music")
SEVERAL_FACES = say("scenes.several_faces")


@dataclass(frozen=True, slots=True)
class PictureTimeline:
    """The file's pictures: when they end, where shots begin, and which face is in view when."""

    end: float
    cuts: tuple[float, ...] = ()
    faces: tuple[tuple[int, float, float], ...] = ()
    """Track, and from when to when."""
    known: bool = True
    """False when faces could not be looked for."""


def picture_timeline(
    last_frames: Sequence[float],
    step: float,
    duration: float | None,
    shots: Sequence[float],
    tracks: Iterable[FaceTrack],
    known: bool,
) -> PictureTimeline:
    """From the seconds of the last two frames that came, one each `step` or seldomer, from the
    first frames of the shots, and from the tracks of the faces."""
    end = _end(last_frames, step, duration)
    cuts = tuple(sorted({s for s in shots[1:] if math.isfinite(s) and 0.0 < s < end}))
    faces = []
    for track in tracks:
        if not (math.isfinite(track.first) and math.isfinite(track.last)):
            continue
        next_cut = cuts[place] if (place := bisect_right(cuts, track.last)) < len(cuts) else end
        first, last = max(track.first, 0.0), min(track.last + STAYS, next_cut, end)
        if last > first:
            faces.append((track.id, first, last))
    return PictureTimeline(end, cuts, tuple(sorted(faces)), known)


def _end(last_frames: Sequence[float], step: float, duration: float | None) -> float:
    frames = [s for s in last_frames if math.isfinite(s) and s >= 0.0]
    if not frames:
        return 0.0
    gap = max(frames[-1] - frames[-2], step) if len(frames) > 1 else step
    end = frames[-1] + gap
    if not math.isfinite(end):  # a clock near the greatest number there is
        return frames[-1]
    promised = _known(duration)
    return promised if frames[-1] < promised < end else end


def _known(seconds: float | None) -> float:
    """0 for what a file does not say, or says without sense."""
    return seconds if seconds is not None and math.isfinite(seconds) and seconds > 0.0 else 0.0


def find_activity(samples: Samples | None) -> Activity | None:
    """None where there is nothing to listen to."""
    return None if samples is None or len(samples) == 0 else find_speech(samples)


def build_scenes(
    pictures: PictureTimeline | None, sound: Activity | None, duration: float | None
) -> Scenes:
    """`pictures` is None for a sound file, `sound` where none could be decoded."""
    timeline = _Sound(sound)
    end = max(_known(duration), timeline.seconds, pictures.end if pictures else 0.0)
    together = end - timeline.seconds < ENDS_TOGETHER and timeline.seconds
    timeline.end = end if together else timeline.seconds
    if pictures is not None and end - pictures.end < ENDS_TOGETHER:
        pictures = replace(pictures, end=end)
    edges, grain = _coarse_enough(pictures, timeline, end)
    cells = [_scene(a, b, pictures, timeline) for a, b in itertools.pairwise(edges)]
    speech = sound.segments if sound and sound.reason is None else ()
    in_view = _joined(((a, b) for _, a, b in pictures.faces), 0.0) if pictures else ()
    return Scenes(
        stretches=tuple(_merged(cells)),
        speech=speech,
        speech_in_view=_shared(speech, in_view),
        no_speech=NOT_DECODED if sound is None else sound.reason,
        sound_seconds=timeline.seconds,
        shots=1 + len(pictures.cuts) if pictures and pictures.end > 0 else 0,
        grain=grain,
    )


class _Sound:
    """What sounds, with the short pauses in it; `end` may be moved to the file's."""

    def __init__(self, activity: Activity | None) -> None:
        self.seconds = self.end = activity.duration if activity else 0.0
        self.speech: Spans = ()
        self.other: Spans = ()
        self.why_other = ""
        if activity is None:
            return
        if activity.reason is None:
            self.speech = without(_joined(activity.segments, PAUSE), activity.refused)
            self.other, self.why_other = activity.refused, NEARER_TO_MUSIC
        else:
            self.other = _joined(activity.segments, PAUSE)
            self.why_other = joined(say("scenes.uncertain"), activity.reason)

    def at(self, moment: float) -> tuple[Heard, str]:
        """The sound over time, and why no voice is examined."""
        if moment >= self.end:
            return Heard.NOTHING, NO_SOUND
        if _within(self.speech, moment):
            return Heard.SPEECH, ""
        if _within(self.other, moment):
            return Heard.SOUND, self.why_other
        return Heard.SILENCE, NOBODY_HEARD


def _coarse_enough(
    pictures: PictureTimeline | None, sound: _Sound, end: float
) -> tuple[list[float], float]:
    """Edges of the stretches. Cuts and ends come before what lies close to them."""
    hard = [sound.end]
    soft = list(itertools.chain(*sound.speech, *sound.other))
    if pictures is not None:
        hard += [pictures.end, *pictures.cuts]
        soft += itertools.chain(*((a, b) for _, a, b in pictures.faces))
    grain = GRAIN
    while len(edges := _edges(hard, soft, end, grain)) > MOST + 1:
        grain *= 2
    return edges, grain


def _edges(hard: Sequence[float], soft: Sequence[float], end: float, grain: float) -> list[float]:
    if end <= 0.0:
        return []
    edges = [0.0, end]
    for some in (hard, soft):
        kept = edges
        edges = []
        for edge in sorted([*kept, *(s for s in some if 0.0 <= s <= end)]):
            place = bisect_right(kept, edge)
            near = [*kept[max(place - 1, 0) : place + 1], *edges[-1:]]
            if edge in kept or all(abs(edge - other) >= grain for other in near):
                edges.append(edge)
    return sorted(set(edges))


def _scene(start: float, end: float, pictures: PictureTimeline | None, sound: _Sound) -> Scene:
    """By what is so in the middle."""
    middle = (start + end) / 2
    shot: int | None = None
    faces: tuple[int, ...] | None = ()
    if pictures is not None and middle < pictures.end:
        shot = 1 + bisect_right(pictures.cuts, middle)
        inside = tuple(track for track, a, b in pictures.faces if a <= middle < b)
        faces = inside if pictures.known else None
    heard, why_no_voice = sound.at(middle)
    why_not = {}
    if why_no_face := _why_no_face(shot, faces):
        why_not[FACE] = why_no_face
    if why_no_voice:
        why_not[VOICE] = why_not[LIPS] = why_no_voice
    elif shot is None:
        why_not[LIPS] = NOT_SEEN
    elif not faces:
        why_not[LIPS] = OUT_OF_VIEW if why_no_face == NO_FACE else why_no_face
    return Scene(
        start=round(start, 3),
        end=round(end, 3),
        shot=shot,
        faces=faces,
        heard=heard,
        applies=tuple(name for name in (FACE, VOICE, LIPS) if name not in why_not),
        why_not=why_not,
        note=SEVERAL_FACES if heard is Heard.SPEECH and faces and len(faces) > 1 else "",
    )


def _why_no_face(shot: int | None, faces: tuple[int, ...] | None) -> str:
    if shot is None:
        return NO_PICTURE
    if faces is None:
        return FACES_UNKNOWN
    return "" if faces else NO_FACE


def _merged(cells: Sequence[Scene]) -> list[Scene]:
    merged: list[Scene] = []
    for cell in cells:
        if merged and replace(merged[-1], start=0.0, end=0.0) == replace(cell, start=0.0, end=0.0):
            merged[-1] = replace(merged[-1], end=cell.end)
        else:
            merged.append(cell)
    return merged


def _joined(spans: Iterable[tuple[float, float]], bridge: float) -> Spans:
    joined: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= bridge:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def _shared(some: Spans, others: Spans) -> Spans:
    shared = []
    place = 0
    for start, end in some:
        while place < len(others) and others[place][1] <= start:
            place += 1
        for first, last in itertools.islice(others, place, None):
            if first >= end:
                break
            shared.append((max(start, first), min(end, last)))
    return tuple(shared)


def _within(spans: Spans, moment: float) -> bool:
    place = bisect_right(spans, (moment, math.inf)) - 1
    return place >= 0 and moment < spans[place][1]
