"""Was this speech made by a machine? Asked of every file that has sound with speech in it."""

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
    Status,
    Strength,
)
from ml.engine.detectors.voice_spoof.calibration import VoiceCalibration
from ml.engine.detectors.voice_spoof.network import FOLDER, Network
from ml.engine.detectors.voice_spoof.windows import STEP_SECONDS, Window, windows
from ml.engine.fusion.calibration import probability
from ml.engine.manifest import read_manifest
from ml.engine.media.spectra import RATE
from ml.engine.media.stated import no_sound

NO_SOUND = "The file has no sound that could be decoded."
MOST_WINDOWS = 120
"""Eight minutes of speech, looked at evenly over longer sounds: work stays bounded."""


@dataclass(frozen=True, slots=True)
class Judged:
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
            return "A picture has no voice."
        return no_sound(media.info, "The file has no sound.")

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
        judged = [Judged(window, logit) for window, logit in zip(chosen, logits, strict=True)]
        if not judged or not np.isfinite(logits).all():
            return self._without("The sound gave no window that could be judged.")
        return self._finding(judged, scenes, len(all_windows), began)

    def _without(self, reason: str) -> Finding:
        return Finding.not_applicable(
            self.detector, reason, weights_sha256=self.detector.network.sha256
        )

    def _finding(self, judged: list[Judged], scenes: Scenes, of: int, began: float) -> Finding:
        calibration = self.detector.network.calibration
        score = float(np.mean([one.logit for one in judged]))
        flagged = [one for one in judged if one.logit >= calibration.line.found_at]
        log10_lr = calibration.log10_lr(score)
        low, high = calibration.log10_interval(score)
        asks = calibration.says(score) is Outcome.MANIPULATION_FOUND
        return Finding(
            detector=self.detector.name,
            version=self.detector.version,
            status=Status.RAN,
            reason=_sentence(asks, len(flagged), len(judged)),
            score=score,
            probability_manipulated=probability(log10_lr),
            log10_lr=log10_lr,
            evidence=tuple(_evidence(judged, len(flagged), score, asks, calibration, scenes)),
            segments=tuple(_segment(one, calibration) for one in judged),
            weights_sha256=self.detector.network.sha256,
            parameters={
                "log10_lr_low": low,
                "log10_lr_high": high,
                "found_at": calibration.line.found_at,
                "clear_at": calibration.line.clear_at,
            },
            counts={"windows": of, "windows_judged": len(judged), "windows_flagged": len(flagged)},
            seconds=time.perf_counter() - began,
        )


def _evenly(windows: list[Window], most: int) -> list[Window]:
    if len(windows) <= most:
        return windows
    return [windows[int(k)] for k in np.linspace(0, len(windows) - 1, most)]


def _sentence(asks: bool, flagged: int, judged: int) -> str:
    heard = f"{flagged} of {judged} windows of speech"
    if asks:
        return f"The voice resembles machine-made speech in {heard}."
    if flagged:
        return f"As a whole the voice does not stand out; {heard} resemble machine-made speech."
    return (
        "The voice does not stand out from recorded speech. Engines that the check never met can "
        "pass like that, so this is no sign that the voice is genuine."
    )


def _segment(one: Judged, calibration: VoiceCalibration) -> Segment:
    return Segment(
        one.window.start,
        one.window.end,
        round(probability(calibration.log10_lr(one.logit)), 4),
        "how much the voice resembles machine-made speech",
    )


def _evidence(
    judged: list[Judged],
    flagged: int,
    score: float,
    asks: bool,
    calibration: VoiceCalibration,
    scenes: Scenes,
) -> list[Evidence]:
    line = calibration.line
    found = [
        Evidence(
            "voice_speech_found",
            f"{sum(b - a for a, b in scenes.speech):.1f} s of speech in "
            f"{scenes.sound_seconds:.1f} s of sound.",
            Strength.CONTEXT,
            {"segments": [[round(a, 2), round(b, 2)] for a, b in scenes.speech[:200]]},
        )
    ]
    if asks:
        found.append(
            Evidence(
                "voice_synthetic_traces",
                "The fine structure of the voice resembles that of synthesisers and vocoders. Of "
                f"{line.reals} genuine clips of sources it had not met, at most "
                f"{100 * line.found_alpha:g} in 100 resemble them as much.",
                Strength.MODERATE,
                {"mean_score": round(score, 4), "found_at": round(line.found_at, 4)},
            )
        )
    stretch = _longest_run(judged, line.found_at)
    if stretch and not asks and flagged < len(judged):
        found.append(
            Evidence(
                "voice_partly_synthetic",
                f"From {stretch[0]:.1f} s to {stretch[1]:.1f} s the voice resembles machine-made "
                "speech, elsewhere it does not: listen there for a joint.",
                Strength.WEAK,
                {"start": round(stretch[0], 2), "end": round(stretch[1], 2)},
            )
        )
    return found


def _longest_run(judged: list[Judged], found_at: float) -> tuple[float, float] | None:
    """The longest stretch of at least two neighbouring windows over the bound."""
    best: tuple[float, float] | None = None
    run: list[Window] = []
    for one in judged:
        near = run and one.window.start - run[-1].start <= 2 * STEP_SECONDS
        run = [*(run if near else []), one.window] if one.logit >= found_at else []
        if len(run) >= 2 and (best is None or run[-1].end - run[0].start > best[1] - best[0]):
            best = (run[0].start, run[-1].end)
    return best
