"""The manifest: what is read, and what is refused."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lab.face import data, store
from ml.evaluation import data_folders
from tests.lab.face.faces import item


def test_disjoint_splits_are_accepted() -> None:
    """Different people and videos may stand in different splits."""
    data.check_splits([item(0), item(1), item(2, split="test"), item(3, split="val", identity="",
                                                                     pair="")])  # fmt: skip


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"identity": "person-0"}, "identity"),
        ({"pair": "video-0"}, "pair"),
        ({"sha256": item(0).sha256}, "picture"),
    ],
)
def test_a_group_in_two_splits_is_refused(change: dict[str, str], kind: str) -> None:
    """One person, one original video or one picture in train and test is an error, by name."""
    with pytest.raises(data.ManifestRefused, match=kind):
        data.check_splits([item(0), item(2, split="test", **change)])


def test_the_same_name_in_two_sources_is_not_the_same_person() -> None:
    """Clusters are numbered a source; equal numbers in different sources mean nothing."""
    other = item(2, split="test", identity="person-0", source="other")
    data.check_splits([item(0), other])


@pytest.mark.data
def test_research_manifest_is_disjoint_and_whole() -> None:
    """The data that the detectors are trained on keeps people and videos within a split."""
    folder = data_folders.research("faces")
    if folder is None:
        pytest.skip("the research data is not beside the project (TOUCHSTONE_DATA)")
    items = data.read_manifest(folder / "manifest.csv")
    tests = data.select(items, split="test", label="fake", sources=["dfdc"])
    assert len(items) == 28_305
    assert len(tests) == 2_000


def _archive(folder: Path, pictures: list[np.ndarray]) -> list[data.Item]:
    import hashlib

    items = []
    with zipfile.ZipFile(folder / "some.zip", "w") as archive:
        for number, picture in enumerate(pictures):
            content = io.BytesIO()
            Image.fromarray(picture).save(content, "PNG")
            name = f"{number}.png"
            archive.writestr(name, content.getvalue())
            digest = hashlib.sha256(content.getvalue()).hexdigest()
            items.append(item(number, archive="some.zip", member=name, sha256=digest))
    return items


def test_prepared_pictures_come_back_as_they_were(tmp_path: Path) -> None:
    """Pictures of different sizes are stored bit for bit; one without a face says so."""
    random = np.random.default_rng(1)
    pictures = [random.integers(0, 256, (h, w, 3), np.uint8) for h, w in ((20, 31), (17, 8))]
    items = _archive(tmp_path, pictures)
    calls = []

    def find(picture: np.ndarray) -> np.ndarray | None:
        calls.append(1)
        return np.ones((478, 2), np.float32) if picture.shape[0] == 20 else None

    made = store.prepare(items, tmp_path, tmp_path / "cache", find)
    for number, picture in enumerate(pictures):
        assert np.array_equal(made.picture(number), picture)
    assert made.faces.tolist() == [True, False]
    store.prepare(items, tmp_path, tmp_path / "cache", find)
    assert len(calls) == 2, "what is prepared already must not be prepared again"


def test_a_changed_picture_is_refused(tmp_path: Path) -> None:
    """A picture that is not the one of the manifest never reaches the training."""
    items = _archive(tmp_path, [np.zeros((9, 9, 3), np.uint8)])
    wrong = [item(0, archive="some.zip", member="0.png")]
    assert items[0].sha256 != wrong[0].sha256
    with pytest.raises(ValueError, match="is not the manifest's"):
        store.prepare(wrong, tmp_path, tmp_path / "cache", lambda picture: None)


def test_a_bad_row_is_named(tmp_path: Path) -> None:
    """An unknown label is refused with the row's number."""
    file = tmp_path / "manifest.csv"
    with file.open("w", newline="") as target:
        rows = csv.writer(target)
        rows.writerow(["member", "label", "split", "source", "sha256"])
        rows.writerow(["a.png", "perhaps", "train", "x", "00"])
    with pytest.raises(data.ManifestRefused, match="Row 2"):
        data.read_manifest(file)


def test_landmarks_fit_the_unpadded_picture() -> None:
    """Padding for the face finder does not move the points: the nose stays on the nose."""
    from ml.engine.media.face_model import GOLDEN_POINTS
    from tests.lab.face.faces import portrait

    picture, points = portrait()
    height, width = picture.shape[:2]
    for number, (x, y) in GOLDEN_POINTS.items():
        assert points[number] == pytest.approx((x * width, y * height), abs=0.03 * height)
