"""Writes what a run tuned of the encoder into a check's folder, where `ml.engine.image_encoders`
reads it.

    python -m lab.image_encoders.tuned_layers RUN/final.pt CHECK     (with PyTorch)
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.common import cards
from ml.engine.serving import read_card

TUNED, HEAD = "tuned.npz", "head.npz"
LAYERS = {
    "norm1": "layer_norm1",
    "norm2": "layer_norm2",
    "qkv": "self_attn.qkv",
    "out": "self_attn.out_proj",
    "fc1": "mlp.fc1",
}

Learnt = Mapping[str, NDArray[np.float32]]


def name(key: str) -> str:
    """The encoder's own name of what `vit.Judge` calls `encoder.blocks.0.norm1.weight` and the
    like."""
    parts = [part for part in key.split(".") if part != "low"]
    if parts[1] == "before":
        return f"pre_layrnorm.{parts[2]}"
    return f"encoder.layers.{parts[2]}.{LAYERS[parts[3]]}.{parts[4]}"


def write(learnt: Learnt, settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Returns the card's entries `encoder` and `head`. Low-rank changes are stored as float16."""
    layers = {name(key): value for key, value in learnt.items() if key.startswith("encoder.")}
    stored: dict[str, Any] = {
        key: value.astype(np.float16) if key.endswith((".down", ".up")) else value
        for key, value in layers.items()
    }
    np.savez_compressed(folder / TUNED, **stored)
    np.savez(folder / HEAD, weight=learnt["head.weight"][0], bias=learnt["head.bias"][0])
    return {
        "encoder": {
            "base": "clip_vit_b16",
            "taps": list(settings["taps"]),
            "side": settings["side"],
            "tuned": cards.described(folder / TUNED),
        },
        "head": cards.described(folder / HEAD),
    }


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("check", type=Path)
    options = parser.parse_args()
    learnt = torch.load(options.checkpoint, weights_only=True)
    settings = json.loads((options.checkpoint.parent / "settings.json").read_text())
    made = write({key: value.numpy() for key, value in learnt.items()}, settings, options.check)
    made["head"]["settings"] = settings
    cards.write(options.check, read_card(options.check) | made)


if __name__ == "__main__":
    main()
