"""Scores that a dependency must not shift unseen: a drawn face, calm and trembling.

    python -m tests.temporal.golden_temporal     writes the detector's golden.json anew

Do that only together with new weights, and say in the commit what moved. The face is a drawing, so
the scores say nothing about how well anything works.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ml.engine import manifest
from ml.engine.detectors.temporal.inputs import windows
from ml.engine.detectors.temporal.network import ServedNetwork
from ml.engine.media.motion import FaceReader, signals
from tests.temporal import made

FILE = manifest.FOLDER / "temporal" / manifest.GOLDEN
FACES: dict[str, dict[str, Any]] = {
    "calm": {},
    "trembling": {"tremble": 1.5},
    "flickering": {"flicker": 0.03},
}


def scores() -> dict[str, float]:
    network = ServedNetwork()
    found = {}
    for name, given in FACES.items():
        reader = FaceReader()
        made.read_frames(reader, made.frames(40, **given))
        (stretch,) = reader.stretches()
        found[name] = round(float(np.mean(network(windows(signals(stretch))))), 4)
    return found


def main() -> None:
    FILE.write_text(json.dumps(scores(), indent=1) + "\n")


if __name__ == "__main__":
    main()
