"""Scenes through the engine's entry point: what applies where in a real video, without a second
decoding."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bench import clips
from ml.engine.analysis import analyse
from ml.engine.contract import (
    Examination,
    Finding,
    Heard,
    Kind,
    Media,
    Outcome,
    Result,
    Scene,
    Status,
)
from ml.engine.fusion.rule import decide
from ml.engine.manifest import Manifest
from ml.engine.media import scenes
from ml.engine.media.voice_activity import Activity, find_speech
from ml.engine.results import result_json
from sandbox.decoding import Decoding
from tests.lab.voice.voices import RATE, speech_like
from tests.media import films
from tests.media.films import Shot, converted, film


class Asks(Examination):
    """A detector that keeps what applies where."""

    manifest = Manifest("asks", "1")
    name, version = manifest.name, manifest.version

    def not_applicable(self, media: Media) -> str | None:
        return None

    def examine(self, media: Media) -> Asks:
        self.media = media
        return self

    def conclude(self) -> Finding:
        sentence = "Somebody speaks." if self.media.scenes.speech else "Nobody speaks."
        return Finding(self.name, self.version, Status.RAN, sentence)


class Blind(Asks):
    """Has no use for scenes."""

    manifest = Manifest("blind", "1")
    name = manifest.name

    def conclude(self) -> Finding:
        return Finding(self.name, self.version, Status.RAN, "Fine.")


def run(path: Path, *detectors: Any) -> Result:
    with path.open("rb") as file:
        return analyse(file, detectors=detectors or None)


def at(result: Result, seconds: float) -> Scene:
    assert result.scenes is not None
    return next(s for s in result.scenes.stretches if s.start <= seconds < s.end)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def three(folder: Path) -> Path:
    return film(folder / "three.mp4", films.THREE)


@pytest.fixture(scope="module")
def speaker(folder: Path) -> Path:
    """Long enough for every check of faces and voices that runs on `three`."""
    return film(folder / "speaker.mp4", films.THREE[2:])


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    made: list[int] = []
    before = Decoding.__init__

    def counted(self: Decoding, *a: Any, **k: Any) -> None:
        made.append(1)
        before(self, *a, **k)

    monkeypatch.setattr(Decoding, "__init__", counted)
    yield made


@pytest.fixture
def speech_found(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    found: list[int] = []

    def counted(samples: np.ndarray) -> Activity:
        found.append(1)
        return find_speech(samples)

    monkeypatch.setattr(scenes, "find_speech", counted)
    yield found


def test_three_shots_of_a_film(three: Path, decodings: list[int], speech_found: list[int]) -> None:
    """One decoding tells dubbing, a silent face and a speaking face apart. Speech is detected once,
    for every detector that needs speech or lips."""
    result = run(three)
    assert decodings == speech_found == [1]
    assert result.scenes is not None and result.scenes.shots == 3
    dubbed, silent, both = (at(result, second) for second in (2.0, 7.0, 13.0))
    assert (dubbed.shot, dubbed.faces, dubbed.applies) == (1, (), ("voice",))
    assert (silent.shot, silent.applies) == (2, ("face",))
    assert (both.shot, both.applies) == (3, ("face", "voice", "lips"))
    cuts = [s.start for s, t in zip(result.scenes.stretches[1:], result.scenes.stretches,
                                    strict=False) if s.shot != t.shot]  # fmt: skip
    assert cuts == pytest.approx([5.0, 10.0], abs=0.21)
    lips = next(f for f in result.findings if f.detector == "lip_sync")
    assert all(s.start >= 9.9 for s in lips.segments)
    scenes = result_json(result)["scenes"]
    assert scenes["shots"] == 3 and len(scenes["stretches"]) == len(result.scenes.stretches)


def test_speech_out_of_view_is_no_lip_sync(folder: Path) -> None:
    """Eight seconds of a silent face, then eight of a voice over scenery."""
    path = film(folder / "narrated.mp4", (Shot(8, 1, False), Shot(8, 0, True)))
    lips = next(f for f in run(path).findings if f.detector == "lip_sync")
    assert lips.status is Status.NOT_APPLICABLE
    assert lips.reason == "Somebody speaks, but not while a face is in view."


def test_a_still_has_no_scenes(portrait: Path) -> None:
    """Nothing passes in a picture."""
    result = run(portrait, Blind())
    assert result.scenes is None
    assert result_json(result)["scenes"] is None


def test_scenes_that_break_cost_only_the_checks_that_ask(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who needs them fails and says so, the neighbour runs, and the media states it."""

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("ml.engine.analysis.scenes.build_scenes", breaks)
    result = run(three, Asks(), Blind())
    assert [f.status for f in result.findings] == [Status.FAILED, Status.RAN]
    assert result.scenes is None
    assert result.media and "scenes_not_told" in result.media.flags


