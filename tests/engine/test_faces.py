"""Faces: the right model, every size, the same landmarks by both methods."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from bench import clips
from ml.engine.contract import Box, Frame
from ml.engine.media import crops, face_model
from ml.engine.media.faces import FaceFinder, frontal
from ml.engine.media.search import overlap, tiles


def scene(width: int, place: tuple[int, int] = (700, 250)) -> np.ndarray:
    """A 720p view with one head that is `width` pixels wide."""
    view = clips.scenery().resize((1280, 720))
    view.paste(clips.portrait().crop(clips.HEAD).resize((width, round(width * 1.214))), place)
    return np.asarray(view)


def test_the_model_is_the_one_that_is_known() -> None:
    """By its digest."""
    assert hashlib.sha256(face_model.model_bytes()).hexdigest() == face_model.MODEL_SHA256


def test_another_model_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A model that is almost right would give wrong points without a word."""
    almost = bytearray(face_model.model_bytes())
    almost[1000] ^= 1
    (tmp_path / "face_landmarker.task").write_bytes(almost)
    monkeypatch.setenv("MODELS_DIR", str(tmp_path))
    face_model.model_bytes.cache_clear()
    try:
        with pytest.raises(face_model.FaceModelUnusable, match="not the file"):
            face_model.model_bytes()
    finally:
        face_model.model_bytes.cache_clear()


def test_tensorflow_stays_out() -> None:
    """Finding a face loads no TensorFlow, and leaves no false entry behind
    that would keep a training script from importing it."""
    code = (
        "import sys; sys.path[:0] = ['.', 'platform']\n"
        "from ml.engine.media import face_model\n"
        "from ml.engine.media.faces import FaceFinder\n"
        "with FaceFinder() as finder:\n"
        "    assert len(finder.in_still(face_model.golden_photograph())) == 1\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.parametrize("width", [45, 60, 90, 140, 240, 500])
def test_faces_of_every_size_are_found_in_stills(width: int) -> None:
    """From a thirtieth of the picture's width to most of its height, and nothing else."""
    with FaceFinder() as finder:
        found = finder.in_still(scene(width, (640, 60)))
    assert len(found) == 1
    assert found[0].box.width == pytest.approx(0.66 * width, rel=0.2)
    assert found[0].landmarks.shape == (478, 3)
    assert len(found[0].blendshapes) == 52
    assert found[0].pose is not None and found[0].pose.shape == (4, 4)


def test_a_face_that_fills_the_picture_is_found() -> None:
    """Tight crops are common; the detector alone does not see them."""
    with FaceFinder() as finder:
        whole = finder.in_still(face_model.golden_photograph())[0].box
        tight = face_model.golden_photograph()[
            int(whole.top) : int(whole.bottom), int(whole.left) : int(whole.right)
        ]
        found = finder.in_still(tight)
    assert len(found) == 1
    assert found[0].box.width == pytest.approx(whole.width, rel=0.12)


@pytest.mark.parametrize("degrees", [0, 15, -25])
def test_following_gives_the_points_of_the_landmarker(degrees: int) -> None:
    """The network alone, run by LiteRT, agrees with MediaPipe within 1.5 % of the face."""
    photograph = face_model.golden_photograph()
    height, width = photograph.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    picture = np.asarray(cv2.warpAffine(photograph, turn, (width, height)), np.uint8)
    with FaceFinder() as finder:
        exact = finder.in_still(picture)[0]
        new = finder.new(picture, finder.search.glance(picture)[0])
        again = finder.again(picture, exact.landmarks)
    for quick in (new, again):
        assert quick is not None
        apart = np.linalg.norm(quick.landmarks[:, :2] - exact.landmarks[:, :2], axis=1)
        assert apart.mean() < 0.015 * exact.box.width
        assert overlap(quick.box, exact.box) > 0.93


def test_there_is_no_face_where_there_is_none() -> None:
    """Neither in a temple, nor where a face has just left."""
    view = np.asarray(clips.scenery().resize((1280, 720)))
    with FaceFinder() as finder:
        assert finder.in_still(view) == []
        gone = finder.in_still(scene(240))[0]
        assert finder.again(view, gone.landmarks) is None


def test_a_turned_face_is_less_frontal() -> None:
    """A face squeezed in width by turning its points says so."""
    with FaceFinder() as finder:
        points = finder.in_still(face_model.golden_photograph())[0].landmarks
    angle = np.radians(60)
    turned = points @ np.array(
        [[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]],
        np.float32,
    )
    assert frontal(points) > 0.9
    assert frontal(turned) < 0.65


@pytest.mark.parametrize("size", [(1280, 720), (640, 640), (500, 300), (4000, 64), (100, 100)])
def test_tiles_cover_everything(size: tuple[int, int]) -> None:
    """No pixel is outside every tile, and no tile outside the picture."""
    width, height = size
    covered = np.zeros((height, width), bool)
    for left, top, wide, high in tiles(width, height, 320):
        assert 0 <= left <= left + wide <= width and 0 <= top <= top + high <= height
        covered[top : top + high, left : left + wide] = True
    assert covered.all() or size == (100, 100)


def test_a_crop_is_the_landmarks_box_in_the_frames_own_pixels() -> None:
    """The tight crop is cut, never resized up; its margin is the context round it."""
    pixels = face_model.golden_photograph()
    with FaceFinder() as finder:
        face = finder.in_still(pixels)[0]
    crop = crops.cut(Frame(3, 0.6, pixels), face)
    assert crop is not None and (crop.index, crop.seconds, crop.scale) == (3, 0.6, 1.0)
    tight = crops.with_margin(crop)
    box = face.box
    assert tight.shape[:2] == pytest.approx((box.height, box.width), abs=1.5)
    left, top = round(box.left), round(box.top)
    own = pixels[top : top + tight.shape[0], left : left + tight.shape[1]]
    assert np.abs(own.astype(int) - tight).mean() < 12  # at most one pixel of rounding
    wide = crops.with_margin(crop, 0.3)
    assert wide.shape[1] == pytest.approx(1.6 * box.width, abs=3)
    with pytest.raises(ValueError, match="margin"):
        crops.with_margin(crop, 0.5)


def test_blurred_and_small_faces_are_worth_less() -> None:
    """The best crops are the sharp and large ones."""
    sharp = face_model.golden_photograph()
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 4), np.uint8)
    small = np.asarray(Image.fromarray(sharp).resize((170, 200)))
    values = []
    with FaceFinder() as finder:
        for picture in (sharp, blurred, small):
            crop = crops.cut(Frame(0, 0.0, picture), finder.in_still(picture)[0])
            assert crop is not None
            values.append(crop.quality)
    assert values[0] > values[1] and values[0] > values[2]
    assert all(0 <= value <= 1 for value in values)


def test_boxes_that_share_nothing_overlap_by_nothing() -> None:
    """Overlap is shared over joined area, also for boxes without any."""
    a = Box(0, 0, 10, 10)
    assert overlap(a, a) == 1.0
    assert overlap(a, Box(20, 20, 30, 30)) == 0.0
    assert overlap(Box(0, 0, 0, 0), Box(0, 0, 0, 0)) == 0.0
