"""Fingerprints of looks, on natural pictures: near for copies, far for others, none for a wall."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from ml.contract import Frame
from ml.media.likeness import MOST, NEAR, Looks, distance, fingerprint
from tests.detectors.natural import pictures, pixels, saved


def bits(image: Image.Image) -> int:
    found = fingerprint(pixels(image))
    assert found is not None
    return found


def smaller(image: Image.Image, part: int) -> Image.Image:
    return image.resize((image.width // part, image.height // part))


def trimmed(image: Image.Image) -> Image.Image:
    x, y = image.width // 50, image.height // 50
    return image.crop((x, y, image.width - x, image.height - y))


@pytest.mark.parametrize(
    "copy",
    [
        lambda p: saved(p, 30),
        lambda p: saved(smaller(p, 3), 50),
        lambda p: p.convert("L").convert("RGB"),
        lambda p: ImageEnhance.Contrast(p).enhance(1.3),
        trimmed,
    ],
    ids=["saved badly", "a third of the size", "grey", "more contrast", "trimmed by 2 %"],
)
def test_a_copy_is_near(copy: Callable[[Image.Image], Image.Image]) -> None:
    """Every picture and its copy differ in no more bits than are searched for."""
    assert all(distance(bits(p), bits(copy(p))) <= NEAR for p in pictures())


def test_other_pictures_are_far() -> None:
    """No two of the pictures are near, by a wide margin."""
    pairs = itertools.combinations(map(bits, pictures()), 2)
    assert min(distance(a, b) for a, b in pairs) > 2 * NEAR


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_plain_surface_has_no_look(shade: int) -> None:
    """A black frame would look like every other black frame."""
    assert fingerprint(np.full((90, 160, 3), shade, np.uint8)) is None


def test_a_pixel_is_enough_to_be_asked() -> None:
    """The smallest picture is no error."""
    assert fingerprint(np.zeros((1, 1, 3), np.uint8)) is None


def test_a_film_keeps_its_scenes_and_no_more() -> None:
    """One look a scene however long it stands, and a bound for a film of nothing but cuts."""
    scenes = [pixels(p.resize((160, 90))) for p in pictures()]
    looks = Looks()
    for n in range(600):
        looks.observe(Frame(n, n / 5, scenes[n // 100]))
    assert [round(seconds) for seconds, _ in looks.found] == [0, 20, 40, 60, 80, 100]
    cuts = Looks()
    for n in range(3 * MOST):
        cuts.observe(Frame(n, float(n), scenes[n % 2]))
    assert len(cuts.found) == MOST


def test_a_broken_frame_loses_only_its_look() -> None:
    """An analysis goes on."""
    looks = Looks()
    looks.observe(Frame(0, 0.0, np.zeros((0, 0, 3), np.uint8)))
    assert looks.found == []
