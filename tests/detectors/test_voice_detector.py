"""The voice detector: not applicable without speech, bounded with it, and with the evidence's
position."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.engine.audio_encoders import speech
from ml.engine.contract import (
    Finding,
    Frame,
    Kind,
    MediaInfo,
    Outcome,
    Samples,
    Scenes,
    Status,
    View,
    no_progress,
)
from ml.engine.detectors.voice_spoof import windows
from ml.engine.detectors.voice_spoof.calibration import CAP, PASSING_FAKES, VoiceCalibration
from ml.engine.detectors.voice_spoof.detector import VoiceSpoof
from ml.engine.detectors.voice_spoof.network import Network
from ml.engine.fusion.calibration import Calibration
from ml.engine.fusion.rule import decide
from ml.engine.media import scenes
from ml.engine.media.voice_activity import find_speech
from ml.engine.serving import WeightsUnusable
from tests.lab.voice.voices import speech_like

RATE = 16_000


class Sound:
    """Media that is already decoded."""

    facts: dict[str, Any] = {}
    tracks = ()

    def __init__(self, samples: np.ndarray | None, kind: Kind = Kind.AUDIO) -> None:
        self.samples = samples
        self.info = MediaInfo(
            sha256="0" * 64, size=1, kind=kind, format="wav", has_audio=samples is not None
        )

    @property
    def scenes(self) -> Scenes:
        return scenes.build_scenes(None, scenes.find_activity(self.samples), None)

    def audio(self, rate: int = RATE) -> np.ndarray | None:
        return self.samples


LINE = Calibration(
    slope=1.0, offset=0.0, cap=CAP, found_at=1.0, clear_at=-1.0, found_alpha=0.03, clear_alpha=0.1,
    reals=500, fakes=500, lines=[[1.0, 0.0], [1.1, 0.1]],
)  # fmt: skip


class Listener(Network):
    """In place of the network: the same logit for every window. It lets the detector's own work be
    tested where no weights are shipped."""

    card = {"version": "0"}
    sha256 = "0" * 64
    calibration = VoiceCalibration(
        LINE, PASSING_FAKES, decides_at=2.0, decides_alpha=0.01, genuine=900
    )

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def logits(
        self, sounds: Sequence[Samples], advance: Callable[[float], None] = no_progress
    ) -> list[float]:
        return [self.value] * len(sounds)


def conclude(samples: np.ndarray | None, kind: Kind = Kind.AUDIO, value: float = 0.3) -> Finding:
    examination = VoiceSpoof(Listener(value)).examine(Sound(samples, kind))
    return examination.conclude()


def test_pictures_and_silent_films_are_not_applicable_at_once() -> None:
    """Without a sound track the detector is not even started."""
    detector = VoiceSpoof(Listener())
    assert detector.not_applicable(Sound(None, Kind.IMAGE)) == "A picture has no voice."
    assert detector.not_applicable(Sound(None, Kind.VIDEO)) == "The file has no sound."
    assert detector.not_applicable(Sound(speech_like(2.0), Kind.VIDEO)) is None


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0, np.float32),
        np.zeros(1, np.float32),
        np.zeros(5 * RATE, np.float32),
        np.full(5 * RATE, np.nan, np.float32),
        np.sin(2 * np.pi * 440 * np.arange(5 * RATE) / RATE).astype(np.float32),
        np.random.default_rng(0).normal(0, 0.1, 5 * RATE).astype(np.float32),
        speech_like(0.7),
    ],
    ids=["empty", "one sample", "silence", "nan", "tone", "noise", "too short"],
)
def test_without_speech_there_is_no_score(sound: np.ndarray) -> None:
    """Not applicable with a sentence, and no number of any kind."""
    finding = conclude(sound)
    assert finding.status is Status.NOT_APPLICABLE
    assert finding.reason.endswith(".")
    assert finding.score is None
    assert finding.probability_manipulated is None
    assert finding.log10_lr is None


def test_speech_is_scored_within_bounds() -> None:
    """However sure the network, the ratio stays within its cap, and no voice is cleared: half of
    the fakes are taken to pass, so the ratio never falls below one half."""
    for value in (-50.0, 0.3, 50.0):
        finding = conclude(speech_like(6.0), value=value)
        assert finding.status is Status.RAN
        assert finding.log10_lr is not None and finding.probability_manipulated is not None
        assert math.log10(PASSING_FAKES) < finding.log10_lr < CAP
        assert 1 / 3 < finding.probability_manipulated < 100 / 101
        low, high = (finding.parameters[f"log10_lr_{end}"] for end in ("low", "high"))
        assert low <= high
    calm = conclude(speech_like(6.0), value=-50.0)
    assert "no sign that the voice is genuine" in calm.reason
    assert all(e.supports is None for e in calm.evidence), "no voice is cleared"


def test_between_the_bounds_it_asks_and_above_the_higher_one_it_decides() -> None:
    """Asked: a sign, and no verdict. Decided: the verdict says that a manipulation was found, and
    how few genuine sounds resemble machines as much."""
    doubtful, decided = (conclude(speech_like(6.0), value=value) for value in (1.5, 2.5))
    for finding in (doubtful, decided):
        assert [e.code for e in finding.evidence] == [
            "voice_speech_found",
            "voice_synthetic_traces",
        ]
    assert doubtful.evidence[1].supports is None and "at most 3 in 100" in doubtful.evidence[1].text
    assert "not enough to decide" in doubtful.reason
    assert decided.evidence[1].supports is Outcome.MANIPULATION_FOUND
    assert "Of 900 genuine sounds" in decided.evidence[1].text
    sound = Sound(speech_like(6.0)).info
    assert decide(sound, [doubtful]).outcome is Outcome.INCONCLUSIVE
    assert decide(sound, [decided]).outcome is Outcome.MANIPULATION_FOUND


def test_a_logit_that_is_no_number_is_not_passed_on() -> None:
    """NaN from a network ends as not applicable, never as a score."""
    finding = conclude(speech_like(4.0), value=float("nan"))
    assert finding.status is Status.NOT_APPLICABLE
    assert finding.score is None


def test_the_timeline_covers_the_speech_and_only_that() -> None:
    """Segments lie where speech is, in order, within the sound."""
    quiet = np.zeros(6 * RATE, np.float32)
    sound = np.concatenate([quiet, speech_like(9.0), quiet])
    segments = conclude(sound).segments
    assert segments[0].start == pytest.approx(6.0, abs=0.2)
    assert segments[-1].end == pytest.approx(15.0, abs=0.3)
    assert [s.start for s in segments] == sorted(s.start for s in segments)
    assert all(s.end - s.start <= windows.SECONDS + 1e-6 for s in segments)


def test_a_stretch_that_stands_out_is_pointed_at() -> None:
    """Part of the speech over the threshold, the whole below it: a place to listen to."""
    sound = np.concatenate([speech_like(16.0), speech_like(8.0, seed=1)])
    activity = find_speech(sound)
    found = windows.windows(sound, activity.segments)

    class Partly(Listener):
        def logits(
            self, sounds: Sequence[Samples], advance: Callable[[float], None] = no_progress
        ) -> list[float]:
            return [5.0 if window.start >= 16.0 else -3.0 for window in found]

    detector = VoiceSpoof(Partly())
    finding = detector.examine(Sound(sound)).conclude()
    (stretch,) = [e for e in finding.evidence if e.code == "voice_partly_synthetic"]
    assert stretch.data["start"] >= 15.0
    assert "whole" in finding.reason


def test_silence_around_speech_changes_nothing() -> None:
    """Ten seconds of silence on both sides sound the same to an ear but for the cut's rounding."""
    sound = speech_like(4.0)
    padded = np.concatenate([np.zeros(160_000, np.float32), sound, np.zeros(160_000, np.float32)])
    alone = windows.windows(sound, find_speech(sound).segments)
    within = windows.windows(padded, find_speech(padded).segments)
    assert len(alone) == len(within)
    seen, also = (speech.picture(found[0].sound).std(axis=0) for found in (alone, within))
    assert np.abs(seen - also).mean() < 0.05


