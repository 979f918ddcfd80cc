"""The check of whole pictures: where it looks, what it decides, and that it clears nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.engine.contract import Finding, Frame, Kind, MediaInfo, Outcome, Pixels, Status, View
from ml.engine.detectors.synthetic_image.crops import (
    CALM,
    LARGEST,
    Head,
    every_look,
    looks,
    reduced,
    score,
    score_of_every,
    taken,
)
from ml.engine.detectors.synthetic_image.detector import (
    CAP,
    PASSING,
    PicturesExamination,
    SyntheticImage,
)
from ml.engine.detectors.synthetic_image.films import MOMENTS, MomentPicker, UnknownLengthPicker
from ml.engine.detectors.synthetic_image.places import places
from ml.engine.fusion.calibration import AskingCalibration, Calibration
from ml.engine.fusion.rule import by_scenario, decide
from ml.engine.manifest import manifest_of

SIDE = 32
LINE = Calibration(
    slope=1.0, offset=0.0, cap=CAP, found_at=2.0, clear_at=-2.0, found_alpha=0.03,
    clear_alpha=0.05, reals=300, fakes=100,
)  # fmt: skip
FILM_LINE = replace(LINE, found_at=1.0)
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
    made.calibrations = {
        Kind.IMAGE: AskingCalibration(LINE, PASSING),
        Kind.VIDEO: AskingCalibration(FILM_LINE, PASSING),
    }
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


def concluded(pixels: Pixels) -> Finding:
    examination = PicturesExamination(detector(), Media())  # type: ignore[arg-type]
    examination.observe(View(Frame(0, 0.0, pixels)))
    return examination.conclude()


def concluded_film(greys: dict[float, int], duration: float | None) -> Finding:
    """What a video leads to that is this bright at these seconds; 0 is a black picture."""
    info = MediaInfo("0" * 64, 10, Kind.VIDEO, "MP4", 200, 200, duration=duration)
    examination = PicturesExamination(detector(), Media(info))  # type: ignore[arg-type]
    for number, (seconds, grey) in enumerate(greys.items()):
        pixels = patches(*4 * [grey]) if grey else np.zeros((200, 200, 3), np.uint8)
        examination.observe(View(Frame(number, seconds, pixels)))
    return examination.conclude()


def test_a_high_score_finds_and_says_where() -> None:
    finding = concluded(patches(190, 190, 190, 215))
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
    finding = concluded(noisy(30))
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
    finding = concluded(pixels)
    assert finding.status is Status.NOT_APPLICABLE
    assert why in finding.reason


def test_sounds_are_not_examined() -> None:
    info = MediaInfo("0" * 64, 10, Kind.AUDIO, "WAV")
    assert detector().not_applicable(Media(info))  # type: ignore[arg-type]


def test_in_a_video_the_strongest_of_three_moments_counts() -> None:
    """The views between the moments are not looked at, however strong."""
    greys = {0.0: 250, 1.5: 30, 2.0: 250, 4.5: 210, 6.0: 250, 7.5: 30}
    finding = concluded_film(greys, duration=9.0)
    (evidence,) = finding.evidence
    assert evidence.supports is Outcome.MANIPULATION_FOUND
    assert evidence.data["seen_at"] == 4.5 and "0:04.5" in evidence.text
    assert [segment.start for segment in finding.segments] == [1.5, 4.5, 7.5]
    scores = [segment.score or 0.0 for segment in finding.segments]
    assert scores[1] == max(scores)


def test_a_video_has_a_bound_of_its_own() -> None:
    """Its compression lowers every score."""
    grey = 165
    assert concluded(patches(*4 * [grey])).evidence[0].supports is None
    film = concluded_film({0.0: grey, 2.0: grey, 4.0: grey}, duration=4.0)
    assert film.evidence[0].supports is Outcome.MANIPULATION_FOUND


def test_a_black_moment_of_a_video_is_passed_over() -> None:
    finding = concluded_film({1.0: 0, 3.0: 210, 5.0: 0}, duration=6.0)
    assert finding.status is Status.RAN
    assert [segment.start for segment in finding.segments] == [3.0]
    black = concluded_film({1.0: 0, 3.0: 0, 5.0: 0}, duration=6.0)
    assert black.status is Status.NOT_APPLICABLE


@pytest.mark.parametrize("duration", [0.9, None])
def test_of_a_video_of_one_view_that_view_is_examined(duration: float | None) -> None:
    finding = concluded_film({0.0: 210}, duration)
    assert finding.status is Status.RAN and len(finding.segments) == 1


def test_a_video_of_unknown_length_is_examined_over_its_whole_length() -> None:
    """An animated WebP does not say how long it is; its segments end with its last view."""
    greys = {number / 10: 210 if 10 <= number <= 14 else 30 for number in range(18)}
    finding = concluded_film(greys, duration=None)
    assert finding.evidence[0].supports is Outcome.MANIPULATION_FOUND
    assert 1 < len(finding.segments) <= MOMENTS
    assert finding.segments[-1].end == 1.7


@given(st.floats(0.04, 4000), st.floats(0.04, 0.5))
@settings(max_examples=50)
def test_few_views_of_a_video_of_unknown_length_are_kept(duration: float, step: float) -> None:
    """However long it is; those examined are spread over it."""
    picker, seconds = UnknownLengthPicker(), np.arange(0, duration, step)
    picked = [float(at) for at in seconds if picker.picks(float(at))]
    assert picked[0] == 0 and len(picked) <= 30
    places = picker.chosen(picked, float(seconds[-1]))
    assert places == sorted(set(places)) and 1 <= len(places) <= MOMENTS
    if duration > 3:
        assert len(places) == MOMENTS and picked[places[0]] < duration / 3
        assert picked[places[-1]] > duration / 2


@given(st.floats(0.04, 600), st.floats(0.04, 2))
def test_no_more_moments_are_picked_than_planned(duration: float, step: float) -> None:
    """And all of them where views come more densely than moments."""
    picker = MomentPicker(duration)
    picked = sum(picker.picks(number * step) for number in range(int(duration / step) + 1))
    assert picked <= MOMENTS
    if step < duration / (2 * MOMENTS):
        assert picked == MOMENTS


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
    (place,) = places(pixels, SIDE)
    assert 300 <= place.top <= 500 and 400 <= place.left <= 620


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


@pytest.mark.parametrize(
    ("size", "examined"),
    [
        ((3000, 4000), (1200, LARGEST)),
        ((4000, 1000), (LARGEST, 400)),
        ((1200, LARGEST), (1200, LARGEST)),
        ((100, 160), (100, 160)),
        ((64, 8000), (SIDE, 4000)),
        ((20, 8000), (20, 8000)),
    ],
)
def test_a_large_photograph_is_examined_reduced(
    size: tuple[int, int], examined: tuple[int, int]
) -> None:
    """To the size on which the bound was set, unless no crop would fit into it any more."""
    assert reduced(np.zeros((*size, 3), np.uint8), SIDE).shape[:2] == examined


def test_the_places_of_a_large_photograph_are_shares_of_it() -> None:
    """Boxes lie where the large picture shows something: in its four corners."""
    pixels = patches(250, 250, 250, 250).repeat(16, axis=0).repeat(16, axis=1)
    boxes = concluded(pixels).evidence[0].data["boxes"]
    assert isinstance(boxes, list) and len(boxes) == 4
    for box in boxes:
        for middle in ((box["left"] + box["right"]) / 2, (box["top"] + box["bottom"]) / 2):
            assert 0.04 < middle < 0.26 or 0.74 < middle < 0.96
