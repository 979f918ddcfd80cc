"""The check of faces by diffusion models: what it decides, what it leaves open, and that it clears
nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

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
from ml.engine.detectors.diffusion_face.detector import (
    CAP,
    FOLDER,
    MOST_FACES,
    MOST_LOOKS,
    PASSING,
    DiffusionExamination,
    DiffusionFace,
    make,
)
from ml.engine.fusion.calibration import AskingCalibration, Calibration
from ml.engine.fusion.rule import by_scenario, decide
from ml.engine.image_encoders.heads import Head
from ml.engine.manifest import manifest_of
from ml.engine.media.crops import cut
from ml.engine.media.encoding import through_codec
from ml.engine.media.faces import FoundFace
from ml.engine.model_files import ModelFileUnusable
from ml.engine.serving import read_card
from tests.detectors.faces_in_view import face, filmed, media
from tests.lab.face.faces import portrait

LINE = Calibration(
    slope=1.0, offset=0.0, cap=CAP, found_at=2.0, clear_at=-2.0, found_alpha=0.03,
    clear_alpha=0.05, reals=300, fakes=100,
)  # fmt: skip


class Brightness:
    """In place of the network: one feature, how bright the crop is."""

    side = 128
    sha256 = "0" * 64
    runtime = "litert"

    def features(self, crop: np.ndarray) -> np.ndarray:
        return np.array([crop.mean() / 255], np.float32)


def detector() -> DiffusionFace:
    made = DiffusionFace.__new__(DiffusionFace)
    made.version, made.min_side = "0", 64.0
    made.encoder = Brightness()  # type: ignore[assignment]
    made.head = Head(np.array([10.0], np.float32), -5.0)
    made.calibration = AskingCalibration(LINE, PASSING)
    return made


def finding_for(*tracks: FaceTrack) -> Finding:
    return DiffusionExamination(detector(), media(tracks)).conclude()


def test_a_face_above_the_bound_is_found() -> None:
    finding = finding_for(face(1, 200))
    (evidence,) = finding.evidence
    assert evidence.supports is Outcome.MANIPULATION_FOUND
    assert "at most 3 in 100" in evidence.text
    info = media(()).info
    assert decide(info, [finding]).outcome is Outcome.MANIPULATION_FOUND


def test_a_face_below_it_is_never_cleared() -> None:
    finding = finding_for(face(1, 30))
    assert finding.log10_lr is not None
    assert math.log10(PASSING) <= finding.log10_lr < 0
    assert finding.evidence[0].supports is None
    assert decide(media(()).info, [finding]).outcome is Outcome.INCONCLUSIVE


def test_a_crowd_is_no_evidence() -> None:
    """One loud face among calm ones is what chance gives."""
    crowd = finding_for(face(1, 182), *(face(n, 40) for n in range(2, 7)))
    alone = finding_for(face(1, 182))
    assert alone.evidence[0].supports is Outcome.MANIPULATION_FOUND
    assert crowd.evidence[0].supports is None
    assert crowd.counts == {"faces": 6, "faces_judged": MOST_FACES, "crops": MOST_FACES}


@pytest.mark.parametrize(
    ("tracks", "why"), [((), "No face was found"), ((face(1, 200, 40),), "No face is at least 64")]
)
def test_what_it_cannot_judge_is_said(tracks: tuple[FaceTrack, ...], why: str) -> None:
    finding = finding_for(*tracks)
    assert finding.status is Status.NOT_APPLICABLE
    assert why in finding.reason


def test_sounds_are_not_examined_and_films_are() -> None:
    assert detector().not_applicable(media((), Kind.AUDIO))
    assert detector().not_applicable(media((), Kind.VIDEO)) is None


def of_film(*tracks: FaceTrack) -> Finding:
    film = media(tracks, Kind.VIDEO)
    return DiffusionExamination(detector(), film).conclude()


def test_a_short_generated_part_of_a_film_is_not_averaged_away() -> None:
    """The strongest moment decides, and the timeline shows where it is."""
    finding = of_film(filmed(1, 30, 30, 30, 30, 210, 210))
    (evidence,) = finding.evidence
    assert evidence.supports is Outcome.MANIPULATION_FOUND
    assert evidence.data["seen_at"] == 4.0 and "at 0:04.0" in evidence.text
    assert [(s.start, s.end) for s in finding.segments] == [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0)]
    assert [s.score is not None and s.score > 0.5 for s in finding.segments] == [False, False, True]


def test_the_moments_of_a_film_are_spread_and_the_best_of_their_stretch() -> None:
    crops = filmed(1, *[30] * 7).crops
    crops = (*crops[:5], replace(crops[5], quality=0.9), crops[6])
    assert [crop.index for crop in moments(crops, 3)] == [0, 3, 5]
    assert moments(crops[:2], 3) == crops[:2]


@pytest.mark.parametrize(("faces", "looks"), [(1, 3), (2, 4), (3, 3), (9, 4)])
def test_a_film_costs_few_looks_however_many_faces_it_shows(faces: int, looks: int) -> None:
    finding = of_film(*(filmed(n, *[30] * 8) for n in range(1, faces + 1)))
    assert finding.counts["crops"] == looks <= MOST_LOOKS


@pytest.mark.parametrize("quality", [100, 90, 75, 60])
def test_the_public_portrait_is_not_found_however_it_was_saved(quality: int) -> None:
    """Through the served network, as set-up built it. It is a retouched studio portrait, of which
    there were none in training, and comes close."""
    try:
        served = make()
    except ModelFileUnusable as missing:
        pytest.skip(str(missing))
    picture, points = portrait()
    saved = through_codec(picture, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])
    landmarks = np.pad(points, ((0, 0), (0, 1))).astype(np.float32)
    box = Box(*map(float, points.min(0)), *map(float, points.max(0)))
    crop = cut(Frame(0, 0.0, saved), FoundFace(box, landmarks))
    assert crop is not None
    assert served.look(crop) < served.calibration.line.found_at


def test_it_stands_beside_the_other_checks_for_generated_pictures() -> None:
    """The strongest counts: they know different generators."""
    both = {"synthetic_face": 0.1, "diffusion_face": 20.0}
    checks = {name: manifest_of(name) for name in both}
    assert by_scenario(both, checks) == {"generated": 20.0}


def test_the_card_tells_what_was_measured_on_films() -> None:
    """Hardly a genuine speaker is found, and most generated faces are: else it offers no films."""
    card = read_card(FOLDER)
    films = card["measured"]["films"]
    assert "video" in card["kinds"]
    assert films["genuine"]["found"] <= 0.05 and films["genuine"]["speakers"] >= 20
    assert films["generated"]["found"] >= 0.5
