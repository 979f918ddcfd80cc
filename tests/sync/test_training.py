"""From talks to batches that keep lips and sound together, and baselines that must see drawings."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
pytest.importorskip("keras")

from lab.common.archives import ManifestRefused
from lab.lip_sync import aligning, baselines, batches, data, measure
from ml.engine.detectors.lip_sync import inputs
from ml.engine.detectors.lip_sync.matching import Similarity
from tests.sync.made import mouths_for, speech_like


def talk(
    number: int, *, speaker: str = "", split: str = "train", seconds: float = 1.24
) -> data.Talk:
    """A drawn mouth that opens as its made-up voice is loud."""
    sound = speech_like(seconds, seed=number, pitch=100 + 7 * number)
    count = int(seconds * 25)
    mouths = mouths_for(sound, count, seed=number)
    dark = (mouths < 100).mean(axis=(1, 2))
    shapes = np.stack([dark, 1 - dark], axis=1).astype(np.float32)
    who = speaker or f"s{number % 6}"
    clip = data.Clip("made.zip", f"{number}.mp4", split, who, f"{number:064}")
    return data.Talk(clip, 0.0, mouths, shapes, sound)


def test_a_speaker_in_two_splits_is_refused() -> None:
    """So is the very same clip."""
    one, other = talk(1, speaker="a").clip, talk(2, speaker="a", split="test").clip
    with pytest.raises(ManifestRefused, match="speaker a"):
        data.check_splits([one, other])


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    """The same step gives the same bits; the next one others; every speaker gets a turn."""
    talks = [talk(n) for n in range(12)]
    draw = batches.Draw(talks, clips=6, seed=1)
    first, again, next_one = draw.batch(3), draw.batch(3), draw.batch(4)
    assert first.mouths.tobytes() == again.mouths.tobytes()
    assert first.sound.tobytes() == again.sound.tobytes()
    assert first.mouths.tobytes() != next_one.mouths.tobytes()
    assert sorted(first.speakers) == list(range(6))
    places = batches.PLACES
    assert first.mouths.shape == (6, places + 8, inputs.LIPS_SIDE, inputs.LIPS_SIDE)
    assert first.sound.shape == (6, 4 * places + 16, inputs.SOUND_FEATURES)
    assert np.isfinite(first.mouths).all() and np.isfinite(first.sound).all()


def test_training_and_serving_see_the_same_bits() -> None:
    """What a batch would hold without its changes is what serving cuts."""
    one = talk(5)
    low, high = batches.place_range(one)
    served = inputs.sound(one.sound, one.start, low, high)
    again = inputs.sound(one.sound, one.start, *inputs.sound_places(one.sound, 0.0, low, high))
    assert served.tobytes() == again.tobytes()
    assert high - low >= batches.PLACES


def test_of_the_ear_the_directions_that_move_are_kept() -> None:
    """Each to about unit spread within the clips; those that hardly move are not made loud."""
    draw = batches.Draw([talk(n) for n in range(6)], clips=6, seed=1)
    kept = draw.ear_directions(16)
    assert kept.shape == (inputs.ENCODER_SIZE, 16) and kept.dtype == np.float32
    features = [one.sounds[0][:, inputs.BANDS :].astype(np.float64) for one in draw.changed]
    rows = np.concatenate([clip - clip.mean(axis=0) for clip in features]) @ kept
    spreads = np.sqrt((rows**2).mean(axis=0))
    assert spreads[0] == pytest.approx(1.0, abs=1e-3)
    assert (spreads <= 1.001).all() and (np.diff(spreads) <= 1e-3).all()


def drawn(offset: float, seed: int = 0) -> Similarity:
    """Of a clip and its own sound, which fits best so many places late."""
    away = np.arange(22)[None] - np.arange(22)[:, None] - offset
    noise = np.random.default_rng(seed).normal(0, 0.2, (22, 22))
    return Similarity(0.0, 4, 4, (np.exp(-(away**2)) + noise).astype(np.float32))


def test_a_sound_that_is_moved_is_found_where_it_was_moved_to() -> None:
    """Late or early, with what leaves the clip cut off: the measure counts from there."""
    for late in (-10, -5, 0, 5, 10):
        similarity = measure.moved(drawn(0), late)
        assert similarity.curve().best() == late
        assert similarity.pairs.shape == (22, 22 - abs(late))
    assert measure.offsets(lambda n, _: drawn(1, n), [[0], [1, 2]], 5) == [1, 1]


def test_an_offset_is_held_against_the_speakers_other_clips() -> None:
    """Who always has the sound two places late is measured from there; of too few clips nothing."""
    talks = [talk(n, speaker="often") for n in range(6)] + [talk(9, speaker="once")]
    pools = [[0], [5], [6]]
    beside = measure.beside_the_others(talks, lambda n, _: drawn(3 if n == 5 else 2, n), pools)
    assert beside == [0, 1]


def test_a_speakers_sound_is_put_in_its_place_before_it_is_learnt_from() -> None:
    """To a part of a place; speakers of whom nothing is known stay as they are."""
    assert aligning.between(drawn(1.3).curve()) == pytest.approx(1.3, abs=0.25)
    one, other = batches.aligned([talk(1), talk(2)], {"s1": 1.5})
    assert one.start == pytest.approx(0.06) and other.start == 0.0


def test_both_baselines_tell_drawn_shifts() -> None:
    """Where the mouth follows the loudness exactly, even they must see a shift of ten frames."""
    learnt = [talk(n) for n in range(24)]
    unseen = [talk(n, speaker=f"t{n % 3}", split="test") for n in range(30, 45)]
    for made in (baselines.RidgeBaseline(learnt), baselines.DistanceBaseline(learnt)):
        items = measure.shift_items(unseen, made.of(unseen), 10, measure.singles(unseen))
        assert measure.auc(items)["auc"] > 0.7
