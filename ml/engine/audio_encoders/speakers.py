"""The speaker encoder: the lower layers of a network that third parties trained to recognise
speakers, a ResNet-34 of WeSpeaker trained on VoxCeleb (CC BY 4.0).

It is one of the model files that set-up downloads. It is checked by digest and run with OpenCV. It
is used to detect machine speech, never to recognise a person: the layers that would identify a
speaker are not computed, and no features are stored.
"""

from __future__ import annotations

import functools
import threading

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.engine.audio_encoders.model_files import Carried
from ml.engine.audio_encoders.pooling import Array, Numbers, pooled
from ml.engine.contract import Samples
from ml.engine.media.spectra import RATE

CARRIED = Carried(
    model="speaker_resnet34",
    sha256="53175130a8b7d56400dd0b9b8841d9bdb617d6793dcc45a88eefbf79e1cb4929",
)
SPEAKERS = "speakers"
STAGES = {f"{SPEAKERS} 2": "onnx_node!Relu_40", f"{SPEAKERS} 3": "onnx_node!Relu_71"}
"""The two middle stages of its four, and where in the file each ends."""
TOGETHER = 2
"""Neighbouring bands that are taken as one after a stage."""
BANDS, FRAME, HOP, POINTS = 80, 400, 160, 512
LOWEST = 20.0
LIFTED = 0.97
"""How much of the sample before is taken from each, which lifts the high bands."""


# === What it is given ===


def picture(sound: Samples) -> Array:
    """Hundredths of a second x 80 bands, each without its mean over the sound, as it was trained on
    (the features of Kaldi)."""
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(sound, np.float64), FRAME)[::HOP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    frames = frames - LIFTED * np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    power = np.abs(np.fft.rfft(frames * np.hamming(FRAME), POINTS, axis=1)) ** 2
    logs = np.log(np.maximum(power @ _filters().T, 1e-20))
    return np.asarray(logs - logs.mean(axis=0), np.float32)


@functools.cache
def _filters() -> NDArray[np.float64]:
    """Triangles that are even on the mel scale, not in hertz."""
    places = _mel(np.arange(POINTS // 2 + 1) * RATE / POINTS)
    corners = np.linspace(_mel(LOWEST), _mel(RATE / 2), BANDS + 2)[:, None]
    low, middle, high = corners[:-2], corners[1:-1], corners[2:]
    rise, fall = (places - low) / (middle - low), (high - places) / (high - middle)
    return np.asarray(np.maximum(0.0, np.minimum(rise, fall)))


def _mel(hertz: NDArray[np.floating] | float) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz) / 700.0))


# === The network ===


class SpeakerEncoder:
    """Convolutions over time and bands; what two of its stages make of a sound."""

    def __init__(self, content: bytes) -> None:
        self._network = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
        self._one_at_a_time = threading.Lock()

    def numbers(self, sound: Samples) -> Numbers:
        """What each stage hears in a sound that is at the level of all, pooled over time."""
        with self._one_at_a_time:
            self._network.setInput(picture(sound)[None])
            found = self._network.forward(list(STAGES.values()))
        return {name: pooled(_flat(stage[0])) for name, stage in zip(STAGES, found, strict=True)}


def _flat(stage: Array) -> Array:
    """Channels x bands x moments in; moments x all channels of all bands out, bands in pairs."""
    channels, bands, moments = stage.shape
    pairs = stage.reshape(channels, bands // TOGETHER, TOGETHER, moments).mean(axis=2)
    return np.asarray(pairs.reshape(-1, moments).T)


@functools.cache
def served() -> SpeakerEncoder:
    """In memory once a process, made after it has forked."""
    return SpeakerEncoder(CARRIED.content())
