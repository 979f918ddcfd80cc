"""Redrawn mouths for training and tests: what is altered, what stays, and that it is repeatable."""

from __future__ import annotations

import numpy as np
import pytest

from lab.mouths import controls, programs
from lab.mouths.programs import LOWER_FACE, LOWER_HALF, WHOLE_BOX
from tests.lab.face.faces import portrait

DRAWERS = {"plain": programs.plain, "smeared": programs.smeared}


@pytest.mark.parametrize("part", [WHOLE_BOX, LOWER_HALF, LOWER_FACE])
def test_only_what_the_mask_names_is_altered(part: str) -> None:
    picture, points = portrait()
    for seed in range(6):
        program = programs.drawn(np.random.default_rng(seed), DRAWERS, parts=(part,), sides=(96,))
        made, mask = program(picture, points, picture, points)
        changed = np.abs(made.astype(int) - picture).max(axis=2) > 0
        assert changed[mask > 0.9].mean() > 0.3
        assert not changed[mask == 0].any()


def test_the_upper_face_is_left_where_the_lower_half_is_put_in() -> None:
    picture, points = portrait()
    program = programs.drawn(np.random.default_rng(1), DRAWERS, parts=(LOWER_HALF,))
    _, mask = program(picture, points, picture, points)
    eyes, mouth = points[[33, 263]].mean(axis=0), points[[13, 14]].mean(axis=0)
    assert mask[int(eyes[1]), int(eyes[0])] == 0
    assert mask[int(mouth[1]), int(mouth[0])] > 0.9


def test_one_program_draws_every_frame_alike() -> None:
    picture, points = portrait()
    program = programs.drawn(np.random.default_rng(3), DRAWERS)
    first, _ = program(picture, points, picture, points)
    second, _ = program(picture, points, picture, points)
    assert np.array_equal(first, second)


def test_the_passage_between_the_halves_is_short() -> None:
    above, below = np.zeros((96, 96, 3), np.uint8), np.full((96, 96, 3), 200, np.uint8)
    rows = programs.joined(above, below)[:, 0, 0]
    assert rows[40] == 0 and rows[56] == 200


@pytest.mark.parametrize("name", sorted(controls.CHANGES))
@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_a_harmless_change_keeps_the_picture_s_size(name: str, strength: float) -> None:
    picture, points = portrait()
    changed = controls.CHANGES[name](picture, points, strength)
    assert changed.shape == picture.shape and changed.dtype == np.uint8
    assert not np.array_equal(changed, picture)
