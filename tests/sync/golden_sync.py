"""Scores that a dependency must not shift unseen: drawn mouths and a made-up voice.

    python -m tests.sync.golden_sync     writes the detector's golden.json anew

Do that only together with new weights, and say in the commit what moved. The mouths are drawings,
so the scores say nothing about how well anything works.
"""

from __future__ import annotations

import json

from ml.engine import manifest
from ml.engine.detectors.lip_sync.matching import pooled
from ml.engine.detectors.lip_sync.network import ServedNetwork
from ml.engine.media.lips import Stretch
from tests.sync.made import mouths_for, speech_like

FILE = manifest.FOLDER / "lip_sync" / manifest.GOLDEN
SECONDS = 2.5


def scores() -> dict[str, list[float]]:
    """Likeness at a few offsets, of lips with their own and with another voice."""
    network = ServedNetwork()
    found = {}
    for name, voice in (("own", 1), ("other", 2)):
        mouths = mouths_for(speech_like(SECONDS, seed=1), int(SECONDS * 25))
        embedded = network.embedded(Stretch(1, 0.0, mouths), speech_like(SECONDS, seed=voice))
        assert embedded is not None
        means = pooled([embedded.similarity().curve()]).means
        found[name] = [round(float(means[place]), 4) for place in (5, 10, 15, 20, 25)]
    return found


def main() -> None:
    FILE.write_text(json.dumps(scores(), indent=1) + "\n")


if __name__ == "__main__":
    main()
