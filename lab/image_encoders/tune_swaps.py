"""Tunes the encoder's first blocks and a head on altered and genuine faces.

    python -m lab.image_encoders.tune_swaps --also NEWS --out RUN --minutes 25
    python -m lab.image_encoders.tune_swaps --also NEWS --out NEXT --start RUN/final.pt --swaps 4

Every altered face stands beside its original, through the same degradations. `--swaps` of a batch
are swaps of the research set; without them no picture of that collection is shown. The others are
blends (`lab.face.batches`), lower faces of another moment, and parts drawn anew (`edits`). NEWS is
a set of filmed faces that `manage.py prepare` cut. Needs PyTorch.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator

from lab.common.ahead import ahead
from lab.face import blend, crops, faces, redraw
from lab.face.batches import Pool, Sample
from lab.face.config import FaceConfig
from lab.face.store import Store
from lab.image_encoders import edits
from lab.image_encoders.tuning import Tuning
from lab.image_encoders.vit import GRID, Judge
from lab.synthetic_image.autoencoder import Taef2
from lab.synthetic_image.folders import add_arguments
from ml.engine.contract import Pixels
from ml.engine.image_encoders.weights import PATCH, load
from ml.evaluation import data_folders, degrade

SOURCES = ("ffhq", "lfw", "utkface", "news")
NORM_RATE, LOW_RATE, HEAD_RATE = 5e-4, 1e-3, 2e-3
WARM_UP, FLAT = 20, 0.4
MOST_STEPS = 1_000_000
KINDS = ("swap", "blend", "lips", "drawn")
RANKING = 0.25
"""Weight of the part of the loss that only asks which of the two is the altered one."""


class Mixed(Pool):
    """Swaps and blends as the small network learnt from, and edits beside them."""

    def __init__(self, store: Store, config: FaceConfig, render: edits.Render) -> None:
        super().__init__(store, config)
        self.render = render
        self.clips = edits.moments(self.store, self.reals.get("news", []))

    def pairs_of(self, step: int, swaps: int, blends: int, lips: int, redrawn: int) -> torch.Tensor:
        """Altered faces, then their originals in the same order."""
        random = np.random.default_rng([self.config.seed, step])
        made: list[list[Sample]] = []
        for count, make in ((swaps, self._pair), (blends, self._blend)):
            made += [make(random) for _ in range(count)]
        made += [self._edited(random, self._lips) for _ in range(lips)]
        made += [self._edited(random, self._redrawn) for _ in range(redrawn)]
        every = [pair[0].pixels for pair in made] + [pair[1].pixels for pair in made]
        return torch.from_numpy(np.ascontiguousarray(np.stack(every)))

    def _edited(
        self,
        random: Generator,
        make: Callable[[Generator], tuple[Pixels, blend.Points, Pixels]],
    ) -> list[Sample]:
        pixels, points, fake = make(random)
        look, chain = degrade.draw_look(random), degrade.draw(random)
        jitter = crops.draw_jitter(random)
        real = pixels
        if random.random() < self.config.matched_negative:
            real = blend.draw_difference(random)(pixels)
        return [
            self._sample(fake, points, True, None, look, chain, jitter),
            self._sample(real, points, False, 0.0, look, chain, jitter),
        ]

    def _lips(self, random: Generator) -> tuple[Pixels, blend.Points, Pixels]:
        clips = sorted(self.clips)
        some = self.clips[clips[int(random.integers(len(clips)))]]
        here, there = (some[int(n)] for n in random.choice(len(some), 2, replace=False))
        pixels, points = self._with_room(here)
        other, theirs = self.store.picture(there), self.store.points(there)
        fake, _ = edits.lips(pixels, points, other, theirs, random, self.render)
        return pixels, points, fake

    def _redrawn(self, random: Generator) -> tuple[Pixels, blend.Points, Pixels]:
        some = self._any_source(random)
        pixels, points = self._with_room(some[int(random.integers(len(some)))])
        fake, _ = edits.redrawn(pixels, points, random, self.render, self.config.without_families)
        return pixels, points, fake


def renderer(weights: Path) -> edits.Render:
    """Round trips through the tiny autoencoder, some with noise on the latent numbers."""
    model = Taef2(weights).eval()

    def render(pixels: Pixels) -> Pixels:
        with torch.no_grad():
            x = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].float() / 255
            noise = float(torch.rand(()) * 0.15) if torch.rand(()) < 0.5 else 0.0
            drawn = model(x, noise)[0].permute(1, 2, 0).mul(255).round().byte().numpy()
        return np.asarray(drawn, np.uint8)

    return render


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_arguments(parser)
    parser.add_argument("--also", type=Path, required=True, help="filmed faces, cut by `prepare`")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="continue from another run's checkpoint")
    parser.add_argument("--head", type=Path, help="a first head, as `lab.common.heads` saves it")
    parser.add_argument("--head-rate", type=float, default=HEAD_RATE)
    parser.add_argument("--uphill", type=float, default=0.0, help="see `Tuning.lift`")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--taps", default="6,9")
    parser.add_argument("--rank", type=int, default=4)
    parser.add_argument("--swaps", type=int, default=0)
    parser.add_argument("--blends", type=int, default=4)
    parser.add_argument("--lips", type=int, default=2)
    parser.add_argument("--redrawn", type=int, default=2)
    parser.add_argument("--rate", type=float, default=1.0, help="times the rates")
    parser.add_argument("--without", default="", help="kinds of blend to leave out, with commas")
    parser.add_argument("--threads", type=int, default=1, help="used where the machine is idle")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(options.seed)
    random = np.random.default_rng(options.seed)
    store, _ = faces.opened(faces.own([options.also]))
    config = FaceConfig(
        seed=options.seed, pairs=options.swaps, blends=options.blends, donors=0.35, redrawn=0.4,
        own_original=0.75, sources=(*(("dfdc",) if options.swaps else ()), *SOURCES),
        without_families=tuple(filter(None, options.without.split(","))),
    )  # fmt: skip
    pool = Mixed(store, config, render=renderer(options.weights))
    pool.redrawn = redraw.prepared(store, pool.genuine, data_folders.cache() / "redrawn")
    taps = tuple(int(n) for n in options.taps.split(","))
    judge = Judge(load(), taps, options.rank)
    if options.head:
        with np.load(options.head) as first:
            judge.head.weight.data = torch.from_numpy(first["weight"][None].copy())
            judge.head.bias.data.fill_(float(first["bias"]))
    if options.start:
        judge.load_state_dict(torch.load(options.start, weights_only=True))
    steps = tuned(judge, pool, options, random)
    settings = {
        key: value
        for key, value in vars(options).items()
        if not isinstance(value, Path) and key not in ("taps", "head")
    }
    settings |= {"taps": taps, "side": 128, "steps": steps}
    settings["start"] = options.start.parent.name if options.start else ""
    (options.out / "settings.json").write_text(json.dumps(settings, indent=1) + "\n")


def tuned(judge: Judge, pool: Mixed, options: argparse.Namespace, random: Generator) -> int:
    """Trains for the given time, saves the moving average of the weights now and then."""
    groups: dict[float, list[torch.nn.Parameter]] = {}
    for name, p in judge.named_parameters():
        rate = LOW_RATE if ".low." in name else NORM_RATE
        rate = options.head_rate if name.startswith("head") else rate
        groups.setdefault(rate, []).append(p)
    tuning = Tuning(judge, groups)
    options.out.mkdir(parents=True, exist_ok=True)
    spare = GRID - 128 // PATCH
    counts = (options.swaps, options.blends, options.lips, options.redrawn)
    kinds = [kind for kind, count in zip(KINDS, counts, strict=True) for _ in range(count)]
    averages: dict[str, float] = {}
    started = saved = time.time()
    batches = ahead(lambda step: pool.pairs_of(step, *counts), 0, MOST_STEPS)
    while (done := (time.time() - started) / 60 / options.minutes) < 1:
        falling = min(1.0, max(0.0, 1 - done) / (1 - FLAT))
        factor = options.rate * min(1.0, (tuning.steps + 1) / WARM_UP) * falling
        corner = (
            (spare // 2,) * 2
            if random.random() < 0.5
            else tuple(random.integers(spare + 1, size=2))
        )
        pixels = next(batches)
        tuning.lift(options.uphill)
        fake, real = judge(pixels, (int(corner[0]), int(corner[1]))).chunk(2)
        loss = (F.softplus(real).mean() + F.softplus(-fake).mean()) / 2
        loss = loss + RANKING * F.softplus(real - fake).mean()
        tuning.step(loss, factor)
        figures = {"loss": loss.item()}
        for kind in dict.fromkeys(kinds):
            at = [n for n, k in enumerate(kinds) if k == kind]
            figures[kind] = float((fake[at][:, None] > real[None]).float().mean())
        for name, value in figures.items():
            averages[name] = 0.96 * averages.get(name, value) + 0.04 * value
        if tuning.steps % 10 == 0:
            spent = (time.time() - started) / 60
            words = " ".join(f"{name} {value:.3f}" for name, value in averages.items())
            print(f"{tuning.steps} {spent:.1f} min {words}", flush=True)
            idle = os.getloadavg()[0] < options.threads + 0.6
            torch.set_num_threads(options.threads if idle else 1)
        if time.time() - saved > 240:
            saved = time.time()
            tuning.save(options.out / f"step{tuning.steps}.pt")
    tuning.save(options.out / "final.pt")
    return tuning.steps


if __name__ == "__main__":
    main()
