"""Adds two scores of a face: the small network's logit and that of the classifier on the image
encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ml.engine.contract import Crop, FaceTrack
from ml.engine.image_encoders.heads import read_head
from ml.engine.image_encoders.served import encoder_of
from ml.engine.media.crops import to_side, with_margin
from ml.engine.media.face_scores import Change, FaceNetwork, FaceScore
from ml.engine.serving import Served

MARGIN = 0.03
"""That of `diffusion_face`, which asks the encoder about the same crop."""


class JoinedNetwork(FaceNetwork):
    """The encoder sees the best crop of a face over time. After a harmless change only the small
    network is asked again."""

    def __init__(
        self, folder: Path, served: Served, shares: tuple[float, float] | None = None
    ) -> None:
        """`shares`: of the network's logit and of the head's, instead of the card's."""
        super().__init__(served)
        self.encoder = encoder_of(folder, served.card)
        self.head = read_head(folder, served.card)
        self._small, self._beside = shares or _shares(served.card["joined"])

    def score(self, track: FaceTrack, crops: Sequence[Crop]) -> FaceScore:
        small = super().score(track, crops)
        beside = self._beside * self.seen_by_encoder(max(crops, key=lambda crop: crop.quality))
        logits = tuple(self._small * logit + beside for logit in small.logits)
        return replace(small, logits=logits, beside=beside)

    def after(self, score: FaceScore, crops: Sequence[Crop], change: Change) -> float:
        return self._small * super().after(score, crops, change) + score.beside

    def seen_by_encoder(self, crop: Crop) -> float:
        square = to_side(with_margin(crop, MARGIN), self.encoder.side)
        return self.head(self.encoder.features(np.ascontiguousarray(square)))


def _shares(joined: Mapping[str, float]) -> tuple[float, float]:
    return float(joined["network"]), float(joined["head"])
