"""Tunes the LayerNorms of the encoder's first blocks, and a head, on pairs.

    python -m lab.synthetic_image.train --pairs PAIRS --out RUN --minutes 60

Both pictures of a pair get the same crop, the same flip and the same degradations. Shards that
appear while this runs are taken up. No generated picture is shown.
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

from lab.image_encoders.vit import GRID, Judge
from lab.synthetic_image import degrade
from lab.synthetic_image.alike import alike
from lab.synthetic_image.folders import add_arguments
from ml.engine.image_encoders.weights import PATCH, load


class Pairs:
    """All shards there are; asks for new ones now and then."""

    def __init__(self, folder: Path, random: np.random.Generator, side: int) -> None:
        self.folder, self.random, self.side = folder, random, side
        self.shards: dict[Path, dict[str, np.ndarray]] = {}
        self.again()

    def again(self) -> None:
        for file in sorted(self.folder.glob("train-*.npz")):
            if file not in self.shards:
                self.shards[file] = dict(np.load(file))

    def __len__(self) -> int:
        return sum(len(shard["real"]) for shard in self.shards.values())

    def one(self) -> tuple[np.ndarray, np.ndarray]:
        shards = list(self.shards.values())
        shard = shards[int(self.random.integers(len(shards)))]
        number = int(self.random.integers(len(shard["real"])))
        real, fake = shard["real"][number], shard["fake"][number]
        if self.random.random() < 0.4:
            part = float(self.random.uniform(0.5, 1))
            fake = np.round(part * fake.astype(np.float32) + (1 - part) * real).astype(np.uint8)
        real, fake = alike(real, fake, self.random)
        chain = degrade.after(self.random, self.side / real.shape[0] * 1.01)
        real, fake = chain(real), chain(fake)
        top = int(self.random.integers(real.shape[0] - self.side + 1))
        left = int(self.random.integers(real.shape[1] - self.side + 1))
        window = np.s_[top : top + self.side, left : left + self.side]
        real, fake = real[window], fake[window]
        if self.random.random() < 0.5:
            real, fake = real[:, ::-1], fake[:, ::-1]
        return real, fake

    def batch(self, pairs: int) -> torch.Tensor:
        drawn = [self.one() for _ in range(pairs)]
        both = [real for real, _ in drawn] + [fake for _, fake in drawn]
        return torch.from_numpy(np.ascontiguousarray(np.stack(both)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--flat", type=float, default=0.4, help="share before the rates fall")
    parser.add_argument("--start", type=Path, help="go on from what another run saved")
    parser.add_argument("--taps", default="3,6")
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1, help="used where the machine is idle")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    random = np.random.default_rng(options.seed)
    taps = tuple(int(n) for n in options.taps.split(","))
    judge = Judge(load(), taps)
    if options.start:
        judge.load_state_dict(torch.load(options.start, weights_only=True))
    norms = [p for name, p in judge.named_parameters() if not name.startswith("head")]
    optimiser = torch.optim.AdamW(
        [{"params": norms, "lr": 6e-4}, {"params": judge.head.parameters(), "lr": 2e-3}],
        weight_decay=0.0,
    )
    peaks = [group["lr"] for group in optimiser.param_groups]
    averaged = {name: p.detach().clone() for name, p in judge.named_parameters()}
    pairs = Pairs(options.pairs, random, options.side)
    options.out.mkdir(parents=True, exist_ok=True)
    spare = GRID - options.side // PATCH
    started, step, shown, right = time.time(), 0, 0.7, 0.5
    saved = started
    while (done := (time.time() - started) / 60 / options.minutes) < 1:
        factor = min(1.0, (step + 1) / 20, max(0.0, 1 - done) / (1 - options.flat))
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * factor
        corner = (int(random.integers(spare + 1)), int(random.integers(spare + 1)))
        logits = judge(pairs.batch(options.batch), corner)
        real, fake = logits.chunk(2)
        loss = F.softplus(real).mean() + F.softplus(-fake).mean()
        loss = loss / 2 + 0.25 * F.softplus(real - fake).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(judge.parameters(), 1.0)
        optimiser.step()
        step += 1
        keep = min(0.99, step / (step + 10))
        for name, p in judge.named_parameters():
            averaged[name].lerp_(p.detach(), 1 - keep)
        shown = 0.95 * shown + 0.05 * loss.item()
        right = 0.95 * right + 0.05 * float((fake > real).float().mean())
        if step % 10 == 0:
            spent = (time.time() - started) / 60
            print(
                f"{step} {spent:.1f} min loss {shown:.3f} pairs right {right:.3f} of {len(pairs)}",
                flush=True,
            )
            pairs.again()
            idle = os.getloadavg()[0] < options.threads + 1
            torch.set_num_threads(options.threads if idle else 1)
        if time.time() - saved > 300:
            saved = time.time()
            torch.save(averaged, options.out / f"step{step}.pt")
    torch.save(averaged, options.out / "final.pt")
    recipe = {"seed": options.seed, "batch": options.batch, "minutes": options.minutes}
    settings = {"taps": taps, "side": options.side, "steps": step, "pairs": len(pairs)}
    settings["recipe"] = recipe
    (options.out / "settings.json").write_text(json.dumps(settings))


if __name__ == "__main__":
    main()
