"""Detects machine speech. Examines every file that contains speech."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from ml.engine.contract import (
    Evidence,
    Examination,
    Finding,
    Kind,
    Media,
    Outcome,
    Scenes,
    Segment,
    Strength,
)
from ml.engine.detectors import asking
from ml.engine.detectors.voice_spoof.calibration import VoiceCalibration
from ml.engine.detectors.voice_spoof.network import FOLDER, Network
from ml.engine.detectors.voice_spoof.windows import STEP_SECONDS, Window, windows
from ml.engine.fusion.calibration import segment_probability
from ml.engine.manifest import read_manifest
from ml.engine.media.spectra import RATE
from ml.engine.media.stated import no_sound
from ml.engine.sentence import Sentence, say

NO_SOUND = say("media.undecodable_sound")
MOST_WINDOWS = 120
"""Eight minutes of speech, looked at evenly over longer sounds: work stays bounded."""


@dataclass(frozen=True, slots=True)
class ScoredWindow:
    window: Window
    logit: float


class VoiceSpoof:
    """The detector; holds the network, made once a process."""

    manifest = read_manifest(FOLDER)
    name = manifest.name

    def __init__(self, network: Network | None = None) -> None:
        self.network = network or Network()
        self.version = str(self.network.card["version"])

    def not_applicable(self, media: Media) -> str | None:
        if media.info.kind is Kind.IMAGE:
            return say("media.picture_without_voice")
        return no_sound(media.info, say("media.file_without_sound"))

    def examine(self, media: Media) -> VoiceExamination:
        return VoiceExamination(self, media)


def make() -> VoiceSpoof:
    return VoiceSpoof()


class VoiceExamination(Examination):
    """Looks at no frame; the sound is there when the frames are through."""

    def __init__(self, detector: VoiceSpoof, media: Media) -> None:
        self.detector, self.media = detector, media

    def conclude(self) -> Finding:
        began = time.perf_counter()
        scenes, samples = self.media.scenes, self.media.audio(RATE)
        if scenes.no_speech is not None or samples is None:
            return self._without(scenes.no_speech or NO_SOUND)
        all_windows = windows(samples, scenes.speech)
        chosen = _evenly(all_windows, MOST_WINDOWS)
        logits = self.detector.network.logits([w.sound for w in chosen], self.advance)
        judged = [ScoredWindow(window, logit) for window, logit in zip(chosen, logits, strict=True)]
        if not judged or not np.isfinite(logits).all():
            return self._without(say("voice.no_window"))
        return self._finding(judged, scenes, len(all_windows), began)

    def _without(self, reason: str) -> Finding:
        return Finding.not_applicable(
            self.detector, reason, weights_sha256=self.detector.network.sha256
        )

    def _finding(
        self, judged: list[ScoredWindow], scenes: Scenes, of: int, began: float
    ) -> Finding:
        calibration = self.detector.network.calibration
        score = float(np.mean([one.logit for one in judged]))
        flagged = [one for one in judged if one.logit >= calibration.found_at]
        decides = calibration.decides(score)
        asks = calibration.asks(score)
        return asking.finding(
            self.detector,
            calibration,
            [score],
            reason=_sentence(decides, asks, len(flagged), len(judged)),
            score=score,
            evidence=tuple(_evidence(judged, len(flagged), score, calibration, scenes)),
            segments=tuple(_segment(one, calibration) for one in judged),
            weights_sha256=self.detector.network.sha256,
            parameters={"decides_at": calibration.decides_at},
            counts={"windows": of, "windows_judged": len(judged), "windows_flagged": len(flagged)},
            seconds=time.perf_counter() - began,
        )


def _evenly(windows: list[Window], most: int) -> list[Window]:
    if len(windows) <= most:
        return windows
    return [windows[int(k)] for k in np.linspace(0, len(windows) - 1, most)]


def _sentence(decides: bool, asks: bool, flagged: int, judged: int) -> str:
    if decides:
        return say("voice.decides", flagged=flagged, judged=judged)
    if asks:
        return say("voice.asks", flagged=flagged, judged=judged)
    return say("voice.some", flagged=flagged, judged=judged) if flagged else say("voice.calm")


def _segment(one: ScoredWindow, calibration: VoiceCalibration) -> Segment:
    return Segment(
        one.window.start,
        one.window.end,
        segment_probability(calibration, one.logit),
        say("voice.segment"),
    )


def _evidence(
    judged: list[ScoredWindow],
    flagged: int,
    score: float,
    calibration: VoiceCalibration,
    scenes: Scenes,
) -> list[Evidence]:
    line, decides = calibration.line, calibration.decides(score)
    asks = calibration.asks(score)
    found = [
        Evidence(
            "voice_speech_found",
            say(
                "voice.speech",
                speech=round(sum(b - a for a, b in scenes.speech), 3),
                sound=round(scenes.sound_seconds, 3),
            ),
            Strength.CONTEXT,
            {"segments": [[round(a, 2), round(b, 2)] for a, b in scenes.speech[:200]]},
        )
    ]
    if asks:
        found.append(
            Evidence(
                "voice_synthetic_traces",
                _traces(calibration, decides),
                Strength.MODERATE,
                {"mean_score": round(score, 4), "found_at": round(line.found_at, 4)},
                Outcome.MANIPULATION_FOUND if decides else None,
            )
        )
    stretch = _longest_run(judged, line.found_at)
    if stretch and not asks and flagged < len(judged):
        found.append(
            Evidence(
                "voice_partly_synthetic",
                say("voice.partly", start=round(stretch[0], 3), end=round(stretch[1], 3)),
                Strength.WEAK,
                {"start": round(stretch[0], 2), "end": round(stretch[1], 2)},
            )
        )
    return found


def _traces(calibration: VoiceCalibration, decides: bool) -> Sentence:
    """How few genuine sounds lie above the bound that was passed."""
    line = calibration.line
    if decides:
        share = round(100 * calibration.decides_alpha, 6)
        return say("voice.decisive_traces", reals=calibration.genuine, share=share)
    return say("voice.traces", reals=line.reals, share=round(100 * line.found_alpha, 6))


def _longest_run(judged: list[ScoredWindow], found_at: float) -> tuple[float, float] | None:
    """The longest stretch of at least two neighbouring windows over the bound."""
    best: tuple[float, float] | None = None
    run: list[Window] = []
    for one in judged:
        near = run and one.window.start - run[-1].start <= 2 * STEP_SECONDS
        run = [*(run if near else []), one.window] if one.logit >= found_at else []
        if len(run) >= 2 and (best is None or run[-1].end - run[0].start > best[1] - best[0]):
            best = (run[0].start, run[-1].end)
    return best
