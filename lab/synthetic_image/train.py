"""Tunes the LayerNorms of the encoder's first blocks, and a head, on pairs.

    python -m lab.synthetic_image.train --pairs PAIRS --out RUN --minutes 60

Both pictures of a pair get the same crop, the same flip and the same degradations. Hard genuine
pictures without a partner are added. Shards that appear during the run are used. No generated
picture is used.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from lab.image_encoders.tuning import Tuning
from lab.image_encoders.vit import GRID, Judge
from lab.synthetic_image import degrade
from lab.synthetic_image.folders import add_arguments
from lab.synthetic_image.matched import matched
from ml.engine.detectors.synthetic_image.crops import saved_alike
from ml.engine.image_encoders.weights import PATCH, load


class Pairs:
    """All shards there are; asks for new ones now and then."""

    def __init__(self, folder: Path, random: np.random.Generator, side: int) -> None:
        self.folder, self.random, self.side = folder, random, side
        self.shards: dict[Path, dict[str, np.ndarray]] = {}
        self.hard: dict[Path, np.ndarray] = {}
        self.again()

    def again(self) -> None:
        for file in sorted(self.folder.glob("train-*.npz")):
            if file not in self.shards:
                self.shards[file] = dict(np.load(file))
        for file in sorted(self.folder.glob("hard-*.npz")):
            if file not in self.hard:
                self.hard[file] = np.load(file)["real"]

    def __len__(self) -> int:
        return sum(len(shard["real"]) for shard in self.shards.values())

    def _drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """Equally from each autoencoder, however many pairs it made."""
        kinds: dict[str, list[dict[str, np.ndarray]]] = {}
        for file, shard in self.shards.items():
            kinds.setdefault(file.name.split("-")[1], []).append(shard)
        kind = sorted(kinds)[int(self.random.choice(len(kinds), p=shares(sorted(kinds))))]
        shard = kinds[kind][int(self.random.integers(len(kinds[kind])))]
        number = int(self.random.integers(len(shard["real"])))
        return shard["real"][number], shard["fake"][number]

    def one(self, evened: float) -> tuple[np.ndarray, np.ndarray]:
        """`evened`: the share of pairs that are matched in sharpness, colour and JPEG."""
        real, fake = self._drawn()
        if self.random.random() < 0.4:
            part = float(self.random.uniform(0.5, 1))
            fake = np.round(part * fake.astype(np.float32) + (1 - part) * real).astype(np.uint8)
        if self.random.random() < evened:
            real, fake = matched(real, fake, self.random)
        chain = degrade.after(self.random, self.side / real.shape[0] * 1.01)
        real, fake = self._cropped(chain(real), chain(fake))
        return real, fake

    def single(self) -> np.ndarray:
        """A genuine picture of a kind that is most easily taken for generated."""
        if self.hard and self.random.random() < 0.6:
            shards = list(self.hard.values())
            shard = shards[int(self.random.integers(len(shards)))]
            real = shard[int(self.random.integers(len(shard)))]
            if self.random.random() < 0.3:
                real = degrade.hardened(real, self.random)
        else:
            real = degrade.hardened(self._drawn()[0], self.random)
        chain = degrade.after(self.random, self.side / real.shape[0] * 1.01)
        return self._cropped(chain(real))[0]

    def _cropped(self, *pictures: np.ndarray) -> tuple[np.ndarray, ...]:
        height, width = pictures[0].shape[:2]
        top = int(self.random.integers(height - self.side + 1))
        left = int(self.random.integers(width - self.side + 1))
        flip = -1 if self.random.random() < 0.5 else 1
        window = np.s_[top : top + self.side, left : left + self.side]
        return tuple(saved_alike(picture[window][:, ::flip]) for picture in pictures)

    def batch(self, pairs: int, singles: int, evened: float) -> torch.Tensor:
        """Genuine ones of pairs, their round trips in the same order, then single genuine ones."""
        drawn = [self.one(evened) for _ in range(pairs)]
        every = [real for real, _ in drawn] + [fake for _, fake in drawn]
        every += [self.single() for _ in range(singles)]
        return torch.from_numpy(np.ascontiguousarray(np.stack(every)))


def shares(kinds: list[str]) -> list[float]:
    """Two thirds of the pairs come from the autoencoder of a generator, the rest from our own."""
    first = 1.0 if len(kinds) == 1 else 0.65
    return [first if kind == "taef2" else (1 - first) / (len(kinds) - 1) for kind in kinds]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--flat", type=float, default=0.4, help="share before the rates fall")
    parser.add_argument("--rate", type=float, default=1.0, help="times the rates of the recipe")
    parser.add_argument("--start", type=Path, help="continue from another run's checkpoint")
    parser.add_argument("--taps", default="3,6")
    parser.add_argument("--side", type=int, default=128, help="of the crops that are served")
    parser.add_argument("--small", type=int, default=96, help="of the first steps' crops: cheaper")
    parser.add_argument("--small-share", type=float, default=0.55, help="of the time")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--singles", type=int, default=3, help="genuine crops without a partner")
    parser.add_argument("--evened", default="0.15,0.6", help="share of pairs made alike, from, to")
    parser.add_argument("--threads", type=int, default=1, help="used where the machine is idle")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    random = np.random.default_rng(options.seed)
    taps = tuple(int(n) for n in options.taps.split(","))
    first, last = (float(share) for share in options.evened.split(","))
    judge = Judge(load(), taps)
    if options.start:
        judge.load_state_dict(torch.load(options.start, weights_only=True))
    norms = [p for name, p in judge.named_parameters() if not name.startswith("head")]
    tuning = Tuning(judge, {6e-4: norms, 2e-3: judge.head.parameters()})
    pairs = Pairs(options.pairs, random, options.side)
    options.out.mkdir(parents=True, exist_ok=True)
    started, average, right, alone = time.time(), 0.7, 0.5, 0.5
    saved = started
    while (done := (time.time() - started) / 60 / options.minutes) < 1:
        falling = max(0.0, 1 - done) / (1 - options.flat)
        factor = options.rate * min(1.0, (tuning.steps + 1) / 20, falling)
        pairs.side = options.small if done < options.small_share else options.side
        spare = GRID - pairs.side // PATCH
        corner = (int(random.integers(spare + 1)), int(random.integers(spare + 1)))
        evened = first + (last - first) * min(1.0, done / 0.6)
        logits = judge(pairs.batch(options.batch, options.singles, evened), corner)
        real, fake, single = logits.split((options.batch, options.batch, options.singles))
        loss = F.softplus(torch.cat([real, single])).mean() + F.softplus(-fake).mean()
        loss = loss / 2 + 0.25 * F.softplus(real - fake).mean()
        tuning.step(loss, factor)
        average = 0.95 * average + 0.05 * loss.item()
        right = 0.95 * right + 0.05 * float((fake > real).float().mean())
        crossed = (fake[:, None] > torch.cat([real, single])[None]).float().mean()
        alone = 0.95 * alone + 0.05 * float(crossed)
        if tuning.steps % 10 == 0:
            spent = (time.time() - started) / 60
            print(
                f"{tuning.steps} {spent:.1f} min loss {average:.3f} right {right:.3f} "
                f"alone {alone:.3f} of {len(pairs)}",
                flush=True,
            )
            pairs.again()
            idle = os.getloadavg()[0] < options.threads + 1
            torch.set_num_threads(options.threads if idle else 1)
        if time.time() - saved > 300:
            saved = time.time()
            tuning.save(options.out / f"step{tuning.steps}.pt")
            note(options, taps, tuning.steps, len(pairs))
    tuning.save(options.out / "final.pt")
    note(options, taps, tuning.steps, len(pairs))


def note(options: argparse.Namespace, taps: tuple[int, ...], steps: int, pairs: int) -> None:
    """Beside the checkpoints: what reads them needs the side of the crops."""
    recipe = {"seed": options.seed, "batch": options.batch, "minutes": options.minutes}
    recipe |= {"rate": options.rate, "small": options.small, "small_share": options.small_share}
    recipe |= {"singles": options.singles, "evened": options.evened}
    settings = {"taps": taps, "side": options.side, "steps": steps, "pairs": pairs}
    settings["recipe"] = recipe
    (options.out / "settings.json").write_text(json.dumps(settings))


if __name__ == "__main__":
    main()
