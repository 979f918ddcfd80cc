"""What is well-formed is decoded whole, behind the wall, in every format on the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sandbox.types import Want
from tests.sandbox import media
from tests.sandbox.conftest import Decoded


@pytest.mark.parametrize("name", media.PICTURES)
def test_each_picture_format_is_decoded_whole(name: str, decode: Callable[..., Decoded]) -> None:
    """A picture comes out at its full size, complete, and looks like what went in."""
    kind, options = media.PICTURES[name]
    got = decode(media.picture(kind, **options))
    assert (got.header.kind, got.header.width, got.header.height) == ("image", 160, 120)
    assert not got.footer.incomplete
    assert got.footer.frames_decoded == 1
    (_, _, pixels), *more = got.frames
    assert not more
    assert np.abs(pixels.astype(int) - media.scene()).mean() < 25


@pytest.mark.parametrize("name", media.VIDEOS)
def test_each_video_format_is_decoded_whole(name: str, decode: Callable[..., Decoded]) -> None:
    """All frames are counted, the first and the last are sent, and the sound is as long."""
    options: dict[str, Any] = {"frames": 50, **media.VIDEOS[name]}
    got = decode(media.video(**options))
    frames = options["frames"]
    assert got.header.kind == "video"
    assert (got.header.width, got.header.height) == (160, 120)
    assert got.footer.frames_decoded == frames
    assert got.footer.frames_expected in (None, frames)
    assert not got.footer.incomplete, got.footer
    assert got.frames[0][0] == 0
    assert got.frames[-1][0] == frames - 1
    assert np.abs(got.frames[0][2].astype(int) - media.scene()).mean() < 25
    assert got.header.has_audio
    assert got.audio is not None
    assert len(got.audio) / 16_000 == pytest.approx(frames / 25, abs=0.15)
    assert 0.2 < np.abs(got.audio).max() <= 1


@pytest.mark.parametrize("crf", [18, 28, 40])
def test_the_strength_of_compression_is_read(crf: int, decode: Callable[..., Decoded]) -> None:
    """The quantiser of an H.264 video lies near the rate factor that it was encoded with."""
    options = {"crf": str(crf), "preset": "veryfast"}
    got = decode(media.video(options=options, size=(320, 240)))
    assert got.footer.quantiser == pytest.approx(crf, abs=6)


def test_other_codecs_state_no_strength(decode: Callable[..., Decoded]) -> None:
    """Their quantisers have other scales, so none is reported; nor for a picture."""
    assert decode(media.video(codec="mpeg4")).footer.quantiser is None
    assert (
        decode(media.video(container="webm", codec="libvpx-vp9", sound="libopus")).footer.quantiser
        is None
    )
    assert decode(media.picture("PNG")).footer.quantiser is None


@pytest.mark.parametrize("name", media.SOUNDS)
def test_each_sound_format_is_decoded_whole(name: str, decode: Callable[..., Decoded]) -> None:
    """Mono float32 at the rate asked for, as long as what went in, with the tone that went in."""
    container, codec, rate = media.SOUNDS[name]
    got = decode(media.sound(container, codec, 2.0, rate))
    assert got.header.kind == "audio"
    assert got.header.channels == 2
    assert got.frames == []
    assert not got.footer.incomplete, got.footer
    assert got.audio is not None
    assert len(got.audio) / 16_000 == pytest.approx(2.0, abs=0.12)
    spectrum = np.abs(np.fft.rfft(got.audio[4000:20000]))
    assert abs(int(spectrum.argmax()) - 440) <= 2


def test_sampling_sends_the_grid_the_first_and_the_last(decode: Callable[..., Decoded]) -> None:
    """25 frames a second at 5 wanted: every fifth, and the last one."""
    got = decode(media.video(frames=48), want=Want(sample_fps=5))
    assert [index for index, _, _ in got.frames] == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 47]
    assert got.frames[1][1] == pytest.approx(0.2)


def test_close_stretches_come_frame_by_frame_and_only_with_sound(
    decode: Callable[..., Decoded],
) -> None:
    """Two seconds of ten are sent whole, in two stretches; without sound only the grid is."""
    want = Want(sample_fps=5, close_seconds=2.0, close_stretch=1.0)
    got = decode(media.video(frames=250), want=want)
    times = np.array([seconds for _, seconds, _ in got.frames])
    for start in (2.0, 7.0):
        assert ((times >= start - 1e-6) & (times < start + 1 - 1e-6)).sum() == 25
    assert len(times) == 51 + 2 * 20
    silent = decode(media.video(frames=250, sound=None), want=want)
    assert len(silent.frames) == 51


def test_a_silent_video_is_sent_closely_where_that_is_asked_for(
    decode: Callable[..., Decoded],
) -> None:
    """What is held against the frame before needs no sound."""
    want = Want(sample_fps=5, close_seconds=2.0, close_stretch=1.0, close_seconds_without_sound=3.0)
    silent = decode(media.video(frames=250, sound=None), want=want)
    assert len(silent.frames) == 51 + 3 * 20


def test_a_short_video_is_sent_closely_as_a_whole_and_a_quick_one_thinned(
    decode: Callable[..., Decoded],
) -> None:
    """All frames of two seconds; of 60 frames a second no more than 30."""
    want = Want(sample_fps=5, close_seconds=10.0)
    assert len(decode(media.video(frames=50), want=want).frames) == 50
    assert len(decode(media.video(frames=120, fps=60), want=want).frames) in (60, 61)


def test_frames_are_made_smaller_in_the_child(decode: Callable[..., Decoded]) -> None:
    """max_side bounds what crosses the wall; the header still states the true size."""
    got = decode(media.video(size=(320, 240), frames=5), want=Want(max_side=100))
    assert (got.header.width, got.header.height) == (320, 240)
    assert {p.shape for _, _, p in got.frames} == {(75, 100, 3)}
    still = decode(media.picture("PNG", 400, 200), want=Want(max_side=64))
    assert still.frames[0][2].shape == (32, 64, 3)


def test_no_frames_and_no_sound_when_none_are_wanted(decode: Callable[..., Decoded]) -> None:
    """Counting alone is possible: everything is decoded, nothing is sent."""
    got = decode(media.video(), want=Want(frames=False, audio_rate=None))
    assert got.frames == []
    assert got.audio is None
    assert got.footer.frames_decoded == 50


@pytest.mark.parametrize("code", range(1, 9))
def test_exif_orientation_is_applied(code: int, decode: Callable[..., Decoded]) -> None:
    """The picture stands upright whatever the camera's tag says: the red corner proves it."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = code
    got = decode(media.picture("JPEG", exif=exif, quality=95))
    expected = {
        1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1),
        8: (-1, 0),
    }[code]  # fmt: skip
    pixels = got.frames[0][2]
    assert pixels.shape == ((160, 120, 3) if code >= 5 else (120, 160, 3))
    assert (got.header.height, got.header.width) == pixels.shape[:2]
    assert np.abs(pixels[expected].astype(int) - (255, 0, 0)).max() < 60


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_video_rotation_is_applied(rotation: int, decode: Callable[..., Decoded]) -> None:
    """A phone's display matrix is applied to every frame."""
    got = decode(media.video(rotation=rotation, frames=8, sound=None))
    pixels = got.frames[0][2]
    turned = np.rot90(media.scene(), rotation // 90)
    assert pixels.shape == turned.shape
    assert np.abs(pixels.astype(int) - turned).mean() < 25
    assert "rotated" in got.footer.flags


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_animated_pictures_are_videos(kind: str, decode: Callable[..., Decoded]) -> None:
    """Each frame of an animated picture is decoded and counted."""
    got = decode(media.animation(kind), want=Want(sample_fps=100))
    assert got.header.kind == "video"
    assert "animated_image" in got.header.flags
    assert got.footer.frames_decoded == got.footer.frames_expected == 6
    assert [index for index, _, _ in got.frames] == list(range(6))
    assert got.frames[3][1] == pytest.approx(0.3)


def test_samples_that_are_no_numbers_become_silence_and_are_stated(
    decode: Callable[..., Decoded],
) -> None:
    """A float WAV with NaN and infinity in it: finite samples come out, and a flag."""
    import struct

    samples = np.sin(np.arange(16_000) / 20).astype("<f4")
    samples[4000:4100] = np.nan
    samples[8000] = np.inf
    body = samples.tobytes()
    head = struct.pack("<HHIIHH", 3, 1, 16_000, 64_000, 4, 32)
    chunks = b"fmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(body)) + body
    got = decode(b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks)
    assert got.audio is not None
    assert np.isfinite(got.audio).all()
    assert "audio_repaired" in got.footer.flags
    assert np.abs(got.audio[:3500]).max() > 0.5


def test_long_sound_is_mapped_not_held(decode: Callable[..., Decoded]) -> None:
    """Two minutes: more than is kept in memory, the same samples all the same."""
    got = decode(media.silence(120.0))
    assert isinstance(got.audio, np.memmap)
    assert len(got.audio) == 120 * 16_000


def test_memory_does_not_grow_with_length(decode: Callable[..., Decoded]) -> None:
    """A recording ten times as long takes the child no more memory."""
    short = decode(media.still_film(seconds=30, fps=25, size=(320, 240)))
    long = decode(media.still_film(seconds=300, fps=25, size=(320, 240)))
    assert long.footer.frames_decoded == 10 * short.footer.frames_decoded
    assert long.footer.peak_bytes <= 1.15 * short.footer.peak_bytes
