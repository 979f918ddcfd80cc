"""The check of mouths: what it decides, what it leaves open, and that it clears nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ml.engine import registry
from ml.engine.contract import (
    Box,
    FaceTrack,
    Finding,
    Frame,
    Kind,
    Outcome,
    Status,
)
from ml.engine.detectors.asking_faces import moments
from ml.engine.detectors.mouth_forgery.detector import (
    CAP,
    FOLDER,
    MOMENTS,
    MOST_FACES,
    MOST_LOOKS,
    PASSING,
    MouthExamination,
    MouthForgery,
    make,
    pooled,
)
from ml.engine.detectors.mouth_forgery.region import LOWER, lower_face
from ml.engine.fusion.calibration import AskingCalibration, Calibration
from ml.engine.fusion.rule import by_scenario, decide
from ml.engine.manifest import manifest_of
from ml.engine.media.crops import cut
from ml.engine.media.encoding import through_codec
from ml.engine.media.faces import FoundFace
from ml.engine.serving import read_card
from tests.detectors import golden_faces
from tests.detectors.faces_in_view import face, filmed, media
from tests.lab.face.faces import portrait

LINE = Calibration(
    slope=1.0, offset=0.0, cap=CAP, found_at=2.0, clear_at=-2.0, found_alpha=0.01,
    clear_alpha=0.05, reals=300, fakes=100,
)  # fmt: skip


class Brightness:
    """In place of the network: how bright the crop is."""

    sha256 = "0" * 64
    runtime = "litert"

    def logit(self, picture: np.ndarray) -> float:
        return float(picture.mean() * 5)


def detector() -> MouthForgery:
    made = MouthForgery.__new__(MouthForgery)
    made.version, made.side, made.min_side = "0", 160, 64.0
    made.served = Brightness()  # type: ignore[assignment]
    line = AskingCalibration(LINE, PASSING)
    made.calibrations = {Kind.IMAGE: line, Kind.VIDEO: line}
    return made


def finding_for(*tracks: FaceTrack, kind: Kind = Kind.IMAGE) -> Finding:
    return MouthExamination(detector(), media(tracks, kind)).conclude()


def test_a_mouth_above_the_bound_is_found() -> None:
    finding = finding_for(face(1, 220))
    (evidence,) = finding.evidence
    assert evidence.supports is Outcome.MANIPULATION_FOUND
    assert "at most 1 in 100" in evidence.text
    assert decide(media(()).info, [finding]).outcome is Outcome.MANIPULATION_FOUND


def test_a_mouth_below_it_is_never_cleared() -> None:
    finding = finding_for(face(1, 30))
    assert finding.log10_lr is not None
    assert math.log10(PASSING) <= finding.log10_lr < 0
    assert finding.evidence[0].supports is None
    assert decide(media(()).info, [finding]).outcome is Outcome.INCONCLUSIVE


def test_a_crowd_is_no_evidence() -> None:
    """One loud face among calm ones is what chance gives."""
    crowd = finding_for(face(1, 190), *(face(n, 40) for n in range(2, 11)))
    alone = finding_for(face(1, 190))
    assert alone.evidence[0].supports is Outcome.MANIPULATION_FOUND
    assert crowd.evidence[0].supports is None
    assert crowd.counts == {"faces": 10, "faces_judged": MOST_FACES, "crops": MOST_FACES}


@pytest.mark.parametrize(
    ("tracks", "why"), [((), "No face was found"), ((face(1, 200, 40),), "No face is at least 64")]
)
def test_what_it_cannot_judge_is_said(tracks: tuple[FaceTrack, ...], why: str) -> None:
    finding = finding_for(*tracks)
    assert finding.status is Status.NOT_APPLICABLE
    assert why in finding.reason


def test_sounds_are_not_examined() -> None:
    assert detector().not_applicable(media((), Kind.AUDIO))
    assert detector().not_applicable(media((), Kind.VIDEO)) is None


def test_a_short_redrawn_part_of_a_film_is_not_averaged_away() -> None:
    finding = finding_for(filmed(1, 30, 30, 30, 30, 220, 225), kind=Kind.VIDEO)
    (evidence,) = finding.evidence
    assert evidence.supports is Outcome.MANIPULATION_FOUND
    assert evidence.data["seen_at"] == 5.0 and "at 0:05.0" in evidence.text
    assert [(s.score or 0.0) > 0.5 for s in finding.segments] == [False] * 4 + [True] * 2


def test_one_moment_alone_does_not_decide_a_film() -> None:
    finding = finding_for(filmed(1, 30, 30, 30, 210, 30, 30), kind=Kind.VIDEO)
    assert finding.evidence[0].supports is None
    assert pooled([-1.0, 4.0, 0.0]) == 2.0 and pooled([3.0]) == 3.0


def test_the_moments_of_a_film_are_spread_and_the_best_of_their_stretch() -> None:
    crops = filmed(1, *[30] * 7).crops
    crops = (*crops[:5], replace(crops[5], quality=0.9), crops[6])
    assert [crop.index for crop in moments(crops, 3)] == [0, 3, 5]


@pytest.mark.parametrize(("faces", "looks"), [(1, 6), (2, 12), (5, 10), (12, 8)])
def test_a_film_costs_few_looks_however_many_faces_it_shows(faces: int, looks: int) -> None:
    finding = finding_for(*(filmed(n, *[30] * 8) for n in range(1, faces + 1)), kind=Kind.VIDEO)
    assert finding.counts["crops"] == looks <= MOST_LOOKS
    assert MOMENTS <= MOST_LOOKS


def test_the_crop_reaches_past_the_chin_and_stays_in_the_picture() -> None:
    crop = face(1, 100).crops[0]
    height, width = lower_face(crop).shape[:2]
    assert width == round(100 * (1 + LOWER.left + LOWER.right))
    assert height == round(100 * (1 + LOWER.top + LOWER.bottom))
    edge = replace(crop, tight=Box(0.0, 0.0, 160.0, 160.0))
    assert lower_face(edge).shape == (160 - round(0.22 * 160), 160, 3)


def test_what_it_finds_is_not_weakened_by_the_silence_of_face_forgery() -> None:
    both = {"face_forgery": 0.1, "mouth_forgery": 20.0}
    checks = {name: manifest_of(name) for name in both}
    assert by_scenario(both, checks) == {"face_altered": 20.0}


# === The served network ===

offered = pytest.mark.skipif(
    "mouth_forgery" not in registry.names(), reason="the check is not offered"
)


@offered
@pytest.mark.parametrize("quality", [100, 60])
def test_the_public_portrait_is_not_found_however_it_was_saved(quality: int) -> None:
    served = make()
    picture, points = portrait()
    saved = through_codec(picture, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])
    landmarks = np.pad(points, ((0, 0), (0, 1))).astype(np.float32)
    box = Box(*map(float, points.min(0)), *map(float, points.max(0)))
    crop = cut(Frame(0, 0.0, saved), FoundFace(box, landmarks))
    assert crop is not None
    logit = served.look(crop)
    for calibration in served.calibrations.values():
        assert logit < calibration.line.found_at
        assert calibration.log10_lr(logit) < 0


@offered
def test_the_card_tells_that_no_genuine_source_pays() -> None:
    card = read_card(FOLDER)
    genuine = card["measured"]["genuine"]
    assert {"dfdc", "ffhq", "lfw", "utkface", "films"} <= genuine.keys()
    for name, row in genuine.items():
        if "alike" not in name:
            assert row["found"] <= 0.02, name


@offered
def test_golden_scores_stand_still() -> None:
    """A new NumPy, OpenCV or LiteRT must not move a score without anybody noticing."""
    golden = manifest_of("mouth_forgery").golden
    assert golden_faces.mouth_scores() == pytest.approx(golden, abs=0.02)
    assert golden["redrawn"] > golden["portrait"]
