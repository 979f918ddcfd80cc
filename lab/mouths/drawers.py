"""Trains small networks that redraw lower faces, on genuine faces of the training split.

    python -m lab.mouths.drawers --also NEWS --out FOLDER --seconds 150      (with PyTorch)

`filler-*` see the face without its lower half and the face of another moment, as programs that move
lips do, and draw the whole face at 96 pixels. `narrow-*` are autoencoders. Each kind comes twice,
with other layers: `a` is for training, `b` only for tests.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from lab.face import faces, foreign
from lab.face.store import Store
from lab.mouths import programs
from lab.mouths.programs import MIDDLE, Drawer
from lab.synthetic_image.autoencoder import Small, Taef2
from ml.engine.contract import Pixels

SIDE = 96
SOURCES = ("ffhq", "lfw", "utkface", "news", "dfdc")
OF_EACH = 700
"""Faces of each source that the small networks learn from."""
FILLERS = {"filler-a": (32, "shuffle"), "filler-b": (28, "transposed")}
NARROW = {"narrow-a": (4, "shuffle", 5, 24), "narrow-b": (4, "transposed", 8, 24)}
ROOM = (0.04, 0.04, 0.04, 0.06)


class Filler(nn.Module):  # type: ignore[misc]  # torch is not installed here
    """Masked face and another moment's -> the face, with passages from each size to its like."""

    def __init__(self, width: int, up: str) -> None:
        super().__init__()
        widths = (width, 2 * width, 3 * width)
        self.fold = nn.PixelUnshuffle(2)
        before = 6 * 4
        self.down = nn.ModuleList()
        for number, wide in enumerate(widths):
            step = 1 if number == 0 else 2
            self.down.append(nn.Sequential(
                nn.Conv2d(before, wide, 3, step, 1), nn.SiLU(),
                nn.Conv2d(wide, wide, 3, 1, 1), nn.SiLU(),
            ))  # fmt: skip
            before = wide
        self.up, self.mix = nn.ModuleList(), nn.ModuleList()
        for wide in reversed(widths[:-1]):
            self.up.append(
                nn.Sequential(nn.Conv2d(before, 4 * wide, 1), nn.PixelShuffle(2))
                if up == "shuffle"
                else nn.ConvTranspose2d(before, wide, 4, 2, 1)
            )
            self.mix.append(nn.Sequential(nn.Conv2d(2 * wide, wide, 3, 1, 1), nn.SiLU()))
            before = wide
        self.last = (
            nn.Sequential(nn.Conv2d(before, 12, 3, 1, 1), nn.PixelShuffle(2))
            if up == "shuffle"
            else nn.ConvTranspose2d(before, 3, 4, 2, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.fold(x)
        kept = []
        for stage in self.down:
            x = stage(x)
            kept.append(x)
        for up, mix, passed in zip(self.up, self.mix, reversed(kept[:-1]), strict=True):
            x = mix(torch.cat([F.silu(up(x)), passed], 1))
        return torch.sigmoid(self.last(x))


def masked(faces_: Tensor) -> Tensor:
    covered = faces_.clone()
    covered[:, :, round(MIDDLE * faces_.shape[2]) :] = 0
    return covered


def as_tensor(pixels: Pixels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].float() / 255


def as_pixels(drawn: Tensor) -> Pixels:
    pixels = drawn[0].clamp(0, 1).permute(1, 2, 0).mul(255).round().byte().numpy()
    return np.asarray(pixels, np.uint8)


def at_side(network: nn.Module, x: Tensor) -> Tensor:
    """The network was learnt at SIDE; larger faces are drawn at their own size."""
    with torch.no_grad():
        return network(x)


def filling(network: nn.Module) -> Drawer:
    def draw(here: Pixels, there: Pixels) -> Pixels:
        x = torch.cat([masked(as_tensor(here)), as_tensor(there)], 1)
        return as_pixels(at_side(network, x))

    return draw


def passing(network: nn.Module) -> Drawer:
    """The joined face through an autoencoder."""

    def draw(here: Pixels, there: Pixels) -> Pixels:
        return as_pixels(at_side(network, as_tensor(programs.joined(here, there))))

    return draw


def trained(folder: Path, names: tuple[str, ...]) -> dict[str, Drawer]:
    found: dict[str, Drawer] = {}
    for name in names:
        network = _made(name)
        network.load_state_dict(torch.load(folder / f"{name}.pt", weights_only=True))
        found[name] = (filling if name in FILLERS else passing)(network.eval())
    return found


def for_training(folder: Path, weights: Path) -> dict[str, Drawer]:
    """TAEF2 is slow and therefore rare."""
    own = trained(folder, ("filler-a", "narrow-a"))
    return {
        "plain": programs.plain, "smeared": programs.smeared,
        "filler-a": own["filler-a"], "filler-a again": own["filler-a"],
        "narrow-a": own["narrow-a"], "narrow-a again": own["narrow-a"],
        "taef2": passing(Taef2(weights).eval()),
    }  # fmt: skip


def _made(name: str) -> nn.Module:
    return Filler(*FILLERS[name]) if name in FILLERS else Small(*NARROW[name])


# === Training them ===


def canvases(store: Store, split: str = "train") -> NDArray[np.uint8]:
    """Pairs of faces at SIDE: one moment, and another that was laid over it."""
    random = np.random.default_rng(5)
    moments: dict[str, list[int]] = defaultdict(list)
    by_source: dict[str, list[int]] = defaultdict(list)
    for number, item in enumerate(store.items):
        if item.split == split and not item.is_fake and store.has_face(number):
            by_source[item.source].append(number)
            moments[f"{item.source} {item.pair or number}"].append(number)
    found = []
    for source in SOURCES:
        numbers = by_source[source]
        for n in random.permutation(len(numbers))[:OF_EACH]:
            number = numbers[int(n)]
            item = store.items[number]
            some = moments[f"{source} {item.pair or number}"]
            other = some[int(random.integers(len(some)))]
            picture, points = store.picture(number), store.points(number)
            over = foreign.fitted(store.picture(other), store.points(other), points, picture.shape)
            left, top, right, bottom = programs.box(points, picture.shape, ROOM)
            found.append(np.stack([
                cv2.resize(one[top:bottom, left:right], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
                for one in (picture, over)
            ]))  # fmt: skip
    return np.stack(found)


def learn(name: str, pairs: NDArray[np.uint8], seconds: float, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = _made(name)
    optimiser = torch.optim.Adam(network.parameters(), 2e-3)
    started, steps, average = time.time(), 0, 0.0
    while (done := (time.time() - started) / seconds) < 1:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * (1 - 0.95 * done)
        chosen = pairs[random.integers(len(pairs), size=8)]
        if random.random() < 0.5:
            chosen = chosen[:, :, :, ::-1]
        both = torch.from_numpy(np.ascontiguousarray(chosen)).permute(1, 0, 4, 2, 3).float() / 255
        here, there = both[0], both[1]
        # Another moment of a still is itself: without a change the network would copy it.
        there = torch.roll(there, tuple(int(n) for n in random.integers(-3, 4, 2)), (2, 3))
        x = torch.cat([masked(here), there], 1) if name in FILLERS else here
        loss = (network(x) - here).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        steps += 1
        average = (
            0.97 * average + 0.03 * float(loss.detach()) if steps > 1 else float(loss.detach())
        )
    print(f"{name}: {steps} steps, mean difference {255 * average:.1f} grey levels", flush=True)
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--also", type=Path, required=True, help="filmed faces, cut by `prepare`")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=150, help="for each network")
    parser.add_argument("--only", default=",".join([*FILLERS, *NARROW]))
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    store, _ = faces.opened(faces.own([options.also]))
    pairs = canvases(store)
    options.out.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(options.only.split(","), 1):
        network = learn(name, pairs, options.seconds, seed)
        torch.save(network.state_dict(), options.out / f"{name}.pt")


if __name__ == "__main__":
    main()
