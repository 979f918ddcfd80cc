"""Trains the mouth network.

    python -m lab.mouths.train --also NEWS --drawers FOLDER --start served.npz --out RUN

`served.npz` is what `served_weights` wrote, the drawers what `drawers` learnt. Another process
makes the batches. What is left out of training for the tests stands in `lab.mouths.rows`.
Needs PyTorch.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from lab.face import faces
from lab.image_encoders.tuning import Tuning
from lab.mouths import drawers
from lab.mouths.batches import Batch, Maker
from lab.mouths.net import HEADS, Net
from lab.synthetic_image.folders import add_arguments

RATE, HEAD_RATE = 4e-4, 1e-3
WARM_UP, FLAT = 40, 0.4
RANKING, WHERE = 0.25, 0.3
"""Weights of the parts of the loss that ask which of the two is altered, and where."""
AHEAD = 6


def make_batches(queue: Any, options: argparse.Namespace, first: int) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    store, _ = faces.opened(faces.own([options.also]))
    maker = Maker(store, drawers.for_training(options.drawers, options.weights), options.seed)
    step = first
    while True:
        queue.put(maker.batch(step, options.pairs))
        step += options.makers


def tuned(net: Net, queue: Any, options: argparse.Namespace) -> int:
    """Trains for the given time, saves the moving average of the weights now and then."""
    groups: dict[float, list[torch.nn.Parameter]] = {RATE: [], HEAD_RATE: []}
    for name, p in net.named_parameters():
        groups[HEAD_RATE if name.split(".")[0] in HEADS else RATE].append(p)
    tuning = Tuning(net, groups)
    averages: dict[str, float] = {}
    started = saved = time.time()
    while (done := (time.time() - started) / 60 / options.minutes) < 1:
        batch: Batch = queue.get()
        factor = min(1.0, (tuning.steps + 1) / WARM_UP, (1 - done) / (1 - FLAT))
        logits, maps = net.train()(torch.from_numpy(batch.pixels))
        fake, real = logits.chunk(2)
        loss = (F.softplus(real).mean() + F.softplus(-fake).mean()) / 2
        loss = loss + RANKING * F.softplus(real - fake).mean()
        wanted = torch.from_numpy(batch.maps)
        wanted = torch.cat([wanted, torch.zeros_like(wanted)])
        loss = loss + WHERE * F.binary_cross_entropy_with_logits(maps, wanted)
        tuning.step(loss, factor)
        figures = {
            "loss": float(loss.detach()),
            "auc": float((fake[:, None] > real[None]).float().mean()),
        }
        for name, value in figures.items():
            averages[name] = 0.96 * averages.get(name, value) + 0.04 * value
        if tuning.steps % 20 == 0:
            words = " ".join(f"{name} {value:.3f}" for name, value in averages.items())
            spent = (time.time() - started) / 60
            print(f"{tuning.steps} {spent:.1f} min {words} ahead {queue.qsize()}", flush=True)
        if time.time() - saved > 240:
            saved = time.time()
            write(net, tuning, options.out / "weights.npz")
    write(net, tuning, options.out / "weights.npz")
    return tuning.steps


def write(net: Net, tuning: Tuning, target: Path) -> None:
    """The moving average, by the served network's names."""
    averaged = Net()
    averaged.load_state_dict(tuning.averaged)
    part = target.with_suffix(".part.npz")
    arrays: dict[str, Any] = dict(averaged.folded())
    np.savez(part, **arrays)
    part.replace(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_arguments(parser)
    parser.add_argument("--also", type=Path, required=True, help="filmed faces, cut by `prepare`")
    parser.add_argument("--drawers", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=35)
    parser.add_argument("--pairs", type=int, default=16)
    parser.add_argument("--makers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(options.seed)
    net = Net().to(memory_format=torch.channels_last)
    with np.load(options.start) as arrays:
        net.load_folded(dict(arrays))
    options.out.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(maxsize=AHEAD)
    makers = [
        context.Process(target=make_batches, args=(queue, options, n), daemon=True)
        for n in range(options.makers)
    ]
    for maker in makers:
        maker.start()
    steps = tuned(net, queue, options)
    for maker in makers:
        maker.terminate()
    settings = {
        "minutes": options.minutes, "pairs": options.pairs, "seed": options.seed, "steps": steps,
        "rates": [RATE, HEAD_RATE], "start": options.start.stem,
    }  # fmt: skip
    (options.out / "settings.json").write_text(json.dumps(settings, indent=1) + "\n")


if __name__ == "__main__":
    main()
