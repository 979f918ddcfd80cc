"""`python -m ml.training.sound STAGE`: one stage after the other, each goes on where it stopped.

speech    decode the manifest's clips, vocode the real ones, let the engines speak
pictures  what the network sees of each, clean and degraded
folds     leave-one-source-out networks and their scores
served    the network that is served
card      calibrate, measure, export, write the card and the weights
borrowed  what a speech recogniser's ear tells, beside all this; the table of the page
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ml.training import places
from ml.training.stages import on_few_threads, said

STAGES = ("speech", "pictures", "folds", "served", "card", "borrowed")
PAGE = Path(__file__).parents[3] / "docs" / "training-sound.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ml.training.sound", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--cache", type=Path, help="where prepared speech and runs lie")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, help="length of the folds' or the served training")
    parser.add_argument("--out", type=Path, help="where `card` writes; the detector's folder")
    chosen = parser.parse_args()
    on_few_threads(chosen.threads)
    from ml.training.sound import data

    speech = places.research("speech")
    if speech is None:
        sys.stderr.write("The speech data is not there; see docs/training-sound.md.\n")
        return 2
    clips = data.read_manifest(speech / places.MANIFEST)
    data.check_folds(clips)
    cache = chosen.cache or places.cache() / "sound"
    if chosen.stage == "speech":
        from ml.training.sound import store

        made = store.prepare(clips, speech, cache, watch=said("speech", 100))
        sys.stdout.write("\n".join([f"{len(made.rows)} sounds", *made.notes]) + "\n")
        return 0
    if chosen.stage == "borrowed":
        return _borrowed(cache)
    return _after_speech(chosen, cache)


def _borrowed(cache: Path) -> int:
    from ml.evaluation import pages
    from ml.training.sound import borrowed, probe, store, whisper

    try:
        ear = whisper.Encoder(whisper.arrays(whisper.published()))
    except FileNotFoundError as missing:
        sys.stderr.write(f"{missing}\n")
        return 2
    speech = store.opened(cache)
    heard = borrowed.listen(speech, ear, cache / "whisper", said("heard", 50))
    told = probe.compared(heard, borrowed.plain(speech, heard), said("variants", 1))
    text = probe.as_text(told)
    pages.written(PAGE, "borrowed", text)
    sys.stdout.write(text + "\n")
    return 0


def _after_speech(chosen: argparse.Namespace, cache: Path) -> int:
    from ml.training.sound import pictures, store

    speech = store.opened(cache)
    seen = pictures.draw(speech, cache, watch=said("pictures", 200))
    if chosen.stage == "pictures":
        return 0
    from ml.training.sound import loop, measure, report

    recipe = loop.Recipe(**({"steps": chosen.steps} if chosen.steps else {}))
    if chosen.stage == "folds":
        scores = measure.out_of_source(
            seen, cache, recipe, lambda name: said(f"without {name}", 50)
        )
        sys.stdout.write(f"{measure.summary(scores, seen.rows)}\n")
    elif chosen.stage == "served":
        measure.trained_on_split(seen, cache, recipe, said("served", 50))
    else:
        card = report.write(speech, seen, cache, chosen.out)
        sys.stdout.write(report.as_text(card) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
