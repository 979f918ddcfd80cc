"""Tracks: one number a person, however they move, in memory that does not grow."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.engine.contract import Box, Crop, Frame
from ml.engine.media.crops import BestCrops
from ml.engine.media.cuts import CutFinder
from ml.engine.media.faces import FoundFace
from ml.engine.media.tracks import Tracker, Trail

PIXELS = np.full((360, 640, 3), 120, np.uint8)


def face(x: float, y: float, side: float = 60.0) -> FoundFace:
    """A face whose points fill its box."""
    grid = np.linspace(0, 1, 478)
    points = np.stack([x + side * grid, y + side * ((grid * 17) % 1.0), 0 * grid], axis=1)
    points[[1, 2], :2] = (x, y), (x + side, y + side)
    return FoundFace(Box(x, y, x + side, y + side), points.astype(np.float32))


def crop(seconds: float, quality: float, side: int = 40) -> Crop:
    pixels = np.zeros((side, side, 3), np.uint8)
    return Crop(0, seconds, pixels, Box(0, 0, side, side), np.zeros((478, 3), np.float32), quality)


def test_two_who_cross_keep_their_numbers() -> None:
    """They are told apart by where they were, not by the order in which they are found."""
    tracker = Tracker()
    for step in range(20):
        people = [face(20 + 20 * step, 40), face(480 - 20 * step, 200)]
        if step % 2:
            people.reverse()
        faces = tracker.update(Frame(step, step / 5, PIXELS), people)
        by_height = {round(f.box.top): f.track for f in faces}
        assert by_height == {40: 1, 200: 2}


def test_one_who_was_looked_for_in_vain_has_gone() -> None:
    """Three misses end a track; whoever comes then is somebody else."""
    tracker = Tracker()
    tracker.update(Frame(0, 0.0, PIXELS), [face(50, 50)])
    for step in range(1, 4):
        tracker.update(Frame(step, step / 5, PIXELS), [], looked_for=tracker.alive)
    assert tracker.alive == ()
    assert tracker.update(Frame(5, 1.0, PIXELS), [face(50, 50)])[0].track == 2


def test_one_who_was_not_looked_for_is_not_missed() -> None:
    """In a crowd not everybody is measured in every frame."""
    tracker = Tracker()
    tracker.update(Frame(0, 0.0, PIXELS), [face(50, 50), face(300, 50)])
    for step in range(1, 9):
        tracker.update(Frame(step, step / 5, PIXELS), [face(50, 50)], looked_for=tracker.alive[:1])
    assert [t.id for t in tracker.alive] == [1, 2]


def test_nobody_is_followed_over_a_cut() -> None:
    """The same place in another scene is another face."""
    tracker = Tracker()
    tracker.update(Frame(0, 0.0, PIXELS), [face(50, 50)])
    tracker.scene_ends()
    assert tracker.update(Frame(1, 0.2, PIXELS), [face(50, 50)])[0].track == 2
    assert [t.id for t in tracker.tracks()] == [1, 2]


def test_a_cut_is_a_new_picture_with_new_colours() -> None:
    """Noise and a moving square are none; the other scene is one."""
    rng = np.random.default_rng(3)
    finder = CutFinder()
    first = rng.integers(90, 130, (360, 640, 3)).astype(np.uint8)
    assert finder.starts_scene(first)
    moved = first.copy()
    moved[100:200, 100:200] = 250
    assert not finder.starts_scene(moved)
    other = np.zeros_like(first)
    other[:, :, 2] = np.linspace(120, 250, 640)[None, :]
    assert finder.starts_scene(other)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=400), st.integers(2, 20))
def test_best_crops_stay_few_and_hold_the_best(qualities: list[float], limit: int) -> None:
    """Never more than the limit, in the order of time, the best of all among them."""
    best = BestCrops(limit=limit)
    for number, quality in enumerate(qualities):
        best.offer(crop(number / 5, quality))
        assert len(best) <= limit
    kept = best.in_order()
    assert [c.seconds for c in kept] == sorted(c.seconds for c in kept)
    assert max(c.quality for c in kept) == max(qualities)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5000), st.integers(3, 50))
def test_a_trail_stays_short_and_keeps_its_ends(count: int, limit: int) -> None:
    """However long somebody is seen, the trail begins and ends where they did."""
    trail = Trail(limit)
    for number in range(count):
        trail.add(number / 5, Box(number, 0, number + 1, 1))
    points = trail.points()
    assert len(points) <= limit + 1
    assert points[0][0] == 0.0 and points[-1][0] == (count - 1) / 5


def test_memory_is_bounded_however_many_come_and_go() -> None:
    """Tracks and crops have a ceiling; who was seen least is forgotten first, and counted."""
    tracker = Tracker(most_tracks=8, most_crop_bytes=3_000_000)
    for person in range(40):
        for step in range(3 if person % 2 else 6):
            seconds = person * 2 + step / 5
            tracker.update(Frame(0, seconds, PIXELS), [face(100, 100, 200)])
        tracker.scene_ends()
    tracks = tracker.tracks()
    assert len(tracks) <= 8
    assert tracker.dropped >= 32
    assert sum(c.pixels.nbytes for t in tracks for c in t.crops) <= 3_000_000
    assert all(t.crops for t in tracks)
