"""Was this speech made by a machine? Asked of every file that has sound with speech in it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from ml.contract import Evidence, Finding, Kind, Media, Scenes, Segment, Status, Strength, View
from ml.detectors.voice_spoof.network import Network
from ml.detectors.voice_spoof.windows import STEP_SECONDS, Window, windows
from ml.media.spectra import RATE

NO_SOUND = "The file has no sound that could be decoded."
MOST_WINDOWS = 240
"""Eight minutes of speech, looked at evenly over longer sounds: work stays bounded."""


@dataclass(frozen=True, slots=True)
class Judged:
    window: Window
    logit: float


class VoiceSpoof:
    """The detector; holds the network, made once a process."""

    name = "voice_spoof"
    frame_rate = 0.0

    def __init__(self, network: Network | None = None) -> None:
        self.network = network or Network()
        self.version = str(self.network.card["version"])

    def not_applicable(self, media: Media) -> str | None:
        if media.info.kind is Kind.IMAGE:
            return "A picture has no voice."
        if not media.info.has_audio:
            return "The file has no sound."
        return None

    def examine(self, media: Media) -> VoiceExamination:
        return VoiceExamination(self, media)


def make() -> VoiceSpoof:
    return VoiceSpoof()


class VoiceExamination:
    """Looks at no frame; the sound is there when the frames are through."""

    def __init__(self, detector: VoiceSpoof, media: Media) -> None:
        self.detector, self.media = detector, media

    def observe(self, view: View) -> None:
        """Pictures say nothing about the voice."""

    def conclude(self) -> Finding:
        began = time.perf_counter()
        scenes, samples = self.media.scenes, self.media.audio(RATE)
        if scenes.no_speech is not None or samples is None:
            return self._without(scenes.no_speech or NO_SOUND)
        all_windows = windows(samples, scenes.speech)
        chosen = _evenly(all_windows, MOST_WINDOWS)
        logits = self.detector.network.logits([window.picture for window in chosen])
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
        flagged = [one for one in judged if one.logit > calibration.threshold]
        return Finding(
            detector=self.detector.name,
            version=self.detector.version,
            status=Status.RAN,
            reason=_sentence(score > calibration.threshold, len(flagged), len(judged)),
            score=score,
            probability_manipulated=calibration.probability(score),
            log10_lr=calibration.log10_lr(score),
            evidence=tuple(_evidence(judged, flagged, score, calibration.threshold, scenes)),
            segments=tuple(_segment(one, calibration.threshold) for one in judged),
            weights_sha256=self.detector.network.sha256,
            parameters={
                "threshold": calibration.threshold,
                "slope": calibration.slope,
                "offset": calibration.offset,
            },
            counts={"windows": of, "windows_judged": len(judged), "windows_flagged": len(flagged)},
            seconds=time.perf_counter() - began,
        )


def _evenly(windows: list[Window], most: int) -> list[Window]:
    if len(windows) <= most:
        return windows
    return [windows[int(k)] for k in np.linspace(0, len(windows) - 1, most)]


def _sentence(over: bool, flagged: int, judged: int) -> str:
    heard = f"{flagged} of {judged} windows of speech"
    if over:
        return f"The voice resembles machine-made speech in {heard}."
    if flagged:
        return f"As a whole the voice does not stand out; {heard} resemble machine-made speech."
    return "The voice does not stand out from recorded speech, which does not prove it genuine."


def _segment(one: Judged, threshold: float) -> Segment:
    label = "resembles machine-made speech" if one.logit > threshold else "speech"
    return Segment(one.window.start, one.window.end, one.logit, label)


def _evidence(
    judged: list[Judged],
    flagged: list[Judged],
    score: float,
    threshold: float,
    scenes: Scenes,
) -> list[Evidence]:
    found = [
        Evidence(
            "voice_speech_found",
            f"{sum(b - a for a, b in scenes.speech):.1f} s of speech in "
            f"{scenes.sound_seconds:.1f} s of sound.",
            Strength.CONTEXT,
            {"segments": [[round(a, 2), round(b, 2)] for a, b in scenes.speech[:200]]},
        )
    ]
    if score > threshold:
        found.append(
            Evidence(
                "voice_synthetic_traces",
                "The fine structure of the voice resembles that of synthesisers and vocoders.",
                Strength.WEAK,
                {"mean_logit": round(score, 4), "threshold": round(threshold, 4)},
            )
        )
    stretch = _longest_run(judged, threshold)
    if stretch and score <= threshold and len(flagged) < len(judged):
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


def _longest_run(judged: list[Judged], threshold: float) -> tuple[float, float] | None:
    """The longest stretch of at least two neighbouring windows over the threshold."""
    best: tuple[float, float] | None = None
    run: list[Window] = []
    for one in judged:
        near = run and one.window.start - run[-1].start <= 2 * STEP_SECONDS
        run = [*(run if near else []), one.window] if one.logit > threshold else []
        if len(run) >= 2 and (best is None or run[-1].end - run[0].start > best[1] - best[0]):
            best = (run[0].start, run[-1].end)
    return best
