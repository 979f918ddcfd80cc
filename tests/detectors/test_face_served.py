"""The networks that are served: their scores stand still, and harmless things do not alarm them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lab.face import blend, calibrate
from ml.engine import registry
from ml.engine.contract import Outcome, Pixels
from ml.engine.manifest import manifest_of
from ml.engine.media.faces import FaceFinder
from ml.evaluation import degrade
from tests.detectors import golden_faces
from tests.lab.face.faces import genuine_test_faces

OFFERED = [name for name in golden_faces.NAMES if name in registry.names()]
STILL = 0.02
"""By how much a logit may differ between processors."""
MOST_ALARMS = 0.05
CHANCE = 2.0
"""Standard errors that a small sample may lie above."""


@pytest.mark.parametrize("name", OFFERED)
def test_golden_scores_stand_still(name: str) -> None:
    """A new NumPy, OpenCV or LiteRT must not move a score without anybody noticing."""
    golden = manifest_of(name).golden
    assert golden_faces.scores(name) == pytest.approx(golden, abs=STILL)


@pytest.mark.parametrize("name", OFFERED)
def test_the_card_and_the_detector_agree(name: str) -> None:
    """Name, version, digest, bounds in the right order, and figures for what is claimed."""
    detector = golden_faces.detector(name)
    card = detector.network.served.card
    assert (card["name"], card["version"]) == (detector.name, detector.version)
    assert detector.network.served.sha256 == card["weights"]["sha256"]
    assert detector.calibration.slope > 0
    clean = card["measured"].get("clean") or card["measured"]["generated"]["stylegan"]
    degraded = (
        card["measured"].get("degraded") or card["measured"]["generated"]["stylegan, degraded"]
    )
    assert clean["auc"] > 0.9 and degraded["auc"] > 0.9
    assert card["limits"] and card["licence"] and card["data"]["sources"]


# === On the research data, where it is there ===


@pytest.fixture(scope="module")
def reals() -> list[Pixels]:
    """Genuine test faces of every source."""
    return genuine_test_faces(25)


def as_they_are(pixels: Pixels) -> Pixels:
    return pixels


def down_and_up(pixels: Pixels) -> Pixels:
    return degrade.scale(pixels, 0.6)


def saved_twice(pixels: Pixels) -> Pixels:
    return degrade.jpeg(degrade.jpeg(pixels, 80), 70)


def sharpened(pixels: Pixels) -> Pixels:
    """What a blend does to a part of a face, done to all of it."""
    return degrade.sharpen(pixels, 0.4)


@pytest.mark.slow
@pytest.mark.parametrize("name", OFFERED)
@pytest.mark.parametrize("change", [as_they_are, down_and_up, saved_twice, sharpened])
def test_harmless_changes_raise_no_alarms(
    name: str, change: Callable[[Pixels], Pixels], reals: list[Pixels]
) -> None:
    """Of genuine faces after a harmless change at most 5 in 100 are called manipulated, as far as
    so small a sample can say."""
    detector = golden_faces.detector(name)
    outcomes = []
    with FaceFinder(most=1) as finder:
        for pixels in reals:
            one = calibrate.score_one(0, False, change(pixels), finder, detector.network)
            if one.score is not None:
                outcomes.append(detector.calibration.says(one.score))
    alarms = sum(outcome is Outcome.MANIPULATION_FOUND for outcome in outcomes) / len(outcomes)
    error = (MOST_ALARMS * (1 - MOST_ALARMS) / len(outcomes)) ** 0.5
    assert len(outcomes) > 80
    assert alarms <= MOST_ALARMS + CHANCE * error


@pytest.mark.slow
@pytest.mark.skipif("face_forgery" not in OFFERED, reason="face_forgery is not offered")
def test_a_shifted_box_does_not_turn_the_answer(reals: list[Pixels]) -> None:
    """The face finder is never exact to the pixel: shifting and scaling the crop by a few percent
    turns no genuine face from one answer to the other."""
    detector = golden_faces.detector("face_forgery")
    random = np.random.default_rng(2)
    with FaceFinder(most=1) as finder:
        for pixels in reals[:40]:
            outcomes = set()
            for _ in range(3):
                left, top, right, bottom = (int(v) for v in random.integers(0, 5, 4))
                part = pixels[top : pixels.shape[0] - bottom, left : pixels.shape[1] - right]
                one = calibrate.score_one(
                    0, False, np.ascontiguousarray(part), finder, detector.network
                )
                if one.score is not None:
                    outcomes.add(detector.calibration.says(one.score))
            assert not outcomes >= {Outcome.MANIPULATION_FOUND, Outcome.NO_MANIPULATION_FOUND}


def test_the_golden_blend_differs_from_its_portrait() -> None:
    """Otherwise the golden pair would test nothing."""
    pair = golden_faces.pictures()
    assert np.abs(pair["portrait"].astype(int) - pair["blend"].astype(int)).max() > 20
    assert blend.FAMILIES
