"""The baselines to beat: a ridge regression from sound to the mouth's opening, and the classic
distance between MFCC and pictures of the mouth. Both answer with a `Likeness`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

from lab.lip_sync.batches import place_range
from lab.lip_sync.data import Talk
from lab.lip_sync.measure import Pairing
from ml.engine.detectors.lip_sync import inputs
from ml.engine.detectors.lip_sync.matching import Similarity
from ml.engine.media.spectra import FRAME, HOP, RATE, log_mel, mfcc

Floats = NDArray[np.float64]
MEL_FRAMES = 13
MFCC_FRAMES = 20
PICTURES = 5
COMPONENTS = 24


def around(talk: Talk, rows: NDArray[np.float32], frames: int) -> Floats:
    """For each place, so many feature frames round its middle, side by side."""
    low, high = place_range(talk)
    middles = talk.start + (np.arange(low, high) + 0.5) / inputs.PLACES
    first = np.round(middles * RATE / HOP - FRAME / HOP / 2 - frames / 2).astype(int)
    wide = np.clip(first[:, None] + np.arange(frames), 0, len(rows) - 1)
    beside: Floats = rows[wide].reshape(len(first), -1).astype(np.float64)
    return beside


def standardised(values: Floats) -> Floats:
    evened: Floats = (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-6)
    return evened


class RidgeBaseline:
    """13 frames of log-mel to how far the mouth is open; alike is what moves together."""

    def __init__(self, talks: Sequence[Talk]) -> None:
        self._ridge = Ridge(alpha=300.0)
        self._ridge.fit(
            np.concatenate([self._sound_features(talk) for talk in talks]),
            np.concatenate([self._seen(talk) for talk in talks]),
        )

    def _sound_features(self, talk: Talk) -> Floats:
        rows = inputs.without_channel(log_mel(talk.sound, inputs.BANDS))
        return around(talk, rows, MEL_FRAMES)

    def _seen(self, talk: Talk) -> Floats:
        low, high = place_range(talk)
        return standardised(talk.shapes[low:high, 0].astype(np.float64))

    def of(self, talks: Sequence[Talk]) -> Pairing:
        seen = [self._seen(talk) for talk in talks]
        predicted = [
            standardised(self._ridge.predict(self._sound_features(talk))) for talk in talks
        ]

        def pairing(one: int, other: int) -> Similarity:
            pairs = np.outer(seen[one], predicted[other]).astype(np.float32)
            return Similarity(talks[one].start, 0, 0, pairs)

        return pairing


class DistanceBaseline:
    """The main components of five pictures, foretold from MFCC; alike is what is near."""

    def __init__(self, talks: Sequence[Talk]) -> None:
        pictures = [self._pictures(talk) for talk in talks]
        self._pca = PCA(COMPONENTS, whiten=True, random_state=1).fit(np.concatenate(pictures))
        self._ridge = Ridge(alpha=300.0)
        self._ridge.fit(
            np.concatenate([self._sound_features(talk) for talk in talks]),
            np.concatenate([self._pca.transform(p) for p in pictures]),
        )

    def _pictures(self, talk: Talk) -> Floats:
        low, high = place_range(talk)
        small = inputs.lips(inputs.middle(talk.mouths))[:, ::4, ::4].reshape(len(talk.mouths), -1)
        wide = np.arange(low, high)[:, None] + np.arange(PICTURES) - PICTURES // 2
        beside: Floats = small[wide].reshape(high - low, -1).astype(np.float64)
        return beside

    def _sound_features(self, talk: Talk) -> Floats:
        return around(talk, mfcc(talk.sound, coefficients=13), MFCC_FRAMES)

    def of(self, talks: Sequence[Talk]) -> Pairing:
        seen = [self._pca.transform(self._pictures(talk)) for talk in talks]
        seen = [values - values.mean(axis=0) for values in seen]
        predicted = [self._ridge.predict(self._sound_features(talk)) for talk in talks]
        predicted = [values - values.mean(axis=0) for values in predicted]

        def pairing(one: int, other: int) -> Similarity:
            apart = seen[one][:, None] - predicted[other][None]
            pairs = -np.sqrt((apart**2).sum(axis=-1)).astype(np.float32)
            return Similarity(talks[one].start, 0, 0, pairs)

        return pairing
