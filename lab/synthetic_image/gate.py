"""Tests whether simple properties of a picture show which ones should not be judged.

    python -m lab.synthetic_image.gate --most 40

A gate is an interval of one measure. It is set on the split `val`: as wide as it may be while at
most LEFT of each row that alarms most stays inside. Printed is what stays inside of the rows of
`test`: a gate that earns its place leaves the hard rows outside and generated pictures inside. No
network is asked.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterable, Mapping

import cv2
import numpy as np

from lab.common.speaking import say
from lab.synthetic_image import rows
from lab.synthetic_image.folders import add_arguments, folders
from lab.synthetic_image.rows import Item
from lab.synthetic_image.score import fine
from ml.engine.contract import Pixels
from ml.engine.detectors.synthetic_image.crops import taken

ALARMING = ("hard: blur", "hard: professional, downscaled")
"""Genuine rows that a network tuned on round trips took for generated."""
PLAIN = ("imagenet", "bsds", "ffhq", "lfw")
SHOWN = (
    *PLAIN, "kodak", *ALARMING, "hard: downscaled by half", "hard: denoised", "sd21 faces",
    "stylegan faces", "comfy pictures", "gpt-4o gallery",
)  # fmt: skip
LEFT = 0.1
SIDE = 128

Values = Mapping[str, list[float]]


def slope(crop: Pixels) -> float:
    """Of the spectrum's logarithm over that of the frequency, from a sixteenth of the sampling
    rate on: steep where fine detail was lost."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float64)
    grey = (grey - grey.mean()) * np.outer(np.hanning(len(grey)), np.hanning(len(grey)))
    power = np.abs(np.fft.rfft2(grey)) ** 2
    down, across = np.fft.fftfreq(len(grey))[:, None], np.fft.rfftfreq(len(grey))[None]
    frequency = np.hypot(down, across)
    used = (frequency > 1 / 16) & (frequency <= 0.5)
    return float(np.polyfit(np.log(frequency[used]), np.log(power[used] + 1e-3), 1)[0])


def blocks(crop: Pixels) -> float:
    """Steps across the edges of JPEG's blocks over all other steps; 1 where there are none."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float64)
    steps = np.abs(np.diff(grey, axis=1)).mean(0)
    at = [float(steps[first::8].mean()) for first in range(8)]
    return max(at) / max(float(np.mean(at)), 1e-6)


MEASURES: dict[str, Callable[[Pixels], float]] = {"fine": fine, "slope": slope, "blocks": blocks}


def measured(items: Iterable[Item], most: int) -> dict[str, dict[str, list[float]]]:
    """By measure and row; of a picture the mean over its crops."""
    found: dict[str, dict[str, list[float]]] = {name: {} for name in MEASURES}
    for item in items:
        if item.row not in SHOWN or len(found["fine"].get(item.row, [])) >= most:
            continue
        picture = taken(item.picture.read(), SIDE)
        if picture.unfit:
            continue
        for name, measure in MEASURES.items():
            value = float(np.mean([measure(crop) for _, crop in picture.crops]))
            found[name].setdefault(item.row, []).append(value)
    return found


def widest(val: Values) -> tuple[float, float]:
    """Of intervals that hold at most LEFT of each alarming row, the one that holds most of the
    plain rows."""
    ends = np.unique(
        np.quantile([v for row in PLAIN for v in val.get(row, [])], np.linspace(0, 1, 41))
    )
    best = (0.0, (0.0, 0.0))
    for low, high in itertools.combinations(ends, 2):
        gate = (float(low), float(high))
        if all(inside(val.get(row, []), gate) <= LEFT for row in ALARMING):
            held = float(np.mean([inside(val[row], gate) for row in PLAIN if row in val]))
            best = max(best, (held, gate))
    return best[1]


def inside(values: list[float], gate: tuple[float, float]) -> float:
    return float(np.mean([gate[0] <= value <= gate[1] for value in values])) if values else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_arguments(parser)
    parser.add_argument("--most", type=int, default=40, help="pictures a row")
    options = parser.parse_args()
    places = folders(options)
    val = measured(
        itertools.chain(
            rows.genuine(places, "val", options.most), rows.hard(places, "val", options.most)
        ),
        options.most,
    )
    test = measured(
        itertools.chain(
            rows.genuine(places, "test", options.most),
            rows.hard(places, "test", options.most),
            rows.generated(places, options.most),
        ),
        options.most,
    )
    gates = {name: widest(val[name]) for name in MEASURES}
    say("| judged, of | " + " | ".join(
        f"{name}, {low:.2f} to {high:.2f}" for name, (low, high) in gates.items()
    ) + " | pictures |")  # fmt: skip
    say("|---|" + "---|" * (len(gates) + 1))
    for row in SHOWN:
        if row in test["fine"]:
            shares = [f"{inside(test[name][row], gates[name]):.0%}" for name in MEASURES]
            say(f"| {row} | {' | '.join(shares)} | {len(test['fine'][row])} |")


if __name__ == "__main__":
    main()
