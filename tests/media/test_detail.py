"""The detail in a picture: enlarged pictures are recognised, photographs are left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lab.face import store
from lab.face.crops import face
from ml.engine.contract import Pixels
from ml.engine.media.detail import enlargement
from ml.evaluation import degrade
from tests.lab.face.faces import genuine_test_faces, portrait


def enlarged(pixels: Pixels, factor: int, method: int = cv2.INTER_CUBIC) -> Pixels:
    """A picture of the same size that holds so many times less."""
    height, width = pixels.shape[:2]
    small = cv2.resize(pixels, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=method), np.uint8)


def test_a_photograph_is_not_taken_for_enlarged() -> None:
    """As it is, saved badly, or smaller: 1."""
    picture = face(*portrait())
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    for pixels in (picture, degrade.jpeg(picture, 40), half):
        assert enlargement(np.asarray(pixels, np.uint8)) == 1


@pytest.mark.parametrize("method", [cv2.INTER_CUBIC, cv2.INTER_LANCZOS4])
def test_an_enlarged_picture_is_known(method: int) -> None:
    """Threefold and more, also after it was saved again."""
    picture = face(*portrait())
    for factor in (3, 4, 6):
        large = enlarged(picture, factor, method)
        if factor > 3 or method == cv2.INTER_CUBIC:  # the sharpest threefold one lies at the limit
            assert enlargement(large) >= 3
            assert enlargement(degrade.jpeg(large, 90)) >= 3


@pytest.mark.parametrize(
    "pixels", [np.full((80, 80, 3), 130, np.uint8), np.zeros((3, 2, 3), np.uint8)]
)
def test_where_there_is_nothing_to_lose_nothing_is_said(pixels: Pixels) -> None:
    """Even and tiny areas do not raise and are not called enlarged."""
    assert enlargement(pixels) == 1


def test_on_faces_of_the_test_split() -> None:
    """Of genuine faces as they are at most 3 in 100 are taken for enlarged; of the same faces
    enlarged threefold at least 9 in 10 are, and fourfold at least as many."""
    faces = []
    with store.face_finder() as find:
        for pixels in genuine_test_faces(40):
            if (points := find(pixels)) is not None and np.ptp(points, axis=0).min() >= 64:
                faces.append(face(pixels, points))
    assert len(faces) > 120
    shares = {
        factor: np.mean([enlargement(enlarged(f, factor) if factor > 1 else f) > 1 for f in faces])
        for factor in (1, 3, 4)
    }
    assert shares[1] <= 0.03, shares
    assert min(shares[3], shares[4]) >= 0.9, shares
