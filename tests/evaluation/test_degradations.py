"""Each degradation does what its name says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from bench import clips
from ml.evaluation import degradations, rewriting, robustness
from ml.evaluation.degradations import CODEC, OF_A_FRAME, STRENGTHS
from ml.evaluation.robustness import JPEG, LAUNDERING, SOUND, Cell
from sandbox.services import warden


def random() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return np.asarray(clips.scenery().resize((480, 320)))


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "p.jpg"
    clips.portrait().save(path, "JPEG", quality=95)
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    return clips.write(folder / "c.mp4", 1.0, size=(960, 540), people=1)


def examined(file: BinaryIO) -> tuple[str, int, int, list[float], np.ndarray, bool]:
    with file, rewriting.decoded(file) as decoding:
        frames = [(seconds, pixels) for _, seconds, pixels in decoding.frames()]
        header = decoding.header
        sound = decoding.audio() if header.has_audio else None
    times = [seconds for seconds, _ in frames]
    assert header.width is not None and header.height is not None
    has_sound = sound is not None and float(np.abs(sound).max()) > 0.01
    return header.format, header.width, header.height, times, frames[0][1], has_sound


@pytest.mark.parametrize("family", OF_A_FRAME)
def test_each_strength_is_further_from_the_original(family: str, scene: np.ndarray) -> None:
    """Five strengths, each more than the one before, of the same size; the input is not touched,
    and the same seed gives the same picture."""
    before = scene.copy()
    apart = []
    for strength in STRENGTHS[family]:
        changed = OF_A_FRAME[family](scene, strength, random())
        assert changed.shape == scene.shape and changed.dtype == np.uint8
        assert (changed == OF_A_FRAME[family](scene, strength, random())).all()
        apart.append(np.abs(changed.astype(float) - scene).mean())
    assert (scene == before).all()
    assert apart[0] > 0 and apart == sorted(apart)


def test_strengths_are_those_of_the_challenge() -> None:
    """Seven kinds, five strengths each."""
    assert len(STRENGTHS) == 7 and all(len(values) == 5 for values in STRENGTHS.values())


def test_no_saturation_is_grey_and_keeps_the_light(scene: np.ndarray) -> None:
    """At strength 5 the three channels are equal."""
    grey = degradations.saturation(scene, 0.0, random()).astype(int)
    assert np.abs(grey - grey[..., :1]).max() <= 1
    luma = scene @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey[..., 0] - luma).max() <= 1.5


def test_grey_blocks_grow_in_steps_and_small_pictures_get_their_share() -> None:
    """512 px twice the number of 256 px; 128 px a quarter of the area's."""

    def share(side: int) -> float:
        black = np.zeros((side, side, 3), np.uint8)
        return float((degradations.grey_blocks(black, 16, random()) == 128).mean())

    assert share(256) == pytest.approx(16 * 64 / 256**2, rel=0.1)
    assert share(512) == pytest.approx(2 * 16 * 64 / 512**2, rel=0.1)
    assert share(128) == pytest.approx(share(256), rel=0.1)
    tiny = np.zeros((4, 4, 3), np.uint8)
    assert (degradations.grey_blocks(tiny, 80, random()) == tiny).all()


def test_noise_has_the_variance_that_it_is_given() -> None:
    """In light; on mid grey, where nothing is cut off."""
    flat = np.full((200, 200, 3), 128, np.uint8)
    noisy = degradations.colour_noise(flat, 0.001, random()) / 255.0
    luma = noisy @ np.array([0.299, 0.587, 0.114])
    assert luma.var() == pytest.approx(0.001, rel=0.1)


def test_blur_agrees_with_another_gaussian(scene: np.ndarray) -> None:
    """Kernel 13 is a Gaussian of sigma 13/6."""
    ours = degradations.blur(scene, 13, random()).astype(float)[20:-20, 20:-20]
    theirs = ndimage.gaussian_filter(scene.astype(float), (13 / 6, 13 / 6, 0))[20:-20, 20:-20]
    assert np.abs(ours - theirs).max() < 3


def test_nothing_is_made_larger(scene: np.ndarray) -> None:
    """A small picture goes through a messenger at its own size."""
    assert degradations.within(scene, 640).shape == scene.shape
    assert degradations.within(scene, 240).shape == (160, 240, 3)


