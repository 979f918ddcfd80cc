"""Computes the features of each face that `face_crops` cut, as a worker computes them.

python -m lab.image_encoders.served_features FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from lab.common.speaking import say
from ml.engine.detectors import diffusion_face
from ml.engine.image_encoders.served import encoder_of
from ml.engine.serving import read_card

CHECK = Path(diffusion_face.__path__[0])
"""Its network is the one that all checks of faces share."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", default="train,val,test")
    options = parser.parse_args()
    encoder = encoder_of(CHECK, read_card(CHECK))
    for split in options.splits.split(","):
        crops = np.load(options.folder / f"crops-{split}.npz")["crops"]
        found = np.stack([encoder.features(np.ascontiguousarray(crop)) for crop in crops])
        np.save(options.folder / f"features-{split}.npy", found.astype(np.float16))
        say(f"{split}: {len(crops)} faces")


if __name__ == "__main__":
    main()
