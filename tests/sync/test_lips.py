"""Mouths over time: cut where the face is between two measurements, evenly, in bounded room."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from ml.engine.contract import Face
from ml.engine.media import lips
from tests.sync import made


def walk(
    times: Iterable[float], *, measured_every: float = 0.2, speed: float = 0.0, scale: float = 60.0
) -> list[lips.Stretch]:
    """A face that drifts to the right with a white dot where its mouth is."""
    reader, due = lips.LipReader(), 0.0
    for index, seconds in enumerate(times):
        x, y = 100 + speed * seconds, 80.0
        face = made.face(x, y, scale)
        square = lips.square_round_mouth(face.landmarks)
        pixels = np.zeros((240, 320, 3), np.uint8)
        across, down = round(square.x), round(square.y)
        pixels[down - 2 : down + 3, across - 2 : across + 3] = 255
        faces: tuple[Face, ...] = ()
        if seconds + 1e-6 >= due:
            due, faces = due + measured_every, (face,)
        reader.observe(made.view(index, seconds, pixels, *faces))
    return reader.stretches()


def test_a_moving_mouth_stays_in_the_middle() -> None:
    """Between two measurements the square is drawn in a line: the dot stays where it is."""
    (stretch,) = walk(np.arange(50) / 25, speed=90.0)
    assert len(stretch.mouths) >= 48
    for mouth in stretch.mouths[:-4]:  # after the last measurement it is believed to stand still
        rows, columns = np.nonzero(mouth > 100)
        assert abs(columns.mean() - lips.SIDE / 2) < 3
        assert abs(rows.mean() - lips.SIDE / 2) < 3


@pytest.mark.parametrize("fps", [23.976, 25, 29.97, 50, 60])
def test_any_frame_rate_gives_25_mouths_a_second(fps: float) -> None:
    """Two seconds give fifty mouths, whatever the rate, from the first frame on."""
    (stretch,) = walk(np.arange(round(2 * fps)) / fps)
    assert stretch.start == 0.0
    assert abs(len(stretch.mouths) - 50) <= 2
    assert stretch.mouths.shape[1:] == (lips.SIDE, lips.SIDE)


def test_times_that_are_not_even_are_followed() -> None:
    """A video of variable rate: the grid is even, and as long as the video."""
    times = np.cumsum(np.random.default_rng(1).uniform(0.02, 0.055, 60))
    (stretch,) = walk(times)
    assert stretch.seconds == pytest.approx(times[-1] - times[0], abs=0.09)


def test_frames_that_lie_apart_give_no_mouths() -> None:
    """Five frames a second show no lips moving: nothing is kept, however long."""
    assert walk(np.arange(200) / 5) == []


def test_a_face_for_half_a_second_is_too_little() -> None:
    """A short look at a face gives no stretch."""
    assert walk(np.arange(12) / 25) == []


def test_a_gap_ends_a_stretch() -> None:
    """Two seconds, a hole, two seconds: two stretches, neither over the hole."""
    times = np.concatenate([np.arange(50) / 25, 5 + np.arange(50) / 25])
    stretches = walk(times)
    assert [round(s.start) for s in stretches] == [0, 5]
    assert all(s.seconds < 2.1 for s in stretches)


def test_small_mouths_are_not_read() -> None:
    """Below 22 pixels nothing is enlarged into a guess."""
    reader = lips.LipReader()
    pixels = np.zeros((90, 120, 3), np.uint8)
    for index in range(50):
        reader.observe(made.view(index, index / 25, pixels, made.face(60, 40, 12)))
    assert reader.too_small == 50
    assert reader.stretches() == []


def test_room_does_not_grow_with_length() -> None:
    """Two minutes frame by frame keep no more than the most that is kept."""
    stretches = walk(np.arange(3000) / 25)
    assert sum(s.seconds for s in stretches) <= lips.MOST_SECONDS + 30


def test_a_mouth_at_the_edge_is_cut_without_a_crash() -> None:
    """Half outside the frame: the edge is repeated; wholly outside: no mouth."""
    reader = lips.LipReader()
    pixels = np.full((120, 160, 3), 90, np.uint8)
    for index in range(40):
        reader.observe(made.view(index, index / 25, pixels, made.face(155, 70)))
    (stretch,) = reader.stretches()
    assert stretch.mouths.min() == stretch.mouths.max() == 90
    gone = lips.LipReader()
    for index in range(40):
        gone.observe(made.view(index, index / 25, pixels, made.face(900, 70)))
    assert gone.stretches() == []


def test_points_that_are_no_numbers_are_passed_over() -> None:
    """A measurement of NaN is no measurement."""
    reader = lips.LipReader()
    face = made.face(100, 80)
    face.landmarks[:] = np.nan
    reader.observe(made.view(0, 0.0, np.zeros((240, 320, 3), np.uint8), face))
    assert reader.stretches() == []
