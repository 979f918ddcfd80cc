"""The check of whole pictures: where it looks, what it decides, and that it clears nothing."""

from __future__ import annotations

import math
from itertools import product

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.engine.contract import Finding, Frame, Kind, MediaInfo, Outcome, Pixels, Status, View
from ml.engine.detectors.synthetic_image.crops import (
    CALM,
    Head,
    every_look,
    looks,
    score,
    score_of_every,
    taken,
)
from ml.engine.detectors.synthetic_image.detector import (
    CAP,
    PASSING,
    ImageExamination,
    SyntheticImage,
)
from ml.engine.detectors.synthetic_image.places import places
from ml.engine.fusion.calibration import AskingCalibration, Calibration
from ml.engine.fusion.rule import by_scenario, decide
from ml.engine.manifest import manifest_of

SIDE = 32
LINE = Calibration(
    slope=1.0, offset=0.0, cap=CAP, found_at=2.0, clear_at=-2.0, found_alpha=0.03,
    clear_alpha=0.05, reals=300, fakes=100,
)  # fmt: skip
INFO = MediaInfo("0" * 64, 10, Kind.IMAGE, "PNG", 100, 100)


class Brightness:
    """In place of the network: one feature, how bright the crop is."""

    side = SIDE
    sha256 = "0" * 64
    runtime = "litert"

    def features(self, crop: Pixels) -> np.ndarray:
        return np.array([crop.mean() / 255], np.float32)


class Media:
    def __init__(self, info: MediaInfo = INFO) -> None:
        self.info = info


def detector() -> SyntheticImage:
    made = SyntheticImage.__new__(SyntheticImage)
    made.version, made.side, made.encoder = "0", SIDE, Brightness()  # type: ignore[assignment]
    made.head = Head(np.array([10.0], np.float32), -5.0)
    made.calibration = AskingCalibration(LINE, PASSING)
    return made


def noisy(grey: int, height: int = 120, width: int = 160) -> Pixels:
    random = np.random.default_rng(3)
    return np.clip(random.normal(grey, 30, (height, width, 3)), 0, 255).astype(np.uint8)


def patches(*greys: int) -> Pixels:
    """Something to see in each quarter."""
    pixels = np.full((200, 200, 3), 150, np.uint8)
    for (top, left), grey in zip(product((10, 150), repeat=2), greys, strict=True):
        pixels[top : top + 40, left : left + 40] = noisy(grey, 40, 40)
    return pixels


def finding_for(pixels: Pixels) -> Finding:
    examination = ImageExamination(detector(), Media())  # type: ignore[arg-type]
    examination.observe(View(Frame(0, 0.0, pixels)))
    return examination.conclude()


def test_a_high_score_finds_and_says_where() -> None:
    finding = finding_for(patches(190, 190, 190, 215))
    assert finding.status is Status.RAN and finding.score is not None and finding.score > 2
    (evidence,) = finding.evidence
    assert evidence.supports is Outcome.MANIPULATION_FOUND
    assert "in the lower right" in evidence.text
    boxes = evidence.data["boxes"]
    assert len(boxes) == 4 and all(0 <= box["left"] < box["right"] <= 1 for box in boxes)
    assert decide(INFO, [finding]).outcome is Outcome.MANIPULATION_FOUND


def test_two_calm_crops_end_it_and_two_that_are_not_are_followed_by_all() -> None:
    """The score from the logits of every crop is the one that the check comes to."""
    detector_ = detector()
    for grey, crops in ((30, 2), (190, 4)):
        picture = taken(patches(grey, grey, grey, grey), SIDE)
        assert len(picture.crops) == 4
        seen = looks(picture, detector_.encoder.features, detector_.head)
        every = every_look(picture, detector_.encoder.features, detector_.head)
        assert len(seen) == crops
        assert score([look.logit for look in seen]) == score_of_every(
            [look.logit for look in every]
        )


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=4))
def test_no_picture_is_found_by_two_crops_alone(logits: list[float]) -> None:
    """What lies above any bound that finds was looked at in every crop."""
    whole = score_of_every(logits)
    assert whole == score(logits) or whole <= CALM


def test_a_low_score_clears_nothing() -> None:
    """However calm the check, the odds fall no lower than the share that passes it."""
    finding = finding_for(noisy(30))
    assert finding.log10_lr is not None
    assert math.log10(PASSING) <= finding.log10_lr < 0
    assert finding.evidence[0].supports is None
    assert decide(INFO, [finding]).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("pixels", "why"),
    [
        (noisy(100, 20, 400), "smaller than 32 pixels"),
        (np.full((200, 200, 3), 90, np.uint8), "hardly anything"),
        (cv2.resize(noisy(100, 30, 30), (240, 240), interpolation=cv2.INTER_CUBIC), "enlarged"),
    ],
)
def test_what_it_cannot_judge_is_not_judged(pixels: Pixels, why: str) -> None:
    finding = finding_for(pixels)
    assert finding.status is Status.NOT_APPLICABLE
    assert why in finding.reason


@pytest.mark.parametrize("kind", [Kind.AUDIO, Kind.VIDEO])
def test_films_and_sounds_are_not_examined(kind: Kind) -> None:
    info = MediaInfo("0" * 64, 10, kind, "MP4")
    assert detector().not_applicable(Media(info))  # type: ignore[arg-type]


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_every_crop_lies_in_the_picture(height: int, width: int, seed: int) -> None:
    """And no more than four of them; none where the picture is too small."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    found = places(pixels, SIDE)
    assert len(found) <= 4
    assert bool(found) <= (min(height, width) >= SIDE)
    for place in found:
        assert place.cut(pixels, SIDE).shape == (SIDE, SIDE, 3)
    assert found == places(pixels, SIDE)


def test_it_looks_where_something_is_to_be_seen() -> None:
    pixels = np.full((2400, 3200, 3), 120, np.uint8)
    pixels[300:500, 400:620] = noisy(120, 200, 220)
    (place,) = taken(pixels, SIDE).crops
    assert 300 <= place[0].top <= 500 and 400 <= place[0].left <= 620


def test_of_two_checks_for_generated_pictures_the_stronger_counts() -> None:
    """They know different generators: one's silence does not weaken the other's finding."""
    checks = {name: manifest_of(name) for name in ("synthetic_face", "synthetic_image")}
    assert by_scenario({"synthetic_face": 0.1, "synthetic_image": 20.0}, checks) == {
        "generated": 20.0
    }
    assert by_scenario({"synthetic_face": 15.0, "synthetic_image": 0.5}, checks) == {
        "generated": 15.0
    }
    assert by_scenario({"synthetic_face": 0.1, "synthetic_image": 0.5}, checks) == {
        "generated": 0.1
    }
    assert by_scenario({"synthetic_image": 0.5}, checks) == {"generated": 0.5}
