"""A file under examination, opened through the sandbox: what detectors know as `Media`."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any, BinaryIO

from ml.engine.contract import FaceTrack, Frame, Kind, MediaInfo, Samples, Scenes
from ml.engine.media import audio
from ml.engine.media.ahead import read_ahead, read_now
from ml.engine.media.stated import SOUND_FAILED
from sandbox.decoding import Decoding
from sandbox.services import Warden
from sandbox.types import Footer, Header, Limits, Want

AHEAD_BYTES = 32 * 1024 * 1024
"""How many decoded frames may wait: enough for decoding and looking not to wait for each other."""
CHUNK = 1024 * 1024


def fingerprint(file: BinaryIO) -> tuple[str, int]:
    """SHA-256 and size, read once from the start."""
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    return digest.hexdigest(), size


class ScenesNotTold(RuntimeError):
    """Faces in view and speech are not known, or not yet."""


class OpenMedia:
    """One file in the sandbox's hands. Frames come once; the sound is there after them."""

    def __init__(
        self, decoding: Decoding, facts: Mapping[str, Any], sha256: str, size: int
    ) -> None:
        self._decoding = decoding
        self._facts = facts
        self._sound: Samples | None = None
        self._sound_read = False
        self._reading = threading.Lock()
        self._info = _from_header(decoding.header, sha256, size)
        self._scenes: Scenes | None = None
        self.tracks: Sequence[FaceTrack] = ()

    @property
    def info(self) -> MediaInfo:
        return self._info

    @property
    def facts(self) -> Mapping[str, Any]:
        return self._facts

    @property
    def scenes(self) -> Scenes:
        if self._scenes is None:
            raise ScenesNotTold
        return self._scenes

    @scenes.setter
    def scenes(self, scenes: Scenes) -> None:
        self._scenes = scenes

    def add_flags(self, *flags: str) -> None:
        self._info = replace(self._info, flags=_joined(self._info.flags, flags))

    def frames(self) -> Generator[Frame]:
        """Every sampled frame, in order. When they have ended, `info` counts what was decoded."""
        source = self._decoding.frames()
        if self._info.kind is Kind.VIDEO:
            pictures = read_ahead(source, depth=self._depth(), stop=self._decoding.cancel)
        else:
            pictures = read_now(source)
        with closing(pictures):
            for index, seconds, pixels in pictures:
                yield Frame(index, seconds, pixels)
        self._info = _with_footer(self._info, self._decoding.footer)

    def _depth(self) -> int:
        frame = 3 * (self._info.width or 1) * (self._info.height or 1)
        return min(max(AHEAD_BYTES // frame, 2), 16)

    def audio(self, rate: int = audio.SANDBOX_RATE) -> Samples | None:
        with self._reading:  # checks that conclude side by side may both be the first to ask
            if not self._sound_read:
                self._sound = self._decoding.audio()
                self._sound_read = True
        return None if self._sound is None else audio.at_rate(self._sound, rate)


@contextmanager
def opened(
    file: BinaryIO,
    *,
    warden: Warden,
    sha256: str,
    size: int,
    frame_rate: float,
    limits: Limits,
    close_seconds: float = 0.0,
    close_seconds_without_sound: float = 0.0,
) -> Iterator[OpenMedia]:
    """Gather the file's facts, then start decoding it. Raises the sandbox's Rejected."""
    facts = warden.facts(file, limits=limits)
    want = Want(
        sample_fps=frame_rate,
        audio_rate=audio.SANDBOX_RATE,
        close_seconds=close_seconds,
        close_seconds_without_sound=close_seconds_without_sound,
    )
    with warden.decode(file, want=want, limits=limits) as decoding:
        yield OpenMedia(decoding, facts, sha256, size)


def _from_header(header: Header, sha256: str, size: int) -> MediaInfo:
    return MediaInfo(
        sha256=sha256,
        size=size,
        kind=Kind(header.kind),
        format=header.format,
        width=header.width,
        height=header.height,
        duration=header.duration,
        fps=header.fps,
        frames_expected=header.frames_expected,
        has_audio=header.has_audio,
        sample_rate=header.sample_rate,
        channels=header.channels,
        pages=header.pages,
        flags=tuple(header.flags),
    )


def _with_footer(info: MediaInfo, footer: Footer) -> MediaInfo:
    sound_only = info.kind is Kind.AUDIO
    return replace(
        info,
        duration=info.duration if info.duration is not None else footer.seconds or None,
        frames_expected=None if sound_only else footer.frames_expected,
        frames_decoded=None if sound_only else footer.frames_decoded,
        incomplete=footer.incomplete,
        has_audio=info.has_audio and SOUND_FAILED not in footer.flags,
        flags=_joined(info.flags, footer.flags),
        quantiser=footer.quantiser,
    )


def _joined(first: Sequence[str], then: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *then)))
