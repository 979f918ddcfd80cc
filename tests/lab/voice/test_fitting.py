"""The classifier on the encoder distinguishes the classes and ignores who speaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.voice import fitting
from ml.engine.detectors.voice_spoof import listeners

NUMBERS, SPEAKERS = 24, 6


def _lines(
    count: int, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.bool_], list[str | None]]:
    """Fakes stand apart along one number; speakers along three others, and much farther."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, NUMBERS)).astype(np.float32)
    fake = np.arange(count) % 2 == 1
    speaker = np.arange(count) // 2 % SPEAKERS
    features[fake, 0] += 3.0
    features[:, 1:4] += 4.0 * np.random.default_rng(9).normal(size=(SPEAKERS, 3))[speaker]
    names = [None if f else f"s{s}" for f, s in zip(fake, speaker, strict=True)]
    return features, fake, names


def test_it_tells_what_it_was_shown() -> None:
    """Fakes score higher than reals, on lines that it did not see."""
    features, fake, names = _lines(120)
    others, also, _ = _lines(60, seed=1)
    scores = fitting.fitted(features, fake, names)(others)
    assert scores[also].mean() > scores[~also].mean() + 1.0
    assert np.mean((scores > 0) == also) > 0.85


def test_who_speaks_is_not_heard() -> None:
    """A voice from far outside those shown, along the directions in which speakers differ, moves
    the score far less than where nobody said who speaks."""
    features, fake, names = _lines(240)
    others, _, _ = _lines(60, seed=1)
    stranger = others.copy()
    stranger[:, 1:4] += 6.0

    def moved(who: list[str | None]) -> float:
        tell = fitting.fitted(features, fake, who)
        return float(np.abs(tell(stranger) - tell(others)).mean())

    assert moved(names) < 0.5 * moved([None] * len(names))


def test_the_arrays_are_all_there_is_to_it() -> None:
    """Same lines, same classifier; a single line and many are answered alike; fewer numbers than
    directions are no harm."""
    features, fake, names = _lines(60)
    one, other = (fitting.fitted(features, fake, names) for _ in range(2))
    assert np.array_equal(one(features), other(features))
    assert np.allclose(one(features[:1]), one(features)[:1])
    assert one.directions.shape == (NUMBERS, NUMBERS)


def test_what_is_stored_says_the_same_to_the_last_bit() -> None:
    """Directions and examples lie in the file as float16, yet nothing moves: they were rounded
    before anything was fitted on them."""
    features, fake, names = _lines(60)
    given = {"speakers 2": features, "words 0": features + 2}
    layers = [listeners.Layer(n, fitting.fitted(h, fake, names)) for n, h in given.items()]
    panel = listeners.Panel(layers, {"speakers": (1.5, -0.25), "words": (2.0, 1 / 3)})
    back = listeners.opened(listeners.stored(panel))
    assert [layer.name for layer in back.layers] == list(given)
    assert back.lines == panel.lines
    assert np.array_equal(back(given), panel(given))