# === Real files ===

STILLS = [
    Cell("blur", "3", True),
    Cell(CODEC, "5", True),
    Cell(JPEG, "50 x 0.5", True),
    *(Cell(LAUNDERING, name, True) for name in robustness.STILL),
]


@pytest.mark.parametrize("cell", STILLS, ids=lambda c: c.name)
def test_a_changed_picture_is_a_real_file(cell: Cell, photo: Path) -> None:
    """Of the format that the change says, and the sandbox reads it; the same twice over."""
    with photo.open("rb") as file:
        with cell(file) as changed:
            content = changed.read()
        with cell(file) as again:
            assert again.read() == content
    kind, width, height, _, pixels, _ = examined(BytesFile(content))
    with Image.open(photo) as original:
        full = original.size
        untouched = np.asarray(original.convert("RGB"))
    lossless = cell.family in ("blur", CODEC)
    assert kind == ("png" if lossless else "jpeg")
    if cell.family == JPEG:
        assert (width, height) == (round(full[0] / 2), round(full[1] / 2))
    if lossless:
        assert (width, height) == full
        assert 0.5 < np.abs(pixels.astype(float) - untouched).mean() < 30


MOVING = [
    Cell("saturation", "5", False),
    Cell(CODEC, "5", False),
    *(Cell(LAUNDERING, name, False) for name in robustness.MOVING),
]


@pytest.mark.parametrize("cell", MOVING, ids=lambda c: c.name)
def test_a_changed_video_keeps_its_frames_and_its_sound(cell: Cell, clip: Path) -> None:
    """As many frames at the same times, the sound still heard, sides as the change says."""
    with clip.open("rb") as file:
        kind, width, height, before, _, content = examined(BytesFile(file.read()))
        assert content
        changed = cell(file)
    kind, width, height, times, first, content = examined(changed)
    assert kind == "matroska" and content
    assert len(times) == len(before)
    assert times == pytest.approx(before, abs=0.002)
    expected = (640, 360) if cell.level == "messenger" else (960, 540)
    assert (width, height) == expected
    if cell.family == "saturation":
        spread = first.max(axis=2).astype(int) - first.min(axis=2)
        assert np.quantile(spread, 0.99) <= 6


def test_a_recording_of_a_screen_has_an_even_rate(tmp_path: Path) -> None:
    """Ten frames a second become 25: frames are shown again."""
    slow = clips.write(tmp_path / "slow.mp4", 1.0, fps=10, size=(320, 180), people=1)
    with slow.open("rb") as file:
        changed = robustness.MOVING["screen recording"](file)
    _, _, _, times, _, _ = examined(changed)
    assert np.diff(times) == pytest.approx(1 / 25, abs=0.002)


def test_a_changed_sound_is_a_wave_file(clip: Path, tmp_path: Path) -> None:
    """Telephone and company, on what a video's sound is as a file of its own."""
    path = tmp_path / "s.wav"
    tone = np.sin(np.arange(16_000) * 0.2) * 0.3 + np.sin(np.arange(16_000) * 2.4) * 0.3
    with av.open(path, "w", format="wav") as out:
        stream = out.add_stream("pcm_s16le", rate=16_000, layout="mono")
        whole = np.round(tone * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
        frame.rate = 16_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    for name in robustness.SOUNDS:
        with path.open("rb") as file, Cell(SOUND, name, False)(file) as changed:
            with warden().decode(changed) as decoding:
                assert list(decoding.frames()) == []
                samples = decoding.audio()
            assert samples is not None and len(samples) == pytest.approx(16_000, abs=20)
            power = np.abs(np.fft.rfft(samples)) ** 2
            high = power[4_100:].sum() / power.sum()  # Hz above 4.1 kHz
            if name == "8 kHz mu-law":
                assert high < 0.01


class BytesFile:
    """Bytes as a real file: the sandbox passes a descriptor on, never bytes."""

    def __new__(cls, content: bytes) -> BinaryIO:  # type: ignore[misc]
        return rewriting._file(content)


@pytest.fixture(autouse=True, scope="module")
def no_child_stays() -> Iterator[None]:
    yield
    warden().close()
