"""The types of the sandbox: requests, results and refusals.

Nothing here imports a decoder, Django or a model runtime, because both sides of the sandbox use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MIB = 1024 * 1024


class Code(StrEnum):
    """Why a file is refused. Stable: callers, clients and reports rely on these strings."""

    EMPTY = "empty"
    TYPE_NOT_ALLOWED = "type_not_allowed"
    CORRUPT = "corrupt"
    NO_MEDIA = "no_media"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_FRAMES = "too_many_frames"
    TOO_LONG = "too_long"
    TOO_EXPENSIVE = "too_expensive"
    DECOMPRESSION_BOMB = "decompression_bomb"
    EXTERNAL_REFERENCE = "external_reference"
    ASPECT_NOT_SUPPORTED = "aspect_not_supported"
    VARIANT_NOT_READ = "variant_not_read"


SENTENCES: dict[Code, str] = {
    Code.EMPTY: ("The file is empty. Send it again. An interrupted upload can be the cause."),
    Code.TYPE_NOT_ALLOWED: (
        "This file type is not supported, whatever its name is. Send a picture (JPEG, PNG, "
        "WebP, GIF, HEIC, AVIF, TIFF, BMP, JPEG 2000 or JPEG XL), a video (MP4, MOV, 3GP, "
        "Matroska, WebM, AVI, MPEG as TS or PS, FLV, WMV or MXF) or sound (WAV, FLAC, MP3, Ogg, "
        "Opus, M4A, AAC, AIFF, AMR, CAF, AU or WMA)."
    ),
    Code.CORRUPT: (
        "The file is damaged, or does not match its first bytes: nothing in it could be "
        "decoded. Send the original file if you have it."
    ),
    Code.NO_MEDIA: ("The file is well-formed but contains no picture, no video and no sound."),
    Code.TOO_MANY_PIXELS: (
        "The picture exceeds the size limit. Send a smaller version, and say that it was reduced."
    ),
    Code.TOO_MANY_FRAMES: "The file contains more frames than the limit. Send a part.",
    Code.TOO_LONG: "The recording is longer than the limit. Send the part in question.",
    Code.TOO_EXPENSIVE: (
        "Decoding the file took more time or memory than the limit, so it was stopped."
    ),
    Code.DECOMPRESSION_BOMB: (
        "A small part of the file unpacks to far more data than belongs there. Such files are "
        "made to exhaust a server. It was not decoded."
    ),
    Code.EXTERNAL_REFERENCE: (
        "The file refers to media in other files or on the network. Only the content of the "
        "file itself is analysed. Nothing else was opened."
    ),
    Code.VARIANT_NOT_READ: (
        "The file type is supported, but its encoding is not. Send the original, or a copy in a"
        " common encoding, and say that it is a copy."
    ),
    Code.ASPECT_NOT_SUPPORTED: "The picture is a strip, far longer than wide. It is not analysed.",
}


class Rejected(Exception):
    """The input's fault: say why, do not retry."""

    def __init__(self, code: Code | str, detail: str = "") -> None:
        self.code: str = str(code)
        self.sentence: str = SENTENCES[Code(code)]
        self.detail: str = detail
        """For a log: the class of the decoder's error, or the measure that was passed."""
        super().__init__(f"{self.code}: {self.sentence}")


