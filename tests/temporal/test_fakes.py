"""Pseudo-fakes and what passes over whole videos: the same seed gives the same bits, and only the
inside of the face is changed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.temporal import fakes, passing
from tests.temporal import made

COUNT = 10
FRAMES = made.frames(COUNT)
POINTS = made.points(COUNT)


def faked(kind: str, seed: int, family: str = "whole_face") -> NDArray[np.uint8]:
    return np.stack(fakes.fake(FRAMES, POINTS, kind, family, np.random.default_rng(seed)))


@pytest.mark.parametrize("kind", sorted(fakes.KINDS))
def test_the_same_seed_gives_the_same_bits(kind: str) -> None:
    """And another seed gives others."""
    one = faked(kind, 3)
    assert one.tobytes() == faked(kind, 3).tobytes()
    assert one.tobytes() != faked(kind, 4).tobytes()
    assert one.dtype == np.uint8 and one.shape == (COUNT, 240, 240, 3)


@pytest.mark.parametrize("kind", sorted(fakes.KINDS))
def test_only_the_surroundings_of_the_face_may_change(kind: str) -> None:
    """The corners of the picture stay as they were, and something inside does not."""
    changed = np.abs(faked(kind, 5).astype(int) - np.stack(FRAMES))
    assert changed[:, :20].max() == changed[:, -20:].max() == changed[:, :, :20].max() == 0
    assert changed[:, 80:160, 80:160].max() > 0


def test_every_mask_family_is_in_one_group() -> None:
    """The families that blends know, each once, so that holding groups out leaves nothing over."""
    from lab.face import blend

    assert sorted(fakes.FAMILIES) == sorted(blend.FAMILIES)
    assert all(f in fakes.GROUPS[fakes.group_of(f)] for f in fakes.FAMILIES)


def film() -> passing.Film:
    return passing.Film(FRAMES, np.arange(COUNT) / 25)


@pytest.mark.parametrize("name", sorted(passing.WHOLE))
def test_what_passes_over_the_whole_is_deterministic(name: str) -> None:
    """Frames and times belong together, and the seed decides alone."""
    one = passing.WHOLE[name](film(), np.random.default_rng(1))
    other = passing.WHOLE[name](film(), np.random.default_rng(1))
    assert np.stack(one.frames).tobytes() == np.stack(other.frames).tobytes()
    assert len(one.frames) == len(one.times)
    assert one.frames[0].shape == (240, 240, 3)


def test_the_encoder_keeps_every_frame_in_its_place() -> None:
    """Through H.264 and back: as many frames, each nearest to its own, coarser at a higher crf."""
    fine, coarse = passing.h264(film(), 20.0), passing.h264(film(), 40.0)

    def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
        return float(np.abs(one.astype(int) - other).mean())

    for number, frame in enumerate(fine.frames):
        assert np.argmin([apart(frame, other) for other in FRAMES]) == number
    errors = [
        np.mean([apart(f, o) for f, o in zip(passed.frames, FRAMES, strict=True)])
        for passed in (fine, coarse)
    ]
    assert errors[0] < errors[1]


def test_rates_are_changed_as_converters_do() -> None:
    """Half as many frames at even times; repeated frames keep the rate."""
    assert len(passing.at_rate(film(), 12.5).frames) == 5
    again = passing.repeated(film(), np.random.default_rng(0))
    assert again.rate == pytest.approx(25.0)
