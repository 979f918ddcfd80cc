"""Uses a training checkpoint in place of the served network, to inspect it before a release."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from lab.image_encoders.vit import Judge
from ml.engine.contract import Pixels
from ml.engine.detectors.synthetic_image.crops import Features, Floats, Head
from ml.engine.image_encoders.weights import load


def served(file: Path) -> tuple[int, Features, Head]:
    """With the taps and the side of the crops that stand beside it."""
    settings = json.loads(file.with_name("settings.json").read_text())
    taps, side = tuple(settings["taps"]), int(settings["side"])
    torch.set_num_threads(1)
    judge = Judge(load(), taps)
    judge.load_state_dict(torch.load(file, weights_only=True))
    judge.eval()

    def features(crop: Pixels) -> Floats:
        with torch.no_grad():
            return np.asarray(judge.features(torch.from_numpy(crop)[None])[0].numpy(), np.float32)

    weight = judge.head.weight.detach()[0].numpy()
    return side, features, Head(weight, float(judge.head.bias.detach()))
