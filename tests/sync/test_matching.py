"""Offsets and how far they stand out, on similarities whose answer is known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.engine.audio_encoders import whisper as ears
from ml.engine.audio_encoders.features import joined
from ml.engine.detectors.lip_sync import inputs, judging
from ml.engine.detectors.lip_sync.matching import REACH, Similarity, pooled
from ml.engine.detectors.lip_sync.network import compared_with, encode_once
from ml.engine.media.lips import SIDE, Stretch
from ml.engine.media.spectra import FRAME, HOP, RATE


def similarity(
    offset: int, count: int = 60, *, strength: float = 1.0, noise: float = 0.2
) -> Similarity:
    """Mouths 4, 5, ... whose sound is alike `offset` places later."""
    rng = np.random.default_rng(offset + 99)
    pairs = rng.normal(0, noise, (count, count + 2 * REACH)).astype(np.float32)
    for row in range(count):
        pairs[row, row + REACH + offset] += strength
    return Similarity(0.0, inputs.LIPS_CONTEXT, inputs.LIPS_CONTEXT - REACH, pairs)


@pytest.mark.parametrize("offset", [-15, -5, -1, 0, 1, 5, 15])
def test_the_offset_is_found_with_its_sign(offset: int) -> None:
    """Positive: the fitting sound comes after the lips."""
    curve = similarity(offset).curve()
    assert curve.best() == offset
    assert curve.prominence() == pytest.approx(1.0, abs=0.1)


def test_what_fits_nowhere_does_not_stand_out() -> None:
    """Noise alone stays far below a fit, and more of it lies lower."""
    short = similarity(0, 60, strength=0.0).curve().prominence()
    long = pooled([similarity(k, 200, strength=0.0).curve() for k in range(5)]).prominence()
    assert long < short < 0.2


def test_offsets_that_few_mouths_have_do_not_count() -> None:
    """Where the sound ends, an offset with two mouths cannot win by chance."""
    pairs = np.full((20, 20), 0.1, np.float32)
    pairs[0, 15] = 50.0
    curve = Similarity(0.0, 4, 4, pairs).curve()
    assert not curve.usable[REACH + 15]
    assert abs(curve.best()) <= 12


def test_an_offset_of_few_mouths_needs_more_to_win() -> None:
    """Of a clip whose sound ends with it, chance does not carry the outermost offsets: what fits
    weakly, in its place and half beside it, is found to a place."""
    fitting = 0.5 * np.eye(22) + 0.25 * (np.eye(22, k=1) + np.eye(22, k=-1))
    found = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        pairs = (rng.normal(0, 1.0, (22, 22)) + fitting).astype(np.float32)
        found.append(Similarity(0.0, 4, 4, pairs).curve().best())
    assert np.mean(np.abs(found) <= 1) > 0.8  # 0.43 where the highest mean is taken


def test_two_stretches_are_one_curve() -> None:
    """Pooling is the sum over mouths: a long stretch weighs more than a short one."""
    together = pooled([similarity(3, 100).curve(), similarity(-4, 20).curve()])
    assert together.best() == 3


def test_a_click_is_heard_at_its_place() -> None:
    """Sound and pictures share one clock: a click at 1 s lies in the middle of place 25."""
    sound = np.random.default_rng(0).normal(0, 1e-3, 2 * RATE).astype(np.float32)
    sound[RATE + 320 : RATE + 480] = 0.5
    first, last = inputs.sound_places(sound, 0.0, -REACH, 60)
    rows = inputs.sound(sound, 0.0, first, last)
    assert len(rows) == inputs.MEL_A_PLACE * (last - first) + inputs.MEL_CONTEXT
    loudest = int(rows[:, : inputs.BANDS].sum(axis=1).argmax())
    place = first - inputs.SOUND_BEFORE + loudest / inputs.MEL_A_PLACE
    assert place == pytest.approx(25.3, abs=0.6)


@pytest.mark.parametrize("at", [0.4, 1.0, 1.57])
def test_the_ear_hears_a_tone_at_its_place(at: float) -> None:
    """What the ear makes of a sound stands at the same moments as log-mel: where a tone takes the
    place of noise as loud, its answer changes most."""
    noise = np.random.default_rng(1).normal(0, 0.1, 2 * RATE).astype(np.float32)
    begin, length = round(at * RATE), RATE // 10
    tone = noise.copy()
    tone[begin : begin + length] = 0.14 * np.sin(np.arange(length) * 2 * np.pi * 700 / RATE)
    first, last = inputs.sound_places(noise, 0.0, -REACH, 60)
    before, after = (
        inputs.sound_features(s, 0.0, first, last)[:, inputs.BANDS :] for s in (noise, tone)
    )
    apart = (np.abs(after - before) / before.std(axis=0)).mean(axis=1)
    middle = np.average(
        np.arange(len(apart)), weights=np.where(apart > 0.7 * apart.max(), apart, 0)
    )
    begin, _ = inputs.part_of(0.0, first, last)
    heard_at = (begin + middle * HOP + FRAME / 2) / RATE
    assert heard_at == pytest.approx(at + 0.05, abs=0.03)


def test_faces_in_view_together_share_one_hearing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ear, which costs most, hears the sound of the same time once however many faces there
    are; what each is then held against is what it would have heard alone."""
    sound = np.random.default_rng(2).normal(0, 0.1, 9 * RATE).astype(np.float32)
    mouths = np.zeros((60, SIDE, SIDE), np.uint8)
    together = [Stretch(track, 1.0, mouths) for track in (1, 2, 3)]
    later = Stretch(1, 6.0, mouths)
    seconds: list[float] = []
    hear = ears.WhisperEncoder.encode

    def counted(self: ears.WhisperEncoder, wave: np.ndarray) -> list[np.ndarray]:
        seconds.append(len(wave) / RATE)
        return hear(self, wave)

    monkeypatch.setattr(ears.WhisperEncoder, "encode", counted)
    ear = encode_once([*together, later], sound)
    for stretch in (*together, later):
        places = compared_with(stretch, sound)
        assert places is not None
        shared = inputs.sound(sound, stretch.start, *places, ear)
        alone = inputs.sound(sound, stretch.start, *places)
        np.testing.assert_allclose(shared, alone, atol=1e-5)
    assert len(seconds) == 2 + 4


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda p: (p[0], sum(p)))))
def test_parts_that_overlap_are_joined(parts: list[tuple[int, int]]) -> None:
    """What is left lies apart, in order, holds every part, and nothing that is in none."""
    found = joined(parts)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(found))
    assert all(any(b <= begin and end <= e for b, e in found) for begin, end in parts)
    covered = {n for begin, end in parts for n in range(begin, end)}
    assert {n for begin, end in found for n in range(begin, end)} == covered


