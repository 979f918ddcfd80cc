"""From a run to a served detector: calibration that holds, and a folder that the engine can use."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from pathlib import Path

import numpy as np
import pytest

from lab.face import calibrate, loop, release
from lab.face.batches import Pool
from lab.face.data import Item
from lab.face.store import Store
from ml.engine.fusion.calibration import Calibration
from ml.engine.media.face_scores import FaceNetwork
from ml.engine.serving import Served
from tests.lab.face.faces import item, portrait
from tests.lab.face.test_loop import tiny
from tests.lab.face.test_making import SMALL


def portraits(splits: dict[str, int]) -> Store:
    """The portrait in many sizes and lights; every second one is called fake and has a grey bar."""
    picture, points = portrait()
    random = np.random.default_rng(3)
    top, left = (int(v) for v in np.maximum(points.min(axis=0) - 90, 0)[::-1])
    bottom, right = (int(v) for v in points.max(axis=0)[::-1] + 90)
    pictures, landmarks = [], []
    items: list[Item] = []
    for split, count in splits.items():
        for n in range(count):
            fake = n % 2 == 1
            light = random.uniform(0.7, 1.1)
            part = np.clip(picture[top:bottom, left:right] * light, 0, 255).astype(np.uint8)
            if fake:
                part[part.shape[0] // 2 : part.shape[0] // 2 + 24] = 128
            pictures.append(part)
            landmarks.append(points - (left, top))
            number = len(items)
            items.append(
                item(
                    number, label="fake" if fake else "real", split=split,
                    identity=f"{split}-{n // 2}", pair=f"{split}-{n // 2}", checked_pair=fake,
                    sha256=hashlib.sha256(f"{split}{n}".encode()).hexdigest(),
                )
            )  # fmt: skip
    sizes = [p.size for p in pictures]
    return Store(
        items=items,
        pixels=np.concatenate([p.reshape(-1) for p in pictures]),
        offsets=np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64),
        shapes=np.array([p.shape[:2] for p in pictures], np.int32),
        landmarks=np.array(landmarks, np.float32),
    )


@pytest.mark.parametrize("alpha", [0.04, 0.1])
def test_the_conformal_bound_keeps_its_promise(alpha: float) -> None:
    """Over many draws, further values lie above the bound at most as often as was promised."""
    random = np.random.default_rng(5)
    above = [
        float(random.normal()) > calibrate.upper_bound(random.normal(size=60), alpha)
        for _ in range(4000)
    ]
    assert np.mean(above) <= alpha + 3 * math.sqrt(alpha / 4000)


def test_too_few_values_bound_nothing() -> None:
    """With ten values nobody can promise 4 in 100."""
    assert calibrate.upper_bound(np.arange(10.0), 0.04) == math.inf


@pytest.mark.slow
def test_a_run_becomes_a_detector(tmp_path: Path) -> None:
    """Train a little, release, load as in service: the card holds calibration and figures, the
    weights are the ones that it names, and a changed byte is refused."""
    store = portraits({"train": 12, "val": 48, "test": 24})
    config = dataclasses.replace(SMALL, steps=6)
    loop.train(Pool(store, config), tmp_path / "run", imagenet=None, network=tiny)
    what = dataclasses.replace(
        release.FACE, fakes=("drawn",), reals=("drawn",), found_alpha=0.1, clear_alpha=0.1
    )
    card = release.release(what, store, tmp_path / "run", tmp_path / "out", network=tiny)
    assert card["weights"]["parity"]["greatest_difference"] <= release.TOLERANCE
    clean = card["measured"]["clean"]
    assert clean["reals"] + clean["fakes"] == round(clean["coverage"] * clean["n"]) == 24
    assert 0.0 <= clean["auc"] <= 1.0
    calibration = Calibration.of(card)
    assert calibration.reals == calibration.fakes == 24
    assert len(calibration.lines) == calibrate.LINES
    network = FaceNetwork(Served(tmp_path / "out"))
    again = calibrate.served_scores(store, [0], network, degraded=False)
    assert again == calibrate.served_scores(store, [0], network, degraded=False)
