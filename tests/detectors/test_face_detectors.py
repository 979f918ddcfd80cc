"""The face detectors: when they apply, what they decide, and what makes them unstable."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.engine.contract import Box, Crop, FaceTrack, Finding, Kind, Outcome, Status
from ml.engine.detectors import face_network
from ml.engine.detectors.face_forgery.detector import PHRASES
from ml.engine.detectors.face_network import FaceExamination, FaceNetworkDetector
from ml.engine.fusion.calibration import Calibration, mean_ratio, probability
from ml.engine.media import face_scores
from ml.engine.media.face_scores import FaceNetwork
from ml.engine.serving import Served, WeightsUnusable
from tests.detectors.known import Known

FOUND, CLEAR = Outcome.MANIPULATION_FOUND, Outcome.NO_MANIPULATION_FOUND
LINE = Calibration(
    slope=0.5, offset=0.0, cap=2.0, found_at=2.0, clear_at=-2.0, found_alpha=0.05,
    clear_alpha=0.05, reals=100, fakes=100, lines=((0.4, -0.1), (0.6, 0.1)),
)  # fmt: skip


class Brightness:
    """In place of the network: the logit is how bright the crop is. It lets the detector's own
    work be tested where no weights are shipped."""

    card = {"input": {"side": 32, "min_face_side": 40}}
    sha256 = "0" * 64
    runtime = "litert"

    def __call__(self, picture: np.ndarray) -> dict[int, np.ndarray]:
        logit = float(picture.mean()) * 8.0
        where = np.full(16, -3.0, np.float32)
        where[12:] = 3.0  # the lowest row of four
        return {1: np.array([logit], np.float32), 16: where}


def detector() -> FaceNetworkDetector:
    made = FaceNetworkDetector.__new__(FaceNetworkDetector)
    made.name, made.phrases, made.version = "face_forgery", PHRASES, "0"
    made.network = FaceNetwork(Brightness())  # type: ignore[arg-type]
    made.calibration = LINE
    return made


def crop(grey: int, side: int = 100, seconds: float = 0.0) -> Crop:
    box = Box(20.0, 20.0, 20.0 + side, 20.0 + side)
    points = np.full((478, 3), 20.0 + side / 2, np.float32)
    points[[61, 291, 0, 17], 1] = 20.0 + 0.9 * side  # the mouth, where the map is highest
    pixels = np.full((side + 40, side + 40, 3), grey, np.uint8)
    return Crop(int(seconds * 25), seconds, pixels, box, points, quality=0.5)


def track(number: int, *greys: int, side: int = 100) -> FaceTrack:
    crops = tuple(crop(grey, side, 0.2 * n) for n, grey in enumerate(greys))
    return FaceTrack(number, 0.0, 0.2 * len(greys), len(greys), crops)


class Faces(Known):
    """Media whose faces were already followed."""

    def __init__(
        self,
        tracks: Sequence[FaceTrack],
        kind: Kind = Kind.IMAGE,
        flags: tuple[str, ...] = (),
    ) -> None:
        super().__init__({}, kind, "png")
        self.tracks = tracks
        self.info = dataclasses.replace(self.info, flags=flags)


def conclude(*tracks: FaceTrack, **media: Any) -> Finding:
    return FaceExamination(detector(), Faces(tracks, **media)).conclude()


BRIGHT, DARK, GREY = 190, 64, 128
"""Logits of about 4, -4 and 0."""


@pytest.mark.parametrize(("grey", "says"), [(BRIGHT, FOUND), (DARK, CLEAR), (GREY, None)])
def test_the_frozen_points_decide(grey: int, says: Outcome | None) -> None:
    """Above the one found, below the other nothing found, between them nothing decided; with a
    ratio, its interval and a sentence with the calibration's own numbers."""
    finding = conclude(track(1, grey))
    assert finding.status is Status.RAN and finding.log10_lr is not None
    assert finding.evidence[0].supports is says
    assert finding.parameters["log10_lr_low"] <= finding.log10_lr
    assert finding.log10_lr <= finding.parameters["log10_lr_high"]
    assert finding.probability_manipulated == pytest.approx(probability(finding.log10_lr))
    if says is FOUND:
        assert "strongest around the mouth" in finding.reason
        assert "Of 100 genuine faces" in finding.reason and "at most 5 in 100" in finding.reason


def test_what_it_cannot_judge_is_said() -> None:
    """No face, only small faces, a broken face search: not applicable with the reason, no score."""
    for finding, word in (
        (conclude(), "No face was found"),
        (conclude(track(1, BRIGHT, side=30)), "No face is at least 40 pixels wide"),
        (conclude(flags=("face_analysis_failed",)), "Face detection failed"),
    ):
        assert finding.status is Status.NOT_APPLICABLE and word in finding.reason
        assert finding.score is None and finding.log10_lr is None
    assert "sound" in (detector().not_applicable(Faces((), Kind.AUDIO)) or "")


def test_a_crowd_is_no_evidence() -> None:
    """One of fifty faces that stands out by itself does not decide; alone it would. Yet it is not
    averaged away: the ratio stays above that of the others."""
    crowd = [track(n, DARK) for n in range(2, 51)]
    finding = conclude(track(1, BRIGHT), *crowd)
    assert finding.evidence[0].supports is None
    quiet = conclude(*crowd)
    assert finding.log10_lr is not None and quiet.log10_lr is not None
    assert finding.log10_lr > quiet.log10_lr + 0.5


def test_a_harmless_change_that_turns_the_answer_takes_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Found as it came, nothing found once saved again: then neither is said, and why."""
    monkeypatch.setitem(face_scores.HARMLESS, "saved again", lambda pixels: pixels // 3)
    finding = conclude(track(1, BRIGHT))
    assert finding.evidence[0].supports is None
    assert "gives a different result when the picture is saved again" in finding.reason


def test_of_a_video_the_deciding_face_is_shown_over_time() -> None:
    """Segments in order, one a crop, without holes; of a still none."""
    finding = conclude(track(1, BRIGHT, BRIGHT, GREY), track(2, DARK), kind=Kind.VIDEO)
    assert [round(s.start, 1) for s in finding.segments] == [0.0, 0.2, 0.4]
    assert all(a.end == b.start for a, b in itertools.pairwise(finding.segments))
    assert all(s.score is not None and 0.0 <= s.score <= 1.0 for s in finding.segments)
    assert conclude(track(1, BRIGHT)).segments == ()


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=40))
def test_the_mean_ratio_lies_between_its_parts(ratios: list[float]) -> None:
    """Never above the strongest, never more than log10 n below it."""
    mean = mean_ratio(ratios)
    assert max(ratios) - math.log10(len(ratios)) - 1e-9 <= mean <= max(ratios) + 1e-9
    assert min(ratios) - 1e-9 <= mean


def test_weights_that_are_not_the_cards_are_refused(tmp_path: Path) -> None:
    """A missing file and another file are said by name."""
    with pytest.raises(WeightsUnusable, match="cannot be read"):
        Served(tmp_path)
    card = {"weights": {"file": "face.tflite", "sha256": "0" * 64}}
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(WeightsUnusable, match=r"face\.tflite"):
        Served(tmp_path)
    (tmp_path / "face.tflite").write_bytes(b"something else")
    with pytest.raises(WeightsUnusable, match=r"face\.tflite is not the file"):
        Served(tmp_path)


def test_the_words_of_both_detectors_differ() -> None:
    """Two checks with one code could not be told apart in an audit."""
    from ml.engine.detectors.synthetic_face import detector as synthetic

    assert synthetic.PHRASES.code != PHRASES.code
    assert face_network.CHECKED_AGAIN >= 1