def test_training_and_serving_see_the_same_bits() -> None:
    """The first window that serving cuts is the very sound that training is shown."""
    from lab.voice import borrowed, store

    for seconds in (2.0, 4.0, 7.0):
        sound = np.round(speech_like(seconds) * 32767).astype("<i2")
        row = store.Row(store.CLIP, "real", "train", "s", "s", "p", 0, 0, len(sound))
        kept = store.Store([row], sound)
        served = windows.windows(kept.sound(0), find_speech(kept.sound(0)).segments)[0].sound
        trained = borrowed.prepared(kept, (0, borrowed.AS_IT_IS))
        assert served.tobytes() == trained.tobytes()


def test_long_sounds_are_looked_at_evenly_and_boundedly(monkeypatch: pytest.MonkeyPatch) -> None:
    """More windows than allowed: the first and the last are still among those judged."""
    monkeypatch.setattr("ml.engine.detectors.voice_spoof.detector.MOST_WINDOWS", 5)
    finding = conclude(speech_like(40.0))
    assert finding.counts["windows_judged"] == 5
    assert finding.counts["windows"] > 8
    assert finding.segments[0].start < 1.0
    assert finding.segments[-1].end > 38.0


def test_frames_are_ignored() -> None:
    """A video's pictures change nothing about the voice."""
    examination = VoiceSpoof(Listener(0.3)).examine(Sound(speech_like(4.0), Kind.VIDEO))
    examination.observe(View(Frame(0, 0.0, np.zeros((4, 4, 3), np.uint8))))
    assert examination.conclude().status is Status.RAN


def test_weights_that_are_not_the_cards_are_refused(tmp_path: Path) -> None:
    """Missing weights and weights with another digest are said plainly."""
    with pytest.raises(WeightsUnusable, match="cannot be read"):
        Network(tmp_path)
    weights = tmp_path / "w.tflite"
    weights.write_bytes(b"not a network")
    card = {"weights": {"file": weights.name, "sha256": "0" * 64}}
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(WeightsUnusable, match="is not the file"):
        Network(tmp_path)
    assert hashlib.sha256(weights.read_bytes()).hexdigest() != "0" * 64