class SandboxFailed(Exception):
    """Not the input's verdict: a child that died, lied or hung, or a wall that does not stand.

    `code` is one of protocol, crashed, killed, timeout, internal, unavailable, no_wall.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}" if detail else code)


PASS_ON = (MemoryError, PermissionError, ImportError)
"""Never the file's fault: want of memory, and our own wall that stands where something was still
to be loaded. Everything else that a decoder raises means that the file is broken."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. The child keeps to them; the parent checks that it did."""

    max_pixels: int = 50_000_000
    """One still."""
    max_frame_pixels: int = 4096 * 2304
    """One frame of a video."""
    max_animation_pixels: int = 500_000_000
    """All frames of an animated picture together."""
    max_animation_frames: int = 5_000
    max_frames: int = 250_000
    max_duration: float = 3600.0
    max_aspect: float = 100.0
    max_streams: int = 32
    cpu_seconds: int = 60
    cpu_per_media_second: float = 2.0
    """Added to `cpu_seconds` for each second of the recording."""
    wall_seconds: float = 120.0
    """How long the parent waits for the child, its own work between frames not counted."""
    wall_per_media_second: float = 4.0
    memory_bytes: int = 1200 * MIB
    """Address space above what the warden itself has mapped."""
    max_facts_bytes: int = MIB
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Want:
    """What the caller would like to receive."""

    frames: bool = True
    sample_fps: float = 5.0
    """At least so many frames a second are sent, and always the first and the last."""
    max_side: int | None = None
    """Frames are made smaller in the child so that their longer side is at most this."""
    audio_rate: int | None = 16_000
    """None: no sound is wanted."""
    sound_in_time: bool = False
    """For listening: silence where the sound's own times leave a hole, and what they lay over one
    another is left out, so that sample n is second n / rate. Else the samples as they were kept."""
    close_seconds: float = 0.0
    """For video with sound, up to this many seconds are sent at up to `close_fps` frames per
    second: all of a short video, otherwise segments of up to `close_stretch` seconds, spread evenly
    over it."""
    close_seconds_without_sound: float = 0.0
    """The same for silent video."""
    close_stretch: float = 2.5
    close_fps: float = 30.0


class Flag(StrEnum):
    """Stated facts about the file and its decoding. The list may grow."""

    TRAILING_DATA = "trailing_data"
    TIMESTAMPS_INVALID = "timestamps_invalid"
    RESOLUTION_CHANGE = "resolution_change"
    ROTATED = "rotated"
    ANIMATED_IMAGE = "animated_image"
    MULTI_PICTURE = "multi_picture"
    MULTI_PAGE = "multi_page"
    EXTRA_STREAMS = "extra_streams"
    UNKNOWN_CODEC = "unknown_codec"
    COVER_ART_IGNORED = "cover_art_ignored"
    DECODE_ERRORS = "decode_errors"
    PICTURE_ERRORS = "picture_errors"
    SOUND_ERRORS = "sound_errors"
    PICTURES_NOT_DECODED = "pictures_not_decoded"
    SOUND_NOT_DECODED = "sound_not_decoded"
    READER_BROKE = "reader_broke"
    FRAME_COUNT_UNKNOWN = "frame_count_unknown"
    FRAME_COUNT_IMPLAUSIBLE = "frame_count_implausible"
    HIGH_BIT_DEPTH = "high_bit_depth"
    VALUES_SCALED = "values_scaled"
    CMYK = "cmyk"
    TRANSPARENCY = "transparency"
    AUDIO_FORMAT_CHANGE = "audio_format_change"
    AUDIO_REPAIRED = "audio_repaired"
    AUDIO_INCOMPLETE = "audio_incomplete"
    METADATA_MALFORMED = "metadata_malformed"


@dataclass(frozen=True, slots=True)
class Header:
    """What the file is. Sizes are of the full picture, orientation applied."""

    kind: str
    """image | video | audio. An animated picture is a video with the flag `animated_image`."""
    format: str
    """One of the formats in `sniff.py`."""
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    fps: float | None = None
    frames_expected: int | None = None
    """What the container promises; None when it promises nothing."""
    has_audio: bool = False
    sample_rate: int | None = None
    channels: int | None = None
    pages: int | None = None
    """The number of pages of a picture file. The first one is decoded."""
    codecs: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Footer:
    """What was really decoded. `incomplete` means: less than the file promised."""

    frames_decoded: int = 0
    frames_sent: int = 0
    frames_expected: int | None = None
    incomplete: bool = False
    flags: tuple[str, ...] = ()
    """All of the header's, and what decoding added."""
    seconds: float = 0.0
    """The duration of the decoded part of the recording."""
    audio_seconds: float = 0.0
    decoded_share: float | None = None
    """Decoded over expected, 0..1, where the file promised anything."""
    quantiser: float | None = None
    """Mean quantiser of some frames, 0..51 and more for deep colours; H.264 only. The higher, the
    stronger the compression."""
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    """The child's peak resident memory, as the child tells; `Decoding.ended` has the kernel's."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt to get out, made from inside a locked child."""

    name: str
    denied: bool
    how: str


@dataclass(frozen=True, slots=True)
class WallReport:
    """Which wall stands."""

    wall: str
    """For example `bubblewrap + landlock + seccomp`, `landlock + seccomp`, `none`."""
    stands: bool
    probes: tuple[Probe, ...] = ()
    notes: tuple[str, ...] = ()
