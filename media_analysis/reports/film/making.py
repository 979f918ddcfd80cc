"""The film made with moviepy from the playback copy: WebM, VP9 and Opus.

The copy is our own, and the sandbox decodes it all the same: no bytes of a file reach moviepy, only
pixels and samples. moviepy passes them to ffmpeg, which writes and reads no file but the film.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from media_analysis.reports.film.drawing import Painter, Picture
from media_analysis.reports.film.scenes import Scene
from sandbox.services import warden
from sandbox.types import Code, Limits, Rejected, Want

RATE = 48_000
FASTEST = 25.0
"""Frames a second."""
EVERY_FRAME = 1000.0
MOST_BYTES = 30 * 1024 * 1024
"""So that the verification page accepts it together with the report."""
SLOWEST = 20.0
"""Seconds of work for each second of the film, and `AT_LEAST` for the shortest: then it is given
up."""
AT_LEAST = 60.0
THREADS = 2
PARAMETERS = (
    "-pix_fmt", "yuv420p", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1",
    "-b:v", "1000k", "-crf", "30", "-b:a", "64k", "-ac", "1", "-map_metadata", "-1",
    "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact",
)  # fmt: skip


class Stopped(Exception):
    """`should_stop` said so."""


@dataclass(frozen=True)
class Made:
    seconds: float
    took: float


def make(
    copy: BinaryIO,
    film: Path,
    scene: Scene,
    *,
    fps: float,
    progress: Callable[[float], None],
    should_stop: Callable[[], bool],
) -> Made:
    """Write the film of `copy` to `film`. Raises what the sandbox raises, or `Stopped`."""
    from moviepy import VideoClip  # two seconds, and only whoever makes a film needs it
    from moviepy.audio.AudioClip import AudioArrayClip

    began = time.monotonic()
    limits = Limits(max_duration=scene.whole + 1)
    samples = _samples(copy, scene, limits)
    want = Want(sample_fps=EVERY_FRAME, audio_rate=None)
    with warden().decode(_rewound(copy), want=want, limits=limits) as decoding:
        reel, painter = _Reel(decoding.frames()), Painter(scene)

        def frame(seconds: float) -> Picture:
            if should_stop():
                raise Stopped
            if time.monotonic() - began > AT_LEAST + SLOWEST * scene.length:
                raise Rejected(Code.TOO_EXPENSIVE, "the film took too long")
            progress(min(seconds / scene.length, 1.0))
            at = scene.start + seconds
            return painter.painted(reel.at(at), at)

        clip = VideoClip(frame, duration=scene.length)
        if samples is not None:
            clip = clip.with_audio(AudioArrayClip(samples, fps=RATE))
        clip.write_videofile(
            str(film),
            fps=min(fps, FASTEST),
            codec="libvpx-vp9",
            audio_codec="libopus",
            audio_fps=RATE,
            audio_nbytes=2,
            temp_audiofile=str(film.with_suffix(".sound.webm")),
            threads=THREADS,
            ffmpeg_params=list(PARAMETERS),
            logger=None,
        )
    if film.stat().st_size > MOST_BYTES:
        raise Rejected(Code.TOO_EXPENSIVE, "the film is too large")
    return Made(seconds=scene.length, took=time.monotonic() - began)


def _rewound(file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return file


def _samples(copy: BinaryIO, scene: Scene, limits: Limits) -> NDArray[np.float32] | None:
    """The sound of the stretch, for both ears: moviepy writes one channel at half speed."""
    want = Want(frames=False, audio_rate=RATE, sound_in_time=True)
    with warden().decode(_rewound(copy), want=want, limits=limits) as decoding:
        if not decoding.header.has_audio:
            return None
        samples = decoding.audio()
        if samples is None:
            return None
        first = round(scene.start * RATE)
        part = np.array(samples[first : first + round(scene.length * RATE)])
    return np.column_stack((part, part)) if part.size else None


class _Reel:
    """Frames in the order of time, the one that a player would show at a moment."""

    def __init__(self, frames: Iterator[tuple[int, float, Picture]]) -> None:
        self._frames = frames
        first = next(frames, None)
        if first is None:
            raise Rejected(Code.NO_MEDIA)
        self._shown = first[2]
        self._next = next(frames, None)

    def at(self, seconds: float) -> Picture:
        """Only ever forwards."""
        while self._next is not None and self._next[1] <= seconds + 1e-6:
            self._shown = self._next[2]
            self._next = next(self._frames, None)
        return self._shown
