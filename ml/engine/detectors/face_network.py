"""The base of two detectors that score faces with a network; only their sentences differ.

Of several faces one may be altered and the others genuine. The file's likelihood ratio is the mean
over its faces, which is exact when each face is equally likely to be the altered one. So a crowd
does not raise the false-alarm rate, and one altered face is not averaged away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml.engine import naming
from ml.engine.contract import (
    Crop,
    Evidence,
    Examination,
    Finding,
    Kind,
    Media,
    Outcome,
    Segment,
    Status,
    Strength,
)
from ml.engine.fusion.calibration import (
    Calibration,
    mean_ratio,
    probability,
    segment_bound,
    segment_probability,
)
from ml.engine.manifest import read_manifest
from ml.engine.media.face_scores import HARMLESS, FaceNetwork, FaceScore, strongest_region
from ml.engine.media.stated import no_pictures
from ml.engine.sentence import joined, say
from ml.engine.serving import Served

CHECKED_AGAIN = 4
"""Crops of the deciding face that are looked at after harmless changes."""


@dataclass(frozen=True, slots=True)
class FacePhrases:
    """What the detector says to people."""

    code: str
    """Also the beginning of the codes of its sentences."""
    shows_where: bool


class FaceNetworkDetector:
    """Made once a process; holds the network."""

    def __init__(
        self,
        name: str,
        folder: Path,
        phrases: FacePhrases,
        made: Callable[[Served], FaceNetwork] = FaceNetwork,
    ) -> None:
        served = Served(folder)
        self.manifest = read_manifest(folder)
        self.name, self.phrases = name, phrases
        self.version = str(served.card["version"])
        self.network = made(served)
        self.calibration = Calibration.of(served.card)

    def not_applicable(self, media: Media) -> str | None:
        return no_pictures(media.info, say("media.sound_without_face"))

    def examine(self, media: Media) -> FaceExamination:
        return FaceExamination(self, media)


class FaceExamination(Examination):
    def __init__(self, detector: FaceNetworkDetector, media: Media) -> None:
        self._detector, self._media = detector, media

    def conclude(self) -> Finding:
        network, tracks = self._detector.network, self._media.tracks
        if "face_analysis_failed" in self._media.info.flags:
            return self._without(say("faces.unknown"), 0)
        if not tracks:
            return self._without(say("face.none"), 0)
        scores = []
        for number, track in enumerate(tracks, 1):
            if usable := network.usable(track):
                scores.append(network.score(track, usable))
            self.advance(number / len(tracks))
        if not scores:
            return self._without(
                say("face.too_small", pixels=float(network.min_side)),
                len(tracks),
            )
        return self._finding(scores, len(tracks))

    def _without(self, reason: str, faces: int) -> Finding:
        return Finding.not_applicable(
            self._detector,
            reason,
            weights_sha256=self._detector.network.served.sha256,
            counts={"faces": faces, "faces_judged": 0},
        )

    def _finding(self, scores: Sequence[FaceScore], faces: int) -> Finding:
        calibration, phrases = self._detector.calibration, self._detector.phrases
        top = max(scores, key=lambda s: s.logit)
        log10_lr = mean_ratio([calibration.log10_lr(s.logit) for s in scores])
        spread = [calibration.log10_interval(s.logit) for s in scores]
        outcome, shaken = self._decided(top, scores)
        seen_at = _clearest(top) if self._media.info.kind is Kind.VIDEO else None
        evidence = _evidence(phrases, calibration, top, scores, outcome, shaken, seen_at)
        label = say(f"{phrases.code}.segment")
        segments = _segments(top, calibration, label, self._media.info.kind)
        return Finding(
            detector=self._detector.name,
            version=self._detector.version,
            status=Status.RAN,
            reason=evidence.text,
            score=round(top.logit, 6),
            probability_manipulated=probability(log10_lr),
            log10_lr=log10_lr,
            evidence=(evidence,),
            segments=segments,
            weights_sha256=self._detector.network.served.sha256,
            parameters={
                "log10_lr_low": mean_ratio([low for low, _ in spread]),
                "log10_lr_high": mean_ratio([high for _, high in spread]),
                "found_at": calibration.found_at,
                "clear_at": calibration.clear_at,
                **segment_bound(calibration, segments),
                "runtime": self._detector.network.served.runtime,
            },
            counts={
                "faces": faces,
                "faces_judged": len(scores),
                "crops": sum(len(s.crops) for s in scores),
            },
        )

    def _decided(self, top: FaceScore, scores: Sequence[FaceScore]) -> tuple[Outcome, str]:
        """What the strongest face decides, and the harmless change that unsettles it, if any."""
        calibration = self._detector.calibration
        outcome = calibration.says(top.logit)
        if outcome is Outcome.MANIPULATION_FOUND and len(scores) > 1:
            # The strongest of several faces is higher by chance alone.
            together = mean_ratio([calibration.log10_lr(s.logit) for s in scores])
            if together < calibration.log10_lr(calibration.found_at):
                outcome = Outcome.INCONCLUSIVE
        if outcome is Outcome.INCONCLUSIVE:
            return outcome, ""
        best: list[Crop] = sorted(top.crops, key=lambda c: -c.quality)[:CHECKED_AGAIN]
        for name, change in HARMLESS.items():
            again = self._detector.network.after(top, best, change)
            if calibration.says(again) not in (outcome, Outcome.INCONCLUSIVE):
                return Outcome.INCONCLUSIVE, name
        return outcome, ""


def _evidence(
    phrases: FacePhrases,
    calibration: Calibration,
    top: FaceScore,
    scores: Sequence[FaceScore],
    outcome: Outcome,
    shaken: str,
    seen_at: float | None,
) -> Evidence:
    data: dict[str, object] = {
        "face": top.track.id,
        "faces_judged": len(scores),
        "log10_lr_of_face": round(calibration.log10_lr(top.logit), 3),
    }
    if top.where is not None and phrases.shows_where:
        data["where"] = [[round(float(v), 3) for v in row] for row in top.where]
    if seen_at is not None:
        data["seen_at"] = round(seen_at, 2)
    which = naming.face(top.track.id, len(scores), seen_at, "strongest")
    if shaken:
        data["unsettled_by"] = shaken
        text = say("face.unstable", face=which, change=shaken)
        return Evidence(f"{phrases.code}_unstable", text, Strength.WEAK, data)
    if outcome is Outcome.MANIPULATION_FOUND:
        region = strongest_region(top) if phrases.shows_where else None
        seen = (
            say(f"{phrases.code}.found_around", face=which, region=region)
            if region
            else say(f"{phrases.code}.found", face=which)
        )
        share = _in_hundred(calibration.found_alpha)
        text = joined(seen, say("face.genuine_share", reals=calibration.reals, share=share))
        return Evidence(f"{phrases.code}_found", text, Strength.MODERATE, data, outcome)
    if outcome is Outcome.NO_MANIPULATION_FOUND:
        share = _in_hundred(calibration.clear_alpha)
        text = joined(
            say(f"{phrases.code}.clear", face=which),
            say("face.altered_share", fakes=calibration.fakes, share=share),
        )
        return Evidence(f"{phrases.code}_not_found", text, Strength.WEAK, data, outcome)
    text = say(f"{phrases.code}.undecided", face=which)
    return Evidence(f"{phrases.code}_undecided", text, Strength.CONTEXT, data)


def _clearest(score: FaceScore) -> float:
    """The second of the crop with the highest score."""
    strongest = max(range(len(score.crops)), key=lambda n: score.logits[n])
    return score.crops[strongest].seconds


def _in_hundred(share: float) -> float:
    return round(100 * share, 6)


def _segments(
    score: FaceScore, calibration: Calibration, label: str, kind: Kind
) -> tuple[Segment, ...]:
    """For a video: the deciding face, crop by crop, each with its probability."""
    if kind is not Kind.VIDEO:
        return ()
    starts = [crop.seconds for crop in score.crops]
    ends = [*starts[1:], max(score.track.last, starts[-1])]
    return tuple(
        Segment(start, end, segment_probability(calibration, logit), label)
        for start, end, logit in zip(starts, ends, score.logits, strict=True)
    )
