"""Marks in the pixels: read where they were written, and nowhere else."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from bench.clips import scenery
from ml.engine.contract import Frame, Kind, MediaInfo, Outcome, View
from ml.engine.detectors.open_marks import marks
from ml.engine.detectors.open_marks.detector import make
from ml.engine.fusion.rule import decide
from tests.detectors.known import Known

PICTURE = MediaInfo("0" * 64, 1, Kind.IMAGE, "png")


def photograph(height: int, width: int) -> np.ndarray:
    return np.array(scenery().convert("RGB").resize((width, height)))


def marked(pixels: np.ndarray, bits: tuple[int, ...]) -> np.ndarray:
    """As the package `invisible-watermark` writes by its method dwtDct, block by block."""
    yuv = cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV)
    rows, columns = (length // 4 * 4 for length in yuv.shape[:2])
    u = yuv[:rows, :columns, 1].astype(np.float64)
    a, b, c, d = u[::2, ::2], u[::2, 1::2], u[1::2, ::2], u[1::2, 1::2]
    mean, flat = (a + b + c + d) / 2, (a + b - c - d) / 2
    tall, cross = (a - b + c - d) / 2, (a - b - c + d) / 2
    number = 0
    for row in range(mean.shape[0] // 4):
        for column in range(mean.shape[1] // 4):
            block = mean[4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            i, j = divmod(int(np.argmax(np.abs(block.ravel()[1:]))) + 1, 4)
            value = (abs(block[i, j]) // 36 + 0.25 + 0.5 * bits[number % len(bits)]) * 36
            block[i, j] = value if block[i, j] >= 0 else -value
            number += 1
    back = np.empty_like(u)
    back[::2, ::2] = (mean + flat + tall + cross) / 2
    back[::2, 1::2] = (mean + flat - tall - cross) / 2
    back[1::2, ::2] = (mean - flat + tall - cross) / 2
    back[1::2, 1::2] = (mean - flat - tall + cross) / 2
    yuv[:rows, :columns, 1] = np.clip(np.round(back), 0, 255)
    return cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB)


def as_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, "JPEG", quality=quality)
    return np.array(Image.open(memory))


@pytest.mark.parametrize("mark", marks.MARKS, ids=lambda mark: mark.program)
def test_a_mark_is_read_where_it_was_written(mark: marks.Mark) -> None:
    """Every bit of it, and the program is named."""
    found = marks.found(marked(photograph(512, 640), mark.bits))
    assert found is not None and found.mark is mark
    assert found.agreeing == len(mark.bits)


def test_jpeg_removes_a_mark_and_none_is_made_up() -> None:
    """The limit that the card tells."""
    for mark in marks.MARKS:
        assert marks.found(as_jpeg(marked(photograph(512, 640), mark.bits), 80)) is None


def test_without_a_mark_nothing_is_read() -> None:
    """Photographs, flat colours, noise, and pictures too small to be marked."""
    noise = np.random.default_rng(1).integers(0, 256, (400, 400, 3), np.uint8)
    for pixels in (
        photograph(512, 640),
        np.full((300, 300, 3), 127, np.uint8),
        np.zeros((300, 300, 3), np.uint8),
        noise,
        marked(photograph(200, 200), marks.MARKS[2].bits),
    ):
        assert marks.found(pixels) is None


def test_another_message_is_not_taken_for_a_known_one() -> None:
    """The method alone names no program."""
    bits = tuple(int(bit) for bit in np.random.default_rng(2).integers(0, 2, 48))
    assert marks.found(marked(photograph(512, 640), bits)) is None


def test_agreement_by_chance_is_hardly_possible() -> None:
    """Of thirty-two bits one may be wrong, of longer messages more."""
    assert [marks.least(len(mark.bits)) for mark in marks.MARKS] == [101, 31, 43, 42]


def test_a_marked_picture_is_declared_generated_and_nothing_is_detected() -> None:
    """No probability, nobody signed it; a film is not looked at."""
    detector = make()
    examination = detector.examine(Known({}))
    pixels = marked(photograph(512, 640), marks.MARKS[3].bits)
    examination.observe(View(Frame(0, 0.0, pixels), ()))
    finding = examination.conclude()
    assert "FLUX" in finding.reason and finding.log10_lr is None
    verdict = decide(PICTURE, [finding])
    assert verdict.outcome is Outcome.DECLARED_GENERATED
    assert verdict.declared is not None and not verdict.declared.signed
    assert "not signed" in verdict.reason