# --- bad input: a stated thing each, never NaN ----------------------------------------------------
SPEECH = speech_like(6.0, seed=4)


def wav(
    folder: Path, name: str, samples: np.ndarray, rate: int = RATE, kind: str = "FLOAT"
) -> Path:
    path = folder / f"{name}.wav"
    soundfile.write(path, samples, rate, subtype=kind)
    return path


def stretched(rate: int) -> np.ndarray:
    from scipy.signal import resample_poly

    common = math.gcd(rate, RATE)
    return np.asarray(resample_poly(SPEECH, rate // common, RATE // common))


def crowd(folder: Path) -> Path:
    """Five hundred heads in every frame."""
    from PIL import Image

    head = clips.portrait().crop(clips.HEAD).resize((84, 102))
    picture = Image.new("RGB", (2100, 2040), (90, 120, 90))
    for n in range(25 * 20):
        picture.paste(head, (n % 25 * 84, n // 25 * 102))
    picture.save(folder / "crowd.png")
    loop = ("-loop", "1", "-i", str(folder / "crowd.png"), "-t", "2", "-r", "10", "-pix_fmt",
            "yuv420p", "-preset", "ultrafast", "-c:a", "aac", "-shortest")  # fmt: skip
    return converted(wav(folder, "of-crowd", SPEECH[: 2 * RATE]), folder / "crowd.mp4", *loop)


def brief(folder: Path) -> Path:
    return film(folder / "brief.mp4", (Shot(3, 0), Shot(0.5, 1), Shot(3, 0)), sound=SPEECH)


VFR = ("-vf", "select=not(eq(mod(n\\,7)\\,3))", "-fps_mode", "vfr", "-c:a", "copy")
TURNED = ("-vf", "transpose=1", "-c:a", "copy", "-metadata:s:v", "rotate=90")
BAD: dict[str, tuple[Callable[[Path, Path], Path], set[Heard], str]] = {
    "no sound": (lambda f, t: converted(t, f / "mute.mp4", "-an", "-c:v", "copy"),
                 {Heard.NOTHING}, "no sound"),
    "picture and silence": (
        lambda f, t: film(f / "hush.mp4", (Shot(4, 1),), sound=np.zeros(4 * RATE)),
        {Heard.SILENCE}, "silent"),
    "sound only": (lambda f, t: wav(f, "only", SPEECH), {Heard.SPEECH}, ""),
    "silence": (lambda f, t: wav(f, "silence", np.zeros(RATE)), {Heard.SILENCE}, "silent"),
    "one sample": (lambda f, t: wav(f, "one", np.ones(1)), {Heard.SILENCE},
                   "tenth of a second"),
    "8 kHz": (lambda f, t: wav(f, "8k", stretched(8_000), 8_000, "ULAW"), {Heard.SPEECH}, ""),
    "192 kHz": (lambda f, t: wav(f, "192k", stretched(192_000), 192_000), {Heard.SPEECH}, ""),
    "8 channels": (lambda f, t: wav(f, "eight", np.tile(SPEECH[:, None], (1, 8))),
                   {Heard.SPEECH}, ""),
    "some NaN": (lambda f, t: wav(f, "nan", np.where(np.arange(SPEECH.size) % 9000 < 50, np.nan,
                                                     SPEECH)), {Heard.SPEECH}, ""),
    "nothing but NaN": (lambda f, t: wav(f, "nans", np.full(RATE, np.nan)), {Heard.SILENCE},
                        "silent"),
    "sound ends early": (
        lambda f, t: film(f / "short.mp4", (Shot(6, 1),), sound=SPEECH[: 3 * RATE]),
        {Heard.SPEECH, Heard.NOTHING}, ""),
    "sound goes on": (lambda f, t: film(f / "long.mp4", (Shot(3, 1),), sound=SPEECH),
                      {Heard.SPEECH}, ""),
    "variable rate": (lambda f, t: converted(t, f / "vfr.mp4", *VFR), {Heard.SPEECH}, ""),
    "rotated": (lambda f, t: converted(t, f / "turned.mp4", *TURNED), {Heard.SPEECH}, ""),
    "500 faces": (lambda f, t: crowd(f), {Heard.SPEECH}, ""),
    "half a second of face": (lambda f, t: brief(f), {Heard.SPEECH}, ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def examined(folder: Path, speaker: Path) -> Callable[[str], Result]:
    """What all checks said of a bad input, each of which is made and examined once."""
    return cache(lambda name: run(BAD[name][0](folder, speaker)))


@pytest.mark.parametrize("name", BAD)
def test_bad_input_has_a_stated_end(name: str, examined: Callable[[str], Result]) -> None:
    """Every check ran, or says why not; nothing failed; no number is NaN; the file is covered."""
    _, sound, reason = BAD[name]
    result = examined(name)
    assert result.media is not None, result.verdict.reason
    text = json.dumps(result_json(result), allow_nan=False)
    assert "NaN" not in text and "nan" not in text.split()
    for finding in result.findings:
        assert finding.status is not Status.FAILED, finding
        assert finding.reason.endswith(".")
    # The speech was made by a program, so the check of voices may say that. No other may.
    seen = [f for f in result.findings if f.detector != "voice_spoof"]
    assert decide(result.media, seen).outcome is not Outcome.MANIPULATION_FOUND
    found = result.scenes
    assert found is not None
    assert sound <= {s.heard for s in found.stretches}
    assert (reason in (found.no_speech or "")) if reason else found.no_speech is None
    assert found.stretches[0].start == 0.0
    assert all(a.end == b.start for a, b in itertools.pairwise(found.stretches))
    if result.media.kind is Kind.AUDIO:
        assert {s.shot for s in found.stretches} == {None}


def test_faces_that_are_there_for_half_a_second(examined: Callable[[str], Result]) -> None:
    """In view for about that long, and lip sync is not asked of them."""
    result = examined("half a second of face")
    assert result.scenes is not None
    seconds = sum(s.end - s.start for s in result.scenes.stretches if s.faces)
    assert 0.2 <= seconds <= 1.0
    lips = next(f for f in result.findings if f.detector == "lip_sync")
    assert lips.status is Status.NOT_APPLICABLE


def test_a_crowd_is_capped_and_nobody_is_taken_for_the_speaker(
    examined: Callable[[str], Result],
) -> None:
    """No more faces than are followed; where several are in view, uses the face that fits best."""
    result = examined("500 faces")
    assert result.scenes is not None
    stretches = [s for s in result.scenes.stretches if s.faces]
    assert stretches and max(len(s.faces or ()) for s in stretches) <= 16
    for one in stretches:
        several = len(one.faces or ()) > 1 and one.heard is Heard.SPEECH
        assert ("uses the face that fits best" in one.note) is several
