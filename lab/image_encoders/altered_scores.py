"""Scores the faces that `altered_rows` wrote with a tuned encoder.

    python -m lab.image_encoders.altered_scores FOLDER RUN/final.pt --split test     (with PyTorch)

Writes FOLDER/RUN-test.npy, one logit a face, in their order. Several of these, each with its own
`--first`, share the work.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from lab.image_encoders.vit import Judge
from ml.engine.image_encoders.weights import load

BATCH = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="only each so many faces")
    parser.add_argument("--first", type=int, default=0, help="beginning with this one")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = json.loads((options.checkpoint.parent / "settings.json").read_text())
    judge = Judge(load(), settings["taps"], settings["rank"]).eval()
    judge.load_state_dict(torch.load(options.checkpoint, weights_only=True))
    with np.load(options.folder / f"altered-{options.split}.npz") as stored:
        crops = stored["crops"]
    scores = np.full(len(crops), np.nan, np.float32)
    places = np.arange(options.first, len(crops), options.every)
    with torch.no_grad():
        for n in range(0, len(places), BATCH):
            some = places[n : n + BATCH]
            scores[some] = judge(torch.from_numpy(crops[some])).numpy()
    name = options.checkpoint.parent.name
    part = f"-{options.first}" if options.first else ""
    np.save(options.folder / f"{name}-{options.split}{part}.npy", scores)
    print(f"{name}: {len(places)} faces", flush=True)


if __name__ == "__main__":
    main()
