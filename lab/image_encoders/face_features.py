"""Computes the published encoder's features of each face that `face_crops` cut.

python -m lab.image_encoders.face_features FOLDER [--taps 3,6,9]     (with PyTorch)
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from lab.image_encoders.vit import Judge
from ml.engine.image_encoders.weights import load

BATCH = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--taps", default="3,6,9")
    parser.add_argument("--splits", default="train,val,test")
    options = parser.parse_args()
    torch.set_num_threads(1)
    judge = Judge(load(), tuple(int(n) for n in options.taps.split(","))).eval()
    for split in options.splits.split(","):
        target = options.folder / f"features-{split}.npy"
        crops = np.load(options.folder / f"crops-{split}.npz")["crops"]
        with torch.no_grad():
            found = [
                judge.features(torch.from_numpy(crops[n : n + BATCH])).numpy()
                for n in range(0, len(crops), BATCH)
            ]
        np.save(target, np.concatenate(found).astype(np.float16))
        print(f"{split}: {len(crops)} faces", flush=True)


if __name__ == "__main__":
    main()
