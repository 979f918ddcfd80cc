"""Fits the head of `synthetic_image` on features of the published encoder, crop by crop.

    python -m lab.synthetic_image.head features CROPS.npz FEATURES.npy
    python -m lab.synthetic_image.head fit CROPS.npz FEATURES.npy [--without sd21] [--out HEAD.npz]

Both run in the product's own environment: the features are those of the served network. `fit`
without `--out` writes head and recipe into the check's folder. `--without` leaves out a source of
generated pictures, to measure it as one that was not trained on.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.common import cards, heads
from lab.common.speaking import say
from lab.synthetic_image.release import FOLDER, read_card, write_card
from ml.engine.image_encoders.heads import Head
from ml.engine.image_encoders.served import encoder_of

FAKES = ("sd21", "trip", "gpt4o", "gpt_images")
"""StyleGAN stays out: with it the head knew the others worse, and another check knows it."""
DOUBLE = ("drawn", "ffhq", "imagenet")
"""Genuine sources that alarmed most; they count twice."""


def features(crops: Path, target: Path) -> None:
    encoder = encoder_of(FOLDER, read_card())
    stored = np.load(crops)["crops"]
    found = [np.asarray(encoder.features(np.ascontiguousarray(one)), np.float16) for one in stored]
    np.save(target, np.stack(found))


def fitted(
    columns: dict[str, NDArray[np.generic]], seen: NDArray[np.float32], fakes: tuple[str, ...]
) -> tuple[Head, dict[str, int]]:
    """Each source has equal weight within its class, and both classes have equal weight."""
    chosen = ~columns["fake"].astype(bool) | np.isin(columns["row"], fakes)
    x, y, row = (
        seen[chosen],
        columns["fake"][chosen].astype(bool),
        columns["row"][chosen].astype(str),
    )
    kinds = np.where(y, "fake", "real")
    counts = Counter(f"{name} {kind}" for name, kind in zip(row, kinds, strict=True))
    weights = heads.sample_weights(row, y, DOUBLE)
    return heads.fitted(x, y, weights, heads.RECIPE), dict(sorted(counts.items()))


def fit(crops: Path, seen: Path, without: tuple[str, ...], target: Path | None) -> None:
    with np.load(crops) as stored:
        columns = {name: stored[name] for name in ("row", "fake")}
    fakes = tuple(name for name in FAKES if name not in without)
    head, counts = fitted(columns, np.load(seen).astype(np.float32), fakes)
    heads.save(head, target or FOLDER / "head.npz")
    say(json.dumps(counts))
    if target is not None:
        return
    card = read_card()
    card["made"] = f"{datetime.now(UTC):%Y-%m-%d}"
    card["head"] = cards.described(FOLDER / "head.npz")
    card["recipe"] = {**asdict(heads.RECIPE), "crops": counts}
    for stale in ("calibration", "rows"):
        card.pop(stale, None)
    write_card(card)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("features", "fit"):
        command = commands.add_parser(name)
        command.add_argument("crops", type=Path)
        command.add_argument("features", type=Path)
        if name == "fit":
            command.add_argument("--without", default="")
            command.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.command == "features":
        features(options.crops, options.features)
    else:
        without = tuple(one for one in options.without.split(",") if one)
        fit(options.crops, options.features, without, options.out)


if __name__ == "__main__":
    main()
