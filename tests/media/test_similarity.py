"""Perceptual fingerprints of natural pictures: close for copies, distant for others, none for a
plain wall."""

from __future__ import annotations

import numpy as np
import pytest

from bench import similarity
from ml.engine.contract import Frame
from ml.engine.media.similarity import MOST, NEAR, Looks, fingerprint
from ml.evaluation import pages
from tests.detectors.natural import pictures, pixels

ALWAYS_FOUND = [
    "saved as JPEG at quality 30", "a third of the size, saved at quality 50", "grey",
    "contrast raised by 30 %", "stretched by a quarter", "trimmed by 2 % on each side",
]  # fmt: skip


@pytest.mark.parametrize("name", ALWAYS_FOUND)
def test_a_copy_is_near(name: str) -> None:
    """Every picture and its copy differ in no more bits than are searched for."""
    assert max(similarity.distances(similarity.COPIES[name])) <= NEAR


def test_other_pictures_are_far() -> None:
    """No two of the pictures are near, by a wide margin."""
    assert min(similarity.others()) > 2 * NEAR


def test_the_pages_table_has_every_copy() -> None:
    """The figures in docs/history.md are of these copies, whoever adds one."""
    table = pages.held(similarity.PAGE, "alike")
    assert all(f"| {name} |" in table for name in similarity.COPIES)


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
