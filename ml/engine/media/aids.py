"""Renders views of a still for reviewers: enlarged, and with details that are hard to see made
visible. No check uses them, and they prove nothing. Made from clean pixels only."""

from __future__ import annotations

import logging

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.contract import Kind, Pixels
from ml.engine.media import webp
from ml.engine.media.shrink import smaller
from ml.engine.media.thumbnails import FRAME_SIDE, small

log = logging.getLogger(__name__)

LARGE, ERRORS, NOISE, SPECTRUM = "large", "aid-errors", "aid-noise", "aid-spectrum"
AIDS = (ERRORS, NOISE, SPECTRUM)
NAMES = (LARGE, *AIDS)
LARGE_SIDE = 1280
AID_SIDE, SPECTRUM_SIDE = 400, 256
MOST_SIDE = 4096
"""Larger pictures are made smaller first: a person waits for the verdict, not for these."""
SQUARE = 512
QUALITY = 90
SHADES = 16
"""More take twice the bytes and tell the eye no more."""
ERROR_GAIN, NOISE_GAIN = 12.0, 10.0


def of_frame(kind: Kind, pixels: Pixels) -> dict[str, bytes]:
    """The small picture of a file's first frame; of an image the other views too."""
    frame = {"frame": small(pixels, FRAME_SIDE)}
    return frame | (drawn(pixels) if kind is Kind.IMAGE else {})


def drawn(pixels: Pixels) -> dict[str, bytes]:
    """By name. An error here is logged and never fails the analysis."""
    try:
        return pictures(pixels)
    except Exception:
        log.exception("the aids could not be drawn")
        return {}


def pictures(pixels: Pixels) -> dict[str, bytes]:
    seen, _ = smaller(pixels, MOST_SIDE)
    made = {LARGE: small(pixels, LARGE_SIDE)} if max(pixels.shape[:2]) > FRAME_SIDE else {}
    grey = np.asarray(cv2.cvtColor(seen, cv2.COLOR_RGB2GRAY), np.uint8)
    return {
        **made,
        ERRORS: _drawing(_errors(seen)),
        NOISE: _drawing(_noise(grey)),
        SPECTRUM: _drawing(_spectrum(grey)),
    }


def _errors(pixels: Pixels) -> NDArray[np.floating]:
    """How much each place changes when it is saved once more as a JPEG."""
    done, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    )
    saved = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if done else None
    if saved is None:
        raise ValueError("the picture could not be saved again")
    red, green, blue = cv2.split(cv2.absdiff(pixels, cv2.cvtColor(saved, cv2.COLOR_BGR2RGB)))
    return ERROR_GAIN * _reduced(np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8))


def _noise(grey: NDArray[np.uint8]) -> NDArray[np.floating]:
    """What a median of three by three pixels takes away."""
    return NOISE_GAIN * _reduced(np.asarray(cv2.absdiff(grey, cv2.medianBlur(grey, 3)), np.uint8))


def _reduced(values: NDArray[np.uint8]) -> NDArray[np.floating]:
    """The mean of each place: no pixel is left out, as it would be by picking some."""
    height, width = values.shape
    scale = min(AID_SIDE / max(height, width), 1.0)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    reduced = cv2.resize(values.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, np.float32)


def _spectrum(grey: NDArray[np.uint8]) -> NDArray[np.floating]:
    """The frequencies of the middle, the lowest in the centre, as far as a logarithm tells them."""
    side = min(*grey.shape, SQUARE)
    top, left = (grey.shape[0] - side) // 2, (grey.shape[1] - side) // 2
    middle = grey[top : top + side, left : left + side].astype(np.float32)
    window = np.hanning(side).astype(np.float32)
    faded = (middle - middle.mean()) * window[:, None] * window
    waves = cv2.dft(faded, flags=cv2.DFT_COMPLEX_OUTPUT)
    light = np.fft.fftshift(np.log1p(cv2.magnitude(waves[..., 0], waves[..., 1])))
    size = min(SPECTRUM_SIDE, side)
    reduced = cv2.resize(light, (size, size), interpolation=cv2.INTER_AREA)
    low, high = np.percentile(reduced, [5, 99.9])
    return np.asarray((reduced - low) / max(high - low, 1e-6) * 255, np.float32)


def _drawing(light: NDArray[np.floating]) -> bytes:
    step = 255 / (SHADES - 1)
    return webp.drawing((np.rint(np.clip(light, 0, 255) / step) * step).astype(np.uint8))
