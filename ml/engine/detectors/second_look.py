"""A second opinion on faces of which the small network is not sure, from the image encoder.

The encoder costs far more than the small network, so it is asked only where that network's logit
lies between two bounds of the card, of a few of the face's pictures. Both together are told on the
small network's scale. A worker without the encoder's file works with the small network alone, and
with the bounds that were frozen for it alone.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.engine.contract import Crop, Pixels
from ml.engine.image_encoders.heads import Head, read_head
from ml.engine.image_encoders.served import ServedEncoder
from ml.engine.media.crops import to_side, with_margin
from ml.engine.media.face_scores import Change
from ml.engine.model_files import ModelFileUnusable

log = logging.getLogger(__name__)
ENTRY = "second_look"
MARGIN = 0.03
MOST_CROPS = 3
"""Of one face: spread over its time, the best of each stretch."""


@dataclass(frozen=True, slots=True)
class SecondLook:
    encoder: ServedEncoder
    head: Head
    asked_from: float
    asked_to: float
    small: float
    """What the small network's logit, and the encoder's, count for in the one that is told."""
    large: float
    offset: float

    @classmethod
    def of(cls, check: str, folder: Path, card: Mapping[str, Any]) -> SecondLook | None:
        """None where the card names none, or the encoder's file is not there."""
        if ENTRY not in card:
            return None
        try:
            encoder = ServedEncoder(check, folder, card)
        except ModelFileUnusable as error:
            log.warning("%s works without its second look: %s", check, error)
            return None
        told = card[ENTRY]
        return cls(
            encoder, read_head(folder, dict(card)), *(float(end) for end in told["asked"]),
            *(float(told["together"][name]) for name in ("small", "large", "offset")),
        )  # fmt: skip

    def asked(self, logit: float) -> bool:
        return self.asked_from <= logit <= self.asked_to

    def together(
        self, logit: float, crops: Sequence[Crop], change: Change | None = None,
        most: int = MOST_CROPS,
    ) -> float:  # fmt: skip
        """The logit of both, on the scale of the small network's, `logit`."""
        said = [self.look(crop, change) for crop in spread(crops, most)]
        return self.small * logit + self.large * float(np.mean(said)) + self.offset

    def look(self, crop: Crop, change: Change | None = None) -> float:
        face: Pixels = with_margin(crop, MARGIN)
        square = to_side(change(face) if change else face, self.encoder.side)
        return self.head(self.encoder.features(np.ascontiguousarray(square)))


def spread(crops: Sequence[Crop], most: int) -> list[Crop]:
    """So many of the crops, which are in the order of time: of each stretch the best."""
    stretches = np.array_split(np.arange(len(crops)), min(most, len(crops)))
    return [max((crops[n] for n in some), key=lambda crop: crop.quality) for some in stretches]
