"""Signals of a face in motion: what they see, what they must not see, and in which room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.engine.detectors.temporal import inputs
from ml.engine.media import motion
from ml.engine.media.motion import CHANNELS, INSIDE, REGIONS, FaceReader, FaceStretch
from tests.temporal import made

LIGHT_AGAINST = CHANNELS.index("light against the others")
ACROSS_AGAINST = CHANNELS.index("across against the others")


def stretch(pictures: Iterable[NDArray[np.uint8]], **given: Any) -> FaceStretch:
    reader = FaceReader()
    made.read_frames(reader, pictures, **given)
    (found,) = reader.stretches()
    return found


def spread(pictures: Iterable[NDArray[np.uint8]], channel: int, regions: slice) -> float:
    values = motion.signals(stretch(pictures)).values
    return float(values[:, regions, channel].std(axis=0).mean())


RING = slice(len(INSIDE), None)


def test_a_face_that_trembles_or_flickers_by_itself_stands_out() -> None:
    """Against its surroundings; the calm one does not."""
    calm = made.frames(40)
    trembling, flickering = made.frames(40, tremble=1.5), made.frames(40, flicker=0.03)
    for channel, loud in ((ACROSS_AGAINST, trembling), (LIGHT_AGAINST, flickering)):
        assert spread(loud, channel, RING) > 2 * spread(calm, channel, RING)


def test_what_happens_to_the_whole_picture_does_not_stand_out() -> None:
    """A lamp and a shaking camera move everything alike."""
    alike: dict[int, dict[str, Any]] = {
        ACROSS_AGAINST: {"tremble": 1.5},
        LIGHT_AGAINST: {"flicker": 0.03},
    }
    for channel, given in alike.items():
        alone = spread(made.frames(40, **given), channel, RING)
        together = spread(made.frames(40, **given, whole=True), channel, RING)
        assert together < 0.6 * alone


def test_frames_that_only_repeat_are_left_out() -> None:
    """A converter that shows each frame twice changes nothing but the time between."""
    pictures = made.frames(15)
    once = stretch(pictures, fps=12.5, still=True)
    twice = stretch([p for p in pictures for _ in (0, 1)], still=True)
    assert (once.repeated, twice.repeated) == (0, len(pictures))
    count = min(len(once.pictures), len(twice.pictures))
    assert count >= 13
    assert twice.pictures[:count].tobytes() == once.pictures[:count].tobytes()
    assert motion.signals(twice).steps == pytest.approx(0.08, abs=1e-6)


def test_a_still_picture_gives_no_steps() -> None:
    """Nothing moves, nothing is told, nothing is divided by zero."""
    signals = motion.signals(stretch([made.frames(1)[0]] * 40))
    assert len(signals.values) == 0
    assert inputs.windows(signals) == []


@pytest.mark.parametrize("value", [0, 255])
def test_flat_pictures_give_numbers(value: int) -> None:
    """Black and white by turns with nothing in them: finite all the same."""
    flat = [np.full((240, 240, 3), (value + 120 * (n % 2)) % 256, np.uint8) for n in range(30)]
    signals = motion.signals(stretch(flat))
    assert np.isfinite(signals.values).all()
    assert np.abs(signals.values).max() <= 1.0


def test_a_mirror_turns_sides_and_signs() -> None:
    """Training turns pictures round by their signals alone: it must be what a mirror gives."""
    own = stretch(made.frames(30))
    turned = FaceStretch(own.track, own.times, np.ascontiguousarray(own.pictures[:, :, ::-1]))
    expected = motion.mirrored(motion.signals(own).values)
    assert motion.signals(turned).values == pytest.approx(expected, abs=0.02)
    assert len(motion.MIRRORED) == len(REGIONS)


def test_windows_ask_for_even_and_many_steps() -> None:
    """Twelve steps or none; frames that come at random times or stand still for long give none."""
    pictures = made.frames(30)
    seen = inputs.windows(motion.signals(stretch(pictures)))
    assert len(seen) in (5, 6)
    assert {window.values.shape for window in seen} == {inputs.SHAPE}
    assert all(window.end > window.start for window in seen)
    uneven = np.cumsum(np.random.default_rng(0).choice([0.017, 0.085], 30))
    assert inputs.windows(motion.signals(stretch(pictures, times=uneven))) == []


def test_short_and_small_faces_are_not_followed() -> None:
    """Half a second gives nothing; a face too small is counted."""
    reader = FaceReader()
    made.read_frames(reader, made.frames(12))
    assert reader.stretches() == []
    small = FaceReader()
    for number, pixels in enumerate(made.frames(40)):
        face = made.face_of(number)
        face.landmarks[:] = 120 + (face.landmarks - 120) * 0.3
        small.observe(made.view(number, number / 25, pixels, face))
    assert small.stretches() == []
    assert small.too_small == 40


def test_room_does_not_grow_with_length() -> None:
    """A minute frame by frame keeps no more than the most that is kept."""
    reader = FaceReader()
    picture = made.frames(1)[0]
    made.read_frames(reader, [picture] * 1500)
    kept = reader.stretches()
    assert sum(s.seconds for s in kept) <= motion.MOST_SECONDS + 5


def test_samples_between_close_stretches_are_only_measured() -> None:
    """Two stretches frame by frame among samples: of each the beginning is kept, less the frame
    that a gap comes before, and no picture is cut of what lies between."""
    times = [*np.arange(5) / 5, *(1 + np.arange(40) / 25), *np.arange(14, 17) / 5,
             *(3.4 + np.arange(40) / 25)]  # fmt: skip
    reader, cut = FaceReader(), []
    pictures = made.frames(len(times))
    for number, (pixels, seconds) in enumerate(zip(pictures, times, strict=True)):
        view = made.view(number, float(seconds), pixels, made.face_of(number))
        cut.append(reader.cuts(view))
        reader.observe(view)
    assert cut.count(True) == 1 + 32 + 32
    one, other = reader.stretches()
    assert (one.start, other.start) == pytest.approx((1.04, 3.44))
    assert (len(one.times), len(other.times)) == (32, 32)


def test_a_long_talk_is_looked_at_all_along() -> None:
    """Of ten seconds frame by frame a part of every two and a half is kept, the last ones too."""
    reader = FaceReader()
    made.read_frames(reader, made.frames(250))
    kept = reader.stretches()
    assert [one.start for one in kept] == pytest.approx([0.0, 2.5, 5.0, 7.5], abs=0.05)
    assert all(motion.SHORTEST <= one.seconds <= motion.LOOKED + 0.04 for one in kept)
