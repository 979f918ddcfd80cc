"""Only the face distinguishes the classes: in the data, and for a detector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab.face import faces
from lab.face.store import Store
from lab.leaks import baselines, face_leaks
from ml.engine import registry
from ml.engine.detectors.face_network import FaceNetworkDetector
from tests.lab.face.faces import drawn_store

FEW = 500


# === That the baselines see what they are made for ===


@pytest.fixture
def store() -> Store:
    return drawn_store(80)


def split(store: Store) -> tuple[list[int], list[int]]:
    return list(range(40)), list(range(40, 80))


def test_a_leak_is_seen(store: Store) -> None:
    """A drawn store whose fakes carry a bright block: sharpness and light tell them at once."""
    train, test = split(store)
    features = np.stack([baselines.sharpness(store, n) for n in (*train, *test)])
    assert baselines.separability(store, train, test, features)["auc"] > 0.95


def test_where_there_is_none_none_is_found(store: Store) -> None:
    """The block lies in the face: what is outside says nothing; sizes are the same."""
    train, test = split(store)
    for feature in (baselines.background, baselines.face_size):
        features = np.stack([feature(store, n) for n in (*train, *test)])
        found = baselines.separability(store, train, test, features)
        assert found["auc"] == pytest.approx(0.5, abs=0.25)
        assert (found["reals"], found["fakes"]) == (20, 20)


def test_the_covered_face_cannot_be_seen(store: Store) -> None:
    """The landmarks' hull is even grey, everything far from it untouched."""
    pixels, points = store.picture(0), store.points(0)
    hidden = face_leaks.covered(pixels, points, np.random.default_rng(0))
    inside = np.round(points).astype(int)
    assert (hidden[inside[:, 1], inside[:, 0]] == 128).all()
    outside = ~baselines.inside_face(pixels.shape, points)
    assert outside.any() and (hidden[outside] == pixels[outside]).all()


# === The prepared faces ===


@pytest.fixture(scope="module")
def prepared() -> tuple[Store, Path]:
    try:
        return faces.opened()
    except FileNotFoundError as error:
        pytest.skip(str(error))


def auc(store: Store, feature: Any, sources: tuple[str, ...]) -> float:
    train = baselines.chosen(store, sources, "train", FEW)
    test = baselines.chosen(store, sources, "test", FEW)
    features = np.stack([feature(store, n) for n in (*train, *test)])
    return float(baselines.separability(store, train, test, features)["auc"])


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_size_and_background_say_nothing_of_swaps(prepared: tuple[Store, Path]) -> None:
    """DFDC, which all swaps are from: face size and place, and what lies outside the face, are
    near chance. Sampling alone moves an AUC of 500 pictures by .05."""
    store, _ = prepared
    assert auc(store, baselines.face_size, ("dfdc",)) == pytest.approx(0.5, abs=0.1)
    assert auc(store, baselines.background, ("dfdc",)) == pytest.approx(0.5, abs=0.1)


@pytest.mark.data
@pytest.mark.slow
def test_file_sizes_say_little_of_swaps(prepared: tuple[Store, Path]) -> None:
    """One encoder at one quality for both classes: what is left is that swapped faces are
    smoother, which makes a file smaller. No more than that."""
    store, folder = prepared
    train = baselines.chosen(store, ("dfdc",), "train", 6000)
    test = baselines.chosen(store, ("dfdc",), "test", 6000)
    features = baselines.file_size(store.items, [*train, *test], folder, store)
    assert baselines.separability(store, train, test, features)["auc"] < 0.65


# === The detectors ===


def network_detectors() -> list[FaceNetworkDetector]:
    return [d for d in registry.detectors() if isinstance(d, FaceNetworkDetector)]


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_face_forgery_looks_at_the_face(prepared: tuple[Store, Path]) -> None:
    """With the face covered it cannot tell; with the box a little off it says nearly the same; and
    genuine faces that were only shrunk, saved again or recoloured stay genuine."""
    detector = next((d for d in network_detectors() if d.name == "face_forgery"), None)
    if detector is None:
        pytest.skip("face_forgery is not offered here")
    found = face_leaks.looked_at(prepared[0], detector, ("dfdc",), 40)
    assert found["auc"] > 0.8
    assert found["auc_face_covered"] == pytest.approx(0.5, abs=0.2)  # three deviations of 40 + 40
    assert found["box_off_in_spreads"] < 0.3
    assert max(found["false_alarms"].values()) <= 0.15
