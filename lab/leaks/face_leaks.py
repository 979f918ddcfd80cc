"""Tests whether a face network uses the right evidence: its scores when a picture is changed in
ways that are no manipulation, or when the face is covered (`manage.py leaks face_forgery`).

Genuine pictures that were only shrunk, saved again or recoloured must not turn into fakes; a box
that is a little off must not change the score; and with the face covered there must be nothing left
to tell the classes apart by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lab.face import blend
from lab.face.store import Store
from lab.leaks.baselines import chosen, inside_face
from ml.engine.contract import Box, Crop, Pixels
from ml.engine.detectors.face_network import FaceNetworkDetector
from ml.engine.media.face_scores import FaceNetwork
from ml.evaluation import degrade, metrics

Points = NDArray[np.float32]
Change = Callable[[Pixels, Points, Generator], Pixels]
PICTURES = 150
MOST_OFF = 0.15


def covered(pixels: Pixels, points: Points, random: Generator) -> Pixels:
    """The face, and a little round it, in even grey."""
    out = pixels.copy()
    out[inside_face(pixels.shape, points)] = 128
    return out


def _there_and_back(factor: int) -> Change:
    def change(pixels: Pixels, points: Points, random: Generator) -> Pixels:
        size = (max(pixels.shape[1] // factor, 8), max(pixels.shape[0] // factor, 8))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        whole = (pixels.shape[1], pixels.shape[0])
        return np.asarray(cv2.resize(small, whole, interpolation=cv2.INTER_CUBIC), np.uint8)

    return change


HARMLESS: dict[str, Change] = {
    "what a blend goes through": lambda p, _, random: blend.draw_difference(random)(p),
    "shrunk x2 and back": _there_and_back(2),
    "shrunk x4 and back": _there_and_back(4),
    "JPEG 75": lambda p, _, __: degrade.jpeg(p, 75),
    "JPEG 50": lambda p, _, __: degrade.jpeg(p, 50),
    "blur": lambda p, _, __: degrade.blur(p, 1.2),
}


def logits(
    store: Store,
    numbers: Sequence[int],
    network: FaceNetwork,
    change: Change | None = None,
    *,
    off: float = 0.0,
    seed: int = 3,
) -> NDArray[np.float64]:
    """One a picture, cut and looked at as in service; `off` moves each side of the box by up to
    this share of it."""
    values = []
    for number in numbers:
        random = np.random.default_rng([seed, number])
        picture, points = np.ascontiguousarray(store.picture(number)), store.points(number)
        if change is not None:
            picture = change(picture, points, random)
        values.append(network.look(_crop(picture, points, random.uniform(-off, off, 4)))[0])
    return np.array(values)


def _crop(picture: Pixels, points: Points, off: NDArray[np.float64]) -> Crop:
    """As the engine hands it to a detector, each side of the box moved out by its share."""
    low, high = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
    width, height = high - low
    box = Box(
        low[0] - off[0] * width,
        low[1] - off[1] * height,
        high[0] + off[2] * width,
        high[1] + off[3] * height,
    )
    return Crop(0, 0.0, picture, box, points, 1.0)


def usable(store: Store, numbers: Sequence[int], network: FaceNetwork) -> list[int]:
    """Faces that the detector would judge."""
    return [
        n
        for n in numbers
        if float(np.ptp(store.points(n), axis=0).min()) >= network.min_side
    ]  # fmt: skip


def looked_at(
    store: Store, detector: FaceNetworkDetector, sources: Sequence[str], pictures: int = PICTURES
) -> dict[str, Any]:
    """Everything that the module's text names, on the test split."""
    network, calibration = detector.network, detector.calibration
    numbers = usable(store, chosen(store, sources, "test", len(store.items)), network)
    random = np.random.default_rng(5)

    def some(fake: bool) -> list[int]:
        of_class = [n for n in numbers if store.items[n].is_fake == fake]
        count = min(pictures, len(of_class))
        return sorted(int(n) for n in random.choice(of_class, count, replace=False))

    reals, fakes = some(False), some(True)
    labels = [False] * len(reals) + [True] * len(fakes)
    both = [*reals, *fakes]
    plain = logits(store, both, network)
    hidden = logits(store, both, network, covered)
    jittered = logits(store, both, network, off=MOST_OFF)
    flagged = {"as it is": plain[: len(reals)]}
    for name, change in HARMLESS.items():
        flagged[name] = logits(store, reals, network, change)
    return {
        "reals": len(reals),
        "fakes": len(fakes),
        "auc": metrics.auc(labels, plain),
        "auc_face_covered": metrics.auc(labels, hidden),
        "box_off_median_change": float(np.median(np.abs(jittered - plain))),
        "box_off_in_spreads": float(np.median(np.abs(jittered - plain)) / plain.std()),
        "false_alarms": {
            name: float(np.mean(values >= calibration.found_at)) for name, values in flagged.items()
        },
    }
