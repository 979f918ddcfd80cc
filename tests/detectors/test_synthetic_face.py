"""Two looks at a face joined: the small network's and the image encoder's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ml.engine.contract import Detector
from ml.engine.detectors import joined_network
from ml.engine.detectors.diffusion_face.detector import make as make_diffusion
from ml.engine.detectors.face_forgery.detector import make as make_forgery
from ml.engine.detectors.joined_network import JoinedNetwork
from ml.engine.detectors.synthetic_face.detector import make
from ml.engine.image_encoders.heads import Head
from ml.engine.image_encoders.served import REMEMBERED, ServedEncoder
from ml.engine.media.face_scores import FaceNetwork, saved_again
from ml.engine.model_files import ModelFileUnusable
from tests.detectors.test_face_detectors import Brightness, crop, track


class Reddest:
    """In place of the encoder: one feature, the brightest red. It counts how often it ran."""

    side, sha256, runtime = 128, "0" * 64, "litert"

    def __init__(self) -> None:
        self.runs = 0

    def features(self, pixels: np.ndarray) -> np.ndarray:
        self.runs += 1
        return np.array([pixels[..., 0].max() / 255], np.float32)


def joined() -> JoinedNetwork:
    made = JoinedNetwork.__new__(JoinedNetwork)
    FaceNetwork.__init__(made, Brightness())  # type: ignore[arg-type]
    made.encoder = Reddest()  # type: ignore[assignment]
    made.head = Head(np.array([10.0], np.float32), -5.0)
    made._small, made._beside = 0.5, 2.0
    return made


def test_the_logit_is_the_weighted_sum_of_both() -> None:
    alone, both = FaceNetwork(Brightness()), joined()  # type: ignore[arg-type]
    face = track(1, 128, 190)
    face = replace(face, crops=(face.crops[0], replace(face.crops[1], quality=0.9)))
    small = alone.score(face, face.crops)
    score = both.score(face, face.crops)
    beside = 2.0 * (10.0 * 190 / 255 - 5.0)  # the better of the two crops
    assert score.beside == pytest.approx(beside, abs=1e-4)
    assert score.logit == pytest.approx(0.5 * small.logit + beside, abs=1e-4)


def test_a_face_over_time_costs_one_look_of_the_encoder() -> None:
    both = joined()
    face = track(1, *[128] * 8)
    score = both.score(face, face.crops)
    both.after(score, face.crops[:4], saved_again)
    assert both.encoder.runs == 1  # type: ignore[attr-defined]


def test_after_a_harmless_change_only_the_small_networks_part_moves() -> None:
    both, alone = joined(), FaceNetwork(Brightness())  # type: ignore[arg-type]
    face = track(1, 128)
    score = both.score(face, face.crops)
    darker = both.after(score, face.crops, lambda pixels: pixels // 2)
    small = alone.after(score, face.crops, lambda pixels: pixels // 2)
    assert darker == pytest.approx(0.5 * small + score.beside)
    assert darker < score.logit


def served() -> tuple[Any, Any]:
    try:
        return make(), make_diffusion()
    except ModelFileUnusable as missing:
        pytest.skip(str(missing))


def test_it_asks_the_network_that_the_diffusion_check_loaded() -> None:
    """One network a process, and one run of it for the crop that both look at."""
    synthetic, diffusion = served()
    assert synthetic.network.encoder is diffusion.encoder
    face = crop(128)
    diffusion.look(face)
    kept = dict(diffusion.encoder._seen)
    synthetic.network.seen_by_encoder(face)
    assert list(diffusion.encoder._seen) == list(kept)


def test_the_encoder_keeps_few_crops(monkeypatch: pytest.MonkeyPatch) -> None:
    _, diffusion = served()
    encoder: ServedEncoder = diffusion.encoder
    monkeypatch.setattr(
        type(encoder), "_loaded", (lambda tokens: {1: np.zeros(1, np.float32)}, Tokens())
    )
    monkeypatch.setattr(encoder, "_seen", type(encoder._seen)())
    for grey in range(REMEMBERED + 5):
        encoder.features(np.full((encoder.side, encoder.side, 3), grey, np.uint8))
    assert len(encoder._seen) == REMEMBERED


class Tokens:
    def tokens(self, pixels: np.ndarray) -> np.ndarray:
        return pixels


@pytest.mark.parametrize("made", [make, make_forgery])
def test_without_the_encoder_it_is_not_available(
    made: Callable[[], Detector], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that lacks the file loses the check, and says so."""

    def missing(*_: Any) -> None:
        raise ModelFileUnusable("The network was not built.")

    monkeypatch.setattr(joined_network, "encoder_of", missing)
    with pytest.raises(ModelFileUnusable, match="not built"):
        made()
