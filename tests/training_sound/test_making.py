"""Pseudo-fakes, engines, degradation: finite, of the same length, repeatable, really different."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.training.sound import degrade, engines, store, vocoders
from tests.training_sound.voices import speech_like

OWN = [name for name in vocoders.VOCODERS if name != "world"]


@pytest.mark.parametrize("name", OWN)
def test_vocoded_speech_keeps_length_and_level_and_loses_the_waveform(name: str) -> None:
    """A copy is as long and as loud as the original, yet not the same samples; same seed, same
    copy."""
    sound = speech_like(2.0)
    made = vocoders.vocoded(sound, name, np.random.default_rng(4))
    assert made.shape == sound.shape
    assert np.isfinite(made).all()
    assert np.std(made) == pytest.approx(np.std(sound), rel=0.25)
    assert np.max(np.abs(made - sound)) > 0.01
    again = vocoders.vocoded(sound, name, np.random.default_rng(4))
    assert np.array_equal(made, again)


def test_world_where_it_is_installed() -> None:
    """The WORLD copy, too, keeps length and level; it needs the training environment."""
    pytest.importorskip("pyworld", reason="pyworld is in the training environment only")
    sound = speech_like(2.0)
    made = vocoders.vocoded(sound, "world", np.random.default_rng(4))
    assert made.shape == sound.shape
    assert np.isfinite(made).all()


@pytest.mark.parametrize("name", OWN)
def test_vocoding_silence_stays_finite(name: str) -> None:
    """A silent clip does not become NaN."""
    assert np.isfinite(
        vocoders.vocoded(np.zeros(16_000, np.float32), name, np.random.default_rng(0))
    ).all()


@pytest.mark.parametrize("name", [n for n in degrade.NAMED if n != "clean"])
def test_named_degradations_change_the_sound_but_not_its_length(name: str) -> None:
    """Each leaves speech of the same length that still resembles the original."""
    sound = speech_like(2.0)
    worse = degrade.NAMED[name](sound, np.random.default_rng(1))
    assert worse.shape == sound.shape
    assert worse.dtype == np.float32
    assert np.isfinite(worse).all()
    assert not np.array_equal(worse, sound)
    spectra = [np.abs(np.fft.rfft(wave))[:8000] for wave in (sound, worse)]
    assert np.corrcoef(*spectra)[0, 1] > 0.5


def test_noise_has_the_ratio_that_was_asked_for() -> None:
    """Ten decibels are ten decibels."""
    sound = speech_like(4.0)
    noise = degrade.add_noise(sound, 10.0, 1.0, np.random.default_rng(0)) - sound
    assert 10 * np.log10(np.mean(sound**2) / np.mean(noise**2)) == pytest.approx(10.0, abs=0.1)


def test_one_generator_decides_everything() -> None:
    """The same seed degrades the same way, another seed another way."""
    sound = speech_like(2.0)
    first, same, other = (
        degrade.degraded(sound, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert np.array_equal(first, same)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_an_engine_that_came_later_is_added_and_nothing_else_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a store that is there, only the engines that it does not hold speak; then none does."""
    clip = store.Row(store.CLIP, "real", "train", "s", "human", "p", 0, 0, 0)
    monkeypatch.setattr(store, "_all_rows", lambda *given: iter([(clip, speech_like(1.5))]))
    told = []

    def engine(name: str, seed: int):
        def speak(rng: np.random.Generator):
            told.append(name)
            yield "v", speech_like(1.5, seed=seed)

        return speak, "python3"

    assert len(store.prepare([], tmp_path, tmp_path).rows) == 1
    monkeypatch.setattr(engines, "ENGINES", {"one": engine("one", 1)})
    before = store.prepare([], tmp_path, tmp_path)
    first = before.sound(1).copy()
    monkeypatch.setattr(engines, "ENGINES", {"one": engine("one", 1), "two": engine("two", 2)})
    after = store.prepare([], tmp_path, tmp_path)
    assert [row.source for row in after.rows] == ["s", "one", "two"]
    assert np.array_equal(after.sound(1), first)
    assert np.abs(after.sound(2)).max() > 0.1
    store.prepare([], tmp_path, tmp_path)
    assert told == ["one", "two"]
