"""Altered faces: the small network and the encoder whose layers were tuned on them."""

from __future__ import annotations

from typing import Any

import pytest

from ml.engine.contract import Frame
from ml.engine.detectors.diffusion_face.detector import make as make_diffusion
from ml.engine.detectors.face_forgery.detector import make
from ml.engine.media.crops import cut
from ml.engine.media.faces import FaceFinder
from ml.engine.model_files import ModelFileUnusable
from tests.detectors.golden_faces import pictures


def check() -> Any:
    try:
        return make()
    except ModelFileUnusable as missing:
        pytest.skip(str(missing))


def test_its_encoder_is_not_the_published_one() -> None:
    """Layers tuned on altered faces are no use to the checks of generated ones."""
    assert check().network.encoder is not make_diffusion().encoder


def test_the_encoder_tells_the_portrait_from_a_blend_of_it() -> None:
    network, logits = check().network, {}
    with FaceFinder(most=1) as finder:
        for name, pixels in pictures().items():
            (found,) = finder.in_still(pixels)
            face = cut(Frame(0, 0.0, pixels), found)
            assert face is not None
            logits[name] = network.seen_by_encoder(face)
    assert logits["portrait"] < logits["blend"]
