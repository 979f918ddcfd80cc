"""Chooses which pictures and which sound of a container are examined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import av

from sandbox.containers.extent import Extent
from sandbox.decoders.codecs import ALLOWED
from sandbox.types import Code, Flag, Limits, Rejected

_D = av.stream.Disposition
NO_FILM = _D.attached_pic | _D.timed_thumbnails
"""Cover art and chapter pictures are stored as video tracks, and are no film."""
BESIDE_THE_MAIN = _D.comment | _D.visual_impaired | _D.hearing_impaired | _D.dub
"""Tracks that accompany another one."""
PICTURE_CODECS = frozenset({"mjpeg", "png", "jpeg2000", "rawvideo"})
"""Some writers store a cover as an ordinary video track of one such picture."""


def choose(container: Any, measured: Extent, limits: Limits, flags: set[str]) -> tuple[Any, Any]:
    """(video stream or None, sound stream or None). What is left out is stated in `flags`."""
    streams = container.streams
    if len(streams) > limits.max_streams:
        raise Rejected(Code.CORRUPT, f"{len(streams)} streams")
    videos = [s for s in streams if s.type == "video" and not s.disposition & NO_FILM]
    sounds = [s for s in streams if s.type == "audio"]
    if any(s.type == "video" and s.disposition & NO_FILM for s in streams):
        flags.add(Flag.COVER_ART_IGNORED)
    if not videos and not sounds:
        raise Rejected(Code.NO_MEDIA)
    video = _main(videos, measured, flags, Flag.PICTURES_NOT_DECODED)
    sound = _main(sounds, measured, flags, Flag.SOUND_NOT_DECODED)
    if len(videos) > 1 or len(sounds) > 1:
        flags.add(Flag.EXTRA_STREAMS)
    if video is None and sound is None:
        raise Rejected(Code.VARIANT_NOT_READ, "no codec that is read")
    return video, sound


def _main(streams: Sequence[Any], measured: Extent, flags: set[str], missing: Flag) -> Any:
    """The track that a player shows: marked as default, in the main role, no lone picture, the
    earlier one. A track whose codec is not read is never chosen; if no other is there, that part
    is missing."""
    known = [s for s in streams if _is_read(s)]
    if len(known) < len(streams):
        flags.add(Flag.UNKNOWN_CODEC)
    if streams and not known:
        flags.add(missing)

    def rank(stream: Any) -> tuple[bool, bool, bool]:
        frames = measured.frames_by_stream.get(stream.id, stream.frames)
        lone = stream.codec_context.name in PICTURE_CODECS and frames <= 1
        accompanies = bool(stream.disposition & BESIDE_THE_MAIN)
        return not stream.disposition & _D.default, accompanies, lone

    return min(known, key=rank, default=None)


def _is_read(stream: Any) -> bool:
    context = stream.codec_context
    return context is not None and context.name in ALLOWED