@pytest.mark.parametrize("length", [0, 1, 1000, 4000, 8000, 16_000, 16_001])
@pytest.mark.parametrize("start", [0.0, 0.033, 3.0])
def test_places_never_ask_for_sound_that_is_not_there(length: int, start: float) -> None:
    """However short the sound: the rows are all there, or there are no places."""
    sound = np.random.default_rng(0).normal(0, 0.1, length).astype(np.float32)
    first, last = inputs.sound_places(sound, start, -REACH, 80)
    assert last >= first
    if last > first:
        rows = inputs.sound(sound, start, first, last)
        assert len(rows) == inputs.MEL_A_PLACE * (last - first) + inputs.MEL_CONTEXT
        assert np.isfinite(rows).all()


def test_of_two_faces_the_speaker_is_chosen() -> None:
    """Two faces at once: the one that fits stands for the stretch; faces one after the other are
    both taken."""

    def one(track: int, start: float, strength: float) -> judging.StretchMatch:
        mouths = np.zeros((68, 56, 56), np.uint8)
        return judging.StretchMatch(
            Stretch(track, start, mouths), similarity(0, 60, strength=strength), np.ones(60, bool)
        )

    silent, speaker, later = one(1, 0.0, 0.0), one(2, 0.2, 1.0), one(1, 5.0, 1.0)
    assert judging.who_speaks([silent, speaker, later]) == [speaker, later]


def test_moments_tell_where_it_does_not_fit() -> None:
    """A stretch whose second half belongs to another offset: its moments score higher there."""
    half = similarity(0, 120)
    half.pairs[60:] = np.random.default_rng(5).normal(0, 0.2, half.pairs[60:].shape)
    stretch = Stretch(1, 2.0, np.zeros((128, 56, 56), np.uint8))
    found = judging.score_sync([judging.StretchMatch(stretch, half, np.ones(120, bool))])
    assert found.offset == 0
    assert len(found.moments) == 4
    assert max(m.score for m in found.moments[:2]) < min(m.score for m in found.moments[2:])
    assert found.moments[0].start == pytest.approx(2.16)
