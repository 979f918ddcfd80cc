"""The detector: silent where it cannot know, bounded where it speaks, never a verdict by itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.engine.contract import Finding, Kind, Status, Strength
from ml.engine.detectors.temporal.calibration import CAP, STEADY_FAKES
from ml.engine.detectors.temporal.detector import Temporal
from ml.engine.detectors.temporal.inputs import Window
from ml.engine.detectors.temporal.network import ServedNetwork
from ml.engine.fusion.calibration import mixed
from ml.engine.media.motion import CHANNELS, INSIDE
from tests.temporal import made
from tests.temporal.made import Film, read_frames

LINE = {
    "slope": 0.5, "offset": -1.0, "cap": 2.0, "found_at": 4.0, "clear_at": 1.0,
    "found_alpha": 0.025, "clear_alpha": 0.1, "reals": 90, "fakes": 90, "lines": [],
}  # fmt: skip
SILENT: dict[str, Any] = {"fps": 25.0, "has_audio": False}


class Spread(ServedNetwork):
    """In place of the network: how much the surroundings move against the face. It lets the
    detector's own work be tested where no weights are shipped."""

    card = {
        "version": "0",
        "calibration": {"used": LINE},
        "claims": {"claimed": ["that tremble"], "not_told": ["that freeze", "that drift"]},
    }
    sha256 = "0" * 64

    def __init__(self) -> None:
        """No file of weights is opened."""

    def __call__(self, windows: Sequence[Window]) -> NDArray[np.float64]:
        channel = CHANNELS.index("across against the others")
        return np.array([30 * w.values[:, len(INSIDE) :, channel].std() for w in windows]) - 3.0


class Answers(Spread):
    def __init__(self, *values: float) -> None:
        self.values = list(values)

    def __call__(self, windows: Sequence[Window]) -> NDArray[np.float64]:
        return np.full(len(windows), self.values.pop(0))


def conclude(
    pictures: Iterable[NDArray[np.uint8]],
    *,
    network: Spread | None = None,
    film: Film | None = None,
    **given: Any,
) -> Finding:
    detector = Temporal(network or Spread())
    examination = detector.examine(film or Film(None, **SILENT))
    read_frames(examination, pictures, **given)
    return examination.conclude()


def test_what_cannot_apply_is_said_at_once() -> None:
    """A still and a sound, before a frame is looked at; a silent video is looked at."""
    detector = Temporal(Spread())
    assert detector.not_applicable(Film(None, Kind.IMAGE)) == "A picture has no motion."
    assert detector.not_applicable(Film(None, Kind.AUDIO)) == "A sound file shows no face."
    assert detector.not_applicable(Film(None, **SILENT)) is None


def test_a_calm_face_clears_nothing() -> None:
    """Low, but never far below even odds, and the sentence says that it is no proof."""
    finding = conclude(made.frames(50))
    evidence, limits = finding.evidence
    assert finding.status is Status.RAN
    assert evidence.code == "temporal_steady" and evidence.supports is None
    assert "no sign that the video is genuine" in finding.reason
    assert limits.text.endswith("It does not reliably detect faces that freeze or that drift.")
    assert finding.log10_lr is not None
    assert mixed(-CAP, STEADY_FAKES) <= finding.log10_lr < 0


def test_a_trembling_face_is_pointed_at_within_bounds() -> None:
    """Something to look at, with its moments; never the verdict by itself, never a big number."""
    calm, finding = conclude(made.frames(50)), conclude(made.frames(50, tremble=2.0))
    evidence, _ = finding.evidence
    assert finding.score is not None and calm.score is not None and finding.score > calm.score
    assert evidence.code == "temporal_unsteady"
    assert evidence.supports is None and evidence.strength is Strength.MODERATE
    assert finding.log10_lr is not None and 0 < finding.log10_lr <= CAP
    assert finding.segments
    assert all(
        s.score is not None and 0 <= s.score <= 1 and s.end > s.start for s in finding.segments
    )
    ends = [s.end for s in finding.segments]
    assert all(s.start >= end - 1e-6 for s, end in zip(finding.segments[1:], ends, strict=False))


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"pictures": []}, "No face"),
        ({"pictures": made.frames(12)}, "a whole second"),
        ({"pictures": made.frames(30), "fps": 8.0}, "too few frames"),
        ({"pictures": [made.frames(1)[0]] * 50}, "hardly change"),
    ],
    ids=["none", "half a second", "eight frames a second", "a still shown as a video"],
)
def test_too_little_is_not_applicable(given: dict[str, Any], word: str) -> None:
    """A stated reason and no number of any kind."""
    film = Film(None, fps=given.get("fps", 25.0), has_audio=False)
    finding = conclude(film=film, **given)
    assert finding.status is Status.NOT_APPLICABLE
    assert word in finding.reason and finding.reason.endswith(".")
    assert (finding.score, finding.log10_lr, finding.probability_manipulated) == (None,) * 3


def test_frames_at_random_times_are_not_applicable() -> None:
    """Variable frame rate beyond what converters make of an even one."""
    times = np.cumsum(np.random.default_rng(0).choice([0.017, 0.085], 50))
    finding = conclude(made.frames(50), times=times)
    assert finding.status is Status.NOT_APPLICABLE
    assert "uneven" in finding.reason


def test_small_faces_are_not_applicable() -> None:
    """Too small to be compared: said, not guessed."""
    detector = Temporal(Spread())
    examination = detector.examine(Film(None, **SILENT))
    for number, pixels in enumerate(made.frames(40)):
        face = made.face_of(number)
        face.landmarks[:] = 120 + (face.landmarks - 120) * 0.3
        examination.observe(made.view(number, number / 25, pixels, face))
    finding = examination.conclude()
    assert finding.status is Status.NOT_APPLICABLE
    assert "too small" in finding.reason


def test_five_hundred_faces_cost_no_more_than_two() -> None:
    """The largest are followed, the others only counted."""
    detector = Temporal(Spread())
    examination = detector.examine(Film(None, **SILENT))
    crowd = [made.face_of(0)]
    for track in range(2, 501):
        other = made.face_of(track)
        small = type(other)(track, type(other.box)(5, 5, 15, 15), other.landmarks)
        crowd.append(small)
    for number, pixels in enumerate(made.frames(30)):
        examination.observe(made.view(number, number / 25, pixels, *crowd))
    finding = examination.conclude()
    assert finding.counts["faces"] == 500
    assert finding.counts["faces_followed"] <= 2


def test_the_score_is_of_the_face_and_the_ratio_of_one_of_two() -> None:
    """Of two faces one may be altered: the ratio is the mean of both, never their product."""
    detector = Temporal(Answers(6.0, -6.0))
    examination = detector.examine(Film(None, **SILENT))
    for number, pixels in enumerate(made.frames(30)):
        one = made.face_of(number)
        other = type(one)(2, one.box, one.landmarks)
        examination.observe(made.view(number, number / 25, pixels, one, other))
    finding = examination.conclude()
    high, low = mixed(CAP, STEADY_FAKES), mixed(-CAP, STEADY_FAKES)
    assert finding.score == 6.0
    assert finding.log10_lr == pytest.approx(math.log10((10**high + 10**low) / 2))


def test_a_network_that_answers_with_nan_is_not_passed_on() -> None:
    """NaN ends as not applicable, never as a number."""
    finding = conclude(made.frames(30), network=Answers(float("nan")))
    assert finding.status is Status.NOT_APPLICABLE
    assert finding.score is None
