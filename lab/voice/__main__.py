"""`python -m lab.voice STAGE`: run the stages in this order; each can be continued.

speech    decode the manifest's clips, vocode the real ones, synthesise speech with the engines
borrowed  compute the encoders' features of all of it, measure classifiers, write the page's tables
card      the same; then fit the served classifiers, export, measure, write the card and the weights
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from lab.common import stages
from lab.common.stages import on_few_threads, reporting
from ml.evaluation import data_folders

STAGES = ("speech", "borrowed", "card")
PAGE = Path(__file__).parents[2] / "docs" / "training-sound.md"


def main() -> int:
    chosen = stages.parser(
        "lab.voice", __doc__, STAGES, cache="prepared speech", threads=1
    ).parse_args()
    on_few_threads(chosen.threads)
    from lab.voice import data

    speech = stages.research("speech", PAGE.name)
    if speech is None:
        return 2
    clips = data.read_manifest(speech / data_folders.MANIFEST)
    data.check_folds(clips)
    cache = chosen.cache or data_folders.cache() / "sound"
    if chosen.stage == "speech":
        from lab.voice import store

        made = store.prepare(clips, speech, cache, talks=_talks(), watch=reporting("speech", 100))
        sys.stdout.write("\n".join([f"{len(made.rows)} sounds", *made.notes]) + "\n")
        return 0
    return _measure(chosen, cache)


def _talks() -> list[Any]:
    """The talking clips, where they have been cut."""
    from lab.lip_sync import data as talking

    anchors, cut = data_folders.research("talking"), data_folders.cache() / "talking"
    if anchors is None or not (cut / talking.STORE).exists():
        return []
    return talking.opened(talking.read_manifest(anchors / data_folders.MANIFEST), cut)


def _measure(chosen: argparse.Namespace, cache: Path) -> int:
    from lab.voice import borrowed, probe, store, tables
    from ml.engine.audio_encoders import speakers, whisper
    from ml.engine.audio_encoders.pooling import AudioEncoder
    from ml.evaluation import pages

    speech = store.opened(cache)
    encoders: tuple[AudioEncoder, AudioEncoder] = (
        whisper.served(whisper.DEEPEST),
        speakers.served(),
    )
    encoded, also = (
        borrowed.listen(speech, encoder, cache / name, reporting(name, 50))
        for encoder, name in zip(encoders, ("whisper", "speakers"), strict=True)
    )
    encoded = encoded.beside(also)
    lines = probe.compared(encoded, reporting("variants", 1))
    text = tables.as_text(lines)
    if chosen.out is None:
        pages.written(PAGE, "borrowed", text)
    if chosen.stage == "card":
        from lab.voice import report

        card = report.write(speech, encoded, encoders, lines, chosen.out, reporting("ways", 1))
        text = report.as_text(card)
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
