"""Writes pairs: a native crop of a genuine picture, and the same crop after a round trip.

    python -m lab.synthetic_image.make_pairs --out PAIRS [--autoencoder FILE.pt] [--count 2000]

Shards of 40 pairs appear one after the other, so that training can begin before all are there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from lab.synthetic_image import degrade, small
from lab.synthetic_image.autoencoder import Taef2
from lab.synthetic_image.folders import add_arguments, folders
from lab.synthetic_image.sources import Picture, genuine

SIDE = 192
SHARD = 40
WEIGHT = {
    "imagenet_samples": 0.42, "bsds": 0.14, "debian": 0.16, "ffhq": 0.08, "lfw": 0.06,
    "utkface": 0.05, "dfdc": 0.04, "talking": 0.05,
}  # fmt: skip
"""How often each source is drawn, whatever its size."""


def crop(
    picture: Picture, random: np.random.Generator, side: int = SIDE, past: float = 1.0
) -> np.ndarray | None:
    """`past`: the share of pictures to which something happened before."""
    pixels = picture.read()
    shortest = min(pixels.shape[:2])
    if shortest < side:
        return None
    room = side / shortest
    if shortest > 1500 and random.random() < 0.5:  # a part of a large photograph
        part_side = int(random.integers(side, 1000))
        top = int(random.integers(0, pixels.shape[0] - part_side + 1))
        left = int(random.integers(0, pixels.shape[1] - part_side + 1))
        pixels = pixels[top : top + part_side, left : left + part_side]
        room = side / part_side
    if random.random() < past:
        pixels = degrade.history(random, room * 1.02)(pixels)
    height, width = pixels.shape[:2]
    if min(height, width) < side:
        return None
    best = None
    for _ in range(3):  # skies and walls teach little: the busiest of three places
        top = int(random.integers(0, height - side + 1))
        left = int(random.integers(0, width - side + 1))
        part = pixels[top : top + side, left : left + side]
        if best is None or (part.std() > best.std() and random.random() < 0.8):
            best = part
    return None if best is None or best.std() < 4 else best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--autoencoder", type=Path, help="one of our own; otherwise TAEF2")
    parser.add_argument("--split", default="train")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--side", type=int, default=SIDE, help="of the crops")
    parser.add_argument("--past", type=float, default=1.0, help="share with a history before")
    options = parser.parse_args()
    torch.set_num_threads(1)
    random = np.random.default_rng(options.seed)
    torch.manual_seed(options.seed)
    model = (
        small.load(options.autoencoder) if options.autoencoder else Taef2(options.weights)
    ).eval()
    name = options.autoencoder.stem if options.autoencoder else "taef2"
    by_source: dict[str, list[Picture]] = {}
    for picture in genuine(folders(options), options.split):
        by_source.setdefault(picture.source, []).append(picture)
    print({source: len(found) for source, found in by_source.items()}, flush=True)
    sources = sorted(by_source)
    weights = np.array([WEIGHT[source] for source in sources])
    options.out.mkdir(parents=True, exist_ok=True)
    made: list[tuple[np.ndarray, np.ndarray, str]] = []
    shard = 0
    while shard * SHARD < options.count:
        source = str(random.choice(sources, p=weights / weights.sum()))
        found = by_source[source]
        real = crop(found[int(random.integers(len(found)))], random, options.side, options.past)
        if real is None:
            continue
        noise = float(random.choice([0.0, 0.0, 0.0, 0.05, 0.1, 0.2]))
        with torch.no_grad():
            pixels = torch.from_numpy(real.copy()).permute(2, 0, 1)[None].float() / 255
            fake = model(pixels, noise)[0].permute(1, 2, 0).mul(255).round().byte().numpy()
        made.append((real, fake, source))
        if len(made) == SHARD:
            target = options.out / f"{options.split}-{name}-{options.seed}-{shard:03d}.npz"
            part = target.with_suffix(".part")
            with part.open("wb") as file:
                np.savez(
                    file,
                    real=np.stack([m[0] for m in made]),
                    fake=np.stack([m[1] for m in made]),
                    source=np.array([m[2] for m in made]),
                )
            part.replace(target)
            made, shard = [], shard + 1
            print(target.name, flush=True)


if __name__ == "__main__":
    main()
