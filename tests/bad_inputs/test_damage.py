"""Cut files and flipped bytes: nothing cut passes as whole, nothing brings the parent down."""

from __future__ import annotations

import functools
import random
import tempfile
from collections.abc import Callable

import pytest

from sandbox.services import Warden
from sandbox.types import Flag, Limits, Rejected, SandboxFailed, Want
from tests.sandbox import formats, media
from tests.sandbox.conftest import decode_bytes

FILES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: media.picture("JPEG", 320, 240),
    "jpeg_progressive": lambda: media.picture("JPEG", 320, 240, progressive=True),
    "png": lambda: media.picture("PNG", 320, 240),
    "webp": lambda: media.picture("WEBP", 320, 240),
    "gif": lambda: media.animation("GIF"),
    "heif": lambda: media.picture("HEIF"),
    "mp4": lambda: media.video(frames=30, muxer={"movflags": "faststart"}),
    "mkv": lambda: media.video(frames=30, container="matroska"),
    "avi": lambda: media.video(frames=30, container="avi", codec="mpeg4", sound="libmp3lame"),
    "wav": lambda: media.sound("wav"),
    "flac": lambda: media.sound("flac", "flac"),
    "mp3": lambda: media.sound("mp3", "libmp3lame"),
    "ogg": lambda: media.sound("ogg", "libopus", rate=48_000),
    **{
        name: functools.partial(formats.whole, name)
        for name in (
            "tiff_raw",
            "tiff_tiff_lzw",
            "bmp_RGB",
            "jp2",
            "jxl",
            "jxl_bare",
            "flv_h264",
            "wmv2",
            "mxf",
            "aiff",
            "caf_pcm",
            "au",
        )
    },
    "fragmented": lambda: media.video(
        frames=30, muxer={"movflags": "frag_keyframe+empty_moov"}, options={"g": "5"}
    ),
}
CUTS = 20
SEED = 20


@functools.cache
def whole(name: str) -> bytes:
    return FILES[name]()


@pytest.mark.parametrize("name", FILES)
def test_nothing_cut_is_taken_as_whole(name: str, warden: Warden) -> None:
    """Twenty cuts of each file: incomplete with its share, or refused; never whole."""
    data = whole(name)
    assert not decode_bytes(warden, data).footer.incomplete
    ends = []
    for cut in range(1, CUTS + 1):
        try:
            got = decode_bytes(warden, data[: max(1, len(data) * cut // (CUTS + 1))])
        except Rejected as refusal:
            ends.append(refusal.code)
            continue
        assert got.footer.incomplete, f"cut {cut} of {name} was taken as whole"
        ends.append("incomplete")
    assert len(ends) == CUTS
    assert set(ends) <= {"incomplete", "corrupt", "no_media", "type_not_allowed"}


@pytest.mark.parametrize("name", ["jpeg", "png", "mp4", "avi"])
def test_how_much_was_decoded_is_stated(name: str, warden: Warden) -> None:
    """Of half a file about half is decoded, and the number says so."""
    data = whole(name)
    got = decode_bytes(warden, data[: len(data) * 6 // 10])
    assert got.footer.decoded_share is not None and 0.2 < got.footer.decoded_share < 0.95
    assert got.footer.frames_expected is not None
    assert got.footer.frames_decoded <= got.footer.frames_expected


def flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 2, 8, 64))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    if chance.random() < 0.2:
        del changed[chance.randrange(len(changed)) :]
    return bytes(changed)


def mutate(warden: Warden, count: int) -> dict[str, int]:
    """Decode `count` damaged files; what came of them, by kind."""
    chance = random.Random(SEED)
    limits = Limits(cpu_seconds=20, wall_seconds=60)
    pid = warden.pid
    ends: dict[str, int] = {}
    for _ in range(count):
        data = flipped(whole(chance.choice(list(FILES))), chance)
        end = _end(warden, data, limits)
        if end == "failed_timeout":
            # A child that stood still without using its processor: the worker would try again,
            # and the file is only to blame if it happens again.
            ends["stalled_once"] = ends.get("stalled_once", 0) + 1
            end = _end(warden, data, limits)
        ends[end] = ends.get(end, 0) + 1
        assert warden.pid == pid
    return ends


def _end(warden: Warden, data: bytes, limits: Limits) -> str:
    try:
        got = decode_bytes(warden, data, want=Want(sample_fps=1), limits=limits)
    except Rejected as refusal:
        return refusal.code
    except SandboxFailed as failure:
        return f"failed_{failure.code}"
    return "incomplete" if got.footer.incomplete else "decoded"


def _check(ends: dict[str, int], count: int) -> None:
    stalled = ends.pop("stalled_once", 0)
    assert stalled <= max(1, count // 200), f"{stalled} of {count} children stood still"
    assert sum(ends.values()) == count
    odd = {"failed_protocol", "failed_timeout", "failed_internal", "failed_unavailable"}
    assert not odd & ends.keys(), ends


def test_flipped_bytes_never_reach_the_parent(warden: Warden) -> None:
    """A short run: each file ends decoded, incomplete, refused, or with a named child's death."""
    _check(mutate(warden, 120), 120)


@pytest.mark.slow
def test_a_thousand_mutations(warden: Warden) -> None:
    """The long run."""
    _check(mutate(warden, 1000), 1000)


def test_facts_survive_flipped_bytes(warden: Warden) -> None:
    """Metadata readers meet damaged structures too."""
    chance = random.Random(SEED + 1)
    for _ in range(80):
        with tempfile.TemporaryFile() as file:
            file.write(flipped(whole(chance.choice(list(FILES))), chance))
            file.flush()
            try:
                assert isinstance(warden.facts(file), dict)
            except Rejected:
                pass


def test_sound_that_cannot_be_mixed_down_is_stated(warden: Warden) -> None:
    """A WAV that claims 122 channels: no sound comes of it, the flag says so, nothing crashes."""
    data = bytearray(media.sound("wav"))
    form = data.index(b"fmt ") + 8
    channels, rate = 122, int.from_bytes(data[form + 4 : form + 8], "little")
    data[form + 2 : form + 4] = channels.to_bytes(2, "little")
    data[form + 8 : form + 12] = (rate * channels * 2).to_bytes(4, "little")
    data[form + 12 : form + 14] = (channels * 2).to_bytes(2, "little")
    got = decode_bytes(warden, bytes(data))
    assert Flag.DECODE_ERRORS in got.footer.flags
    assert got.audio is None or len(got.audio) == 0
