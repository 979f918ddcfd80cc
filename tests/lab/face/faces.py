"""Small stores of drawn faces, so that training is tested without pictures of people."""

from __future__ import annotations

import hashlib
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lab.face import data, store
from lab.face.data import Item
from lab.face.store import LANDMARKS, Store
from ml.engine.contract import Pixels
from ml.engine.media import face_model
from ml.evaluation import data_folders


@cache
def portrait() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The public-domain portrait that matplotlib carries, and its landmarks."""
    from lab.face.store import face_finder

    picture = face_model.golden_photograph()
    with face_finder() as find:
        points = find(picture)
    assert points is not None
    return picture, points


def genuine_test_faces(of_each: int) -> list[Pixels]:
    """So many genuine faces of every source's test split; skips where the data is not there."""
    folder = data_folders.research("faces")
    if folder is None:
        pytest.skip("the research data is not beside the project (TOUCHSTONE_DATA)")
    items = data.read_manifest(folder / "manifest.csv")
    chosen = []
    for source in ("dfdc", "ffhq", "lfw", "utkface"):
        numbers = data.select(items, split="test", label=data.REAL, sources=[source])
        chosen += [items[n] for n in numbers[:: max(len(numbers) // of_each, 1)][:of_each]]
    return [np.ascontiguousarray(p) for p in store.read_pictures(chosen, folder)]


def item(number: int, **changes: object) -> Item:
    values: dict[str, object] = {
        "archive": "",
        "member": f"{number}.png",
        "label": "real",
        "split": "train",
        "source": "drawn",
        "method": "",
        "identity": f"person-{number // 2}",
        "pair": f"video-{number // 2}",
        "checked_pair": False,
        "sha256": hashlib.sha256(str(number).encode()).hexdigest(),
    }
    return Item(**(values | changes))  # type: ignore[arg-type]


def drawn_store(count: int = 12, side: int = 96) -> Store:
    """Pairs of noise pictures; the second of each has a bright block, and calls itself fake.
    Landmarks are a grid, so that nothing has to find them."""
    random = np.random.default_rng(7)
    pictures, items = [], []
    for number in range(count):
        fake = number % 2 == 1
        if not fake:
            coarse = random.integers(60, 160, (6, 6, 3), np.uint8)
            base = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
        picture = base.copy()
        if fake:
            picture[side // 3 : side // 2, side // 3 : side // 2] = 250
        pictures.append(picture)
        items.append(item(number, label="fake" if fake else "real", checked_pair=fake))
    grid = np.stack(np.meshgrid(np.linspace(0.1, 0.9, 22), np.linspace(0.1, 0.9, 22)), axis=-1)
    points = (grid.reshape(-1, 2)[:LANDMARKS] * side).astype(np.float32)
    size = side * side * 3
    return Store(
        items=items,
        pixels=np.concatenate([p.reshape(-1) for p in pictures]).astype(np.uint8),
        offsets=np.arange(count, dtype=np.int64) * size,
        shapes=np.full((count, 2), side, np.int32),
        landmarks=np.repeat(points[None], count, axis=0),
    )
