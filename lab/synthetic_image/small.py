"""Trains a small autoencoder of our own for round trips with other strides and other enlarging.

python -m lab.synthetic_image.small --out AE.pt --stride 4 --up transposed --latent 6
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from lab.synthetic_image.autoencoder import Small


def load(file: Path) -> Small:
    stored = torch.load(file, weights_only=True)
    model = Small(**stored["settings"])
    model.load_state_dict(stored["state"])
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True, help="whose genuine crops to learn on")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--stride", type=int, default=4)
    parser.add_argument("--up", default="nearest", choices=("nearest", "transposed", "shuffle"))
    parser.add_argument("--latent", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=240)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    settings = {"stride": options.stride, "up": options.up, "latent": options.latent}
    model = Small(**settings)
    crops = np.concatenate([np.load(f)["real"] for f in sorted(options.pairs.glob("train-*.npz"))])
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    random = np.random.default_rng(1)
    started, step, loss_shown = time.process_time(), 0, 0.0
    while (spent := time.process_time() - started) < options.seconds:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * max(0.02, 1 - spent / options.seconds)
        chosen = random.integers(len(crops), size=8)
        top, left = random.integers(0, crops.shape[1] - 64, size=2)
        batch = crops[chosen, top : top + 64, left : left + 64]
        x = torch.from_numpy(batch.copy()).permute(0, 3, 1, 2).float() / 255
        y = model.decoder(model.encoder(x))
        loss = (x - y).abs().mean()
        loss = loss + (x.diff(dim=2) - y.diff(dim=2)).abs().mean()
        loss = loss + (x.diff(dim=3) - y.diff(dim=3)).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step += 1
        loss_shown = 0.98 * loss_shown + 0.02 * float((x - y).pow(2).mean())
        if step % 100 == 0:
            print(f"{step} PSNR {-10 * np.log10(loss_shown):.1f}", flush=True)
    torch.save({"settings": settings, "state": model.state_dict()}, options.out)


if __name__ == "__main__":
    main()
