"""Scores that a dependency must not shift unseen: made-up voices, plain and vocoded.

    python -m tests.detectors.golden_voice     writes the detector's golden.json anew

Do that only together with new weights, and say in the commit what moved. Nobody speaks in them, so
the scores say nothing about how well anything works.
"""

from __future__ import annotations

import json

import numpy as np

from lab.voice.vocoders import vocoded
from ml.engine import manifest
from ml.engine.detectors.voice_spoof import windows
from ml.engine.detectors.voice_spoof.network import Network
from tests.lab.voice.voices import speech_like

FILE = manifest.FOLDER / "voice_spoof" / manifest.GOLDEN


def scores() -> dict[str, float]:
    """Of a whole window, of a shorter one, and of a copy through linear prediction."""
    long, short = speech_like(4.0, seed=1), speech_like(1.7, seed=2, pitch=190.0)
    sounds = {
        "long": long,
        "short": short,
        "vocoded": vocoded(long, "lpc", np.random.default_rng(3)),
    }
    logits = Network().logits([windows.given(sound) for sound in sounds.values()])
    return {name: round(value, 4) for name, value in zip(sounds, logits, strict=True)}


def main() -> None:
    FILE.write_text(json.dumps(scores(), indent=1) + "\n")


if __name__ == "__main__":
    main()
