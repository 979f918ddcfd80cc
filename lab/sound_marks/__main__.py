"""`python -m lab.sound_marks`: measures how often a watermark is found in speech that was marked
and in speech that was not, and writes the figures into the page and the card.

Needs the data folder's speech and the model files, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from lab.common import stages
from lab.common.stages import on_few_threads, reporting

PAGE = Path(__file__).parents[2] / "docs" / "detectors" / "sound_marks.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.sound_marks", description=__doc__)
    parser.add_argument("--only-print", action="store_true", help="write nothing")
    chosen = parser.parse_args()
    on_few_threads(1)
    name = f"detectors/{PAGE.name}"
    speech, talking = stages.research("speech", name), stages.research("talking", name)
    if speech is None or talking is None:
        return 2

    from lab.sound_marks import measure, speakers
    from ml.evaluation import pages

    genuine, machine = speakers.clips(speech, fake=False), speakers.clips(speech, fake=True)
    figures = measure.figures(genuine, speakers.anchors(talking), machine, reporting("ways", 1))
    text = measure.as_text(figures)
    sys.stdout.write(text + "\n")
    if not chosen.only_print:
        pages.written(PAGE, "measured", text)
        card = Path(measure.CARD)
        content = json.loads(card.read_text(encoding="utf-8"))
        content["measured"] = figures
        card.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
