"""Rendered views of a still: what is prominent in a test picture is prominent in them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ml.engine.contract import Kind
from ml.engine.media import aids
from ml.engine.media.aids import AIDS, ERRORS, LARGE, NOISE, SPECTRUM, drawn, of_frame


@pytest.fixture
def photo() -> NDArray[np.uint8]:
    """Grain everywhere, saved once as a JPEG of quality 60."""
    grain = np.random.default_rng(21).normal(120, 12, (600, 800, 3)).clip(0, 255).astype(np.uint8)
    _, saved = cv2.imencode(".jpg", grain, [cv2.IMWRITE_JPEG_QUALITY, 60])
    return np.asarray(cv2.imdecode(saved, cv2.IMREAD_COLOR), np.uint8)


def seen(webp: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(webp, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def test_a_part_without_grain_is_dark(photo: NDArray[np.uint8]) -> None:
    photo[200:400, 300:500] = 120
    view = seen(drawn(photo)[NOISE])
    assert view[120:180, 170:230].mean() < 5 < 20 < view[:80].mean()


def test_a_part_that_was_never_saved_stands_out(photo: NDArray[np.uint8]) -> None:
    """Fresh grain of the same kind changes more when it is saved than what was saved before."""
    fresh = np.random.default_rng(4).normal(120, 12, (200, 200, 3)).clip(0, 255)
    photo[200:400, 300:500] = fresh.astype(np.uint8)
    view = seen(drawn(photo)[ERRORS]).astype(float)
    assert view[120:180, 170:230].mean() > 1.2 * view[:80].mean()


def test_a_regular_pattern_is_a_dot_away_from_the_centre() -> None:
    x = np.arange(512)
    waves = 120 + 40 * np.sin(2 * np.pi * x / 8)
    pixels = np.repeat(np.tile(waves, (512, 1)).astype(np.uint8)[:, :, None], 3, axis=2)
    view = seen(drawn(pixels)[SPECTRUM])
    row = view[view.shape[0] // 2].astype(int)
    assert row[len(row) // 2 + len(row) // 8] > 200 > 60 > view[10:60, 10:60].mean()


def test_only_stills_get_them_and_small_ones_no_larger_copy(photo: NDArray[np.uint8]) -> None:
    assert set(of_frame(Kind.VIDEO, photo)) == {"frame"}
    assert set(of_frame(Kind.IMAGE, photo)) == {"frame", LARGE, *AIDS}
    assert set(drawn(photo[:200, :300])) == set(AIDS)
    assert set(drawn(photo[:1, :1])) == set(AIDS)


def test_what_goes_wrong_costs_no_analysis(
    photo: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aids, "_errors", lambda *_: 1 / 0)
    assert drawn(photo) == {}
