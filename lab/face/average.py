"""Averages the weights of several runs into one network.

Runs that continue from one another lie in the same valley of the loss, and the mean removes what
each learnt by chance. Nothing is trained here, and the result costs as much in service as one
network.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lab.face import loop
from lab.face.config import FaceConfig


class CannotAverage(ValueError):
    """The runs do not fit together, or there is a run of that name."""


def average(runs: Path, names: Sequence[str], name: str) -> Path:
    """A run's folder that holds the mean of finished runs, ready for release and comparison."""
    if len(set(names)) < 2:
        raise CannotAverage("A mean needs two runs or more.")
    configs = [FaceConfig.read(runs / one / loop.CONFIG) for one in names]
    if len({(config.network, config.side) for config in configs}) > 1:
        raise CannotAverage("Runs of different networks or input sizes have no mean.")
    target = runs / name
    if target.exists():
        raise CannotAverage(f"{target} holds a run already; name another.")
    weights = [dict(np.load(runs / one / loop.WEIGHTS)) for one in names]
    means = {key: np.mean([one[key] for one in weights], axis=0) for key in weights[0]}
    target.mkdir()
    config = dataclasses.replace(configs[-1], mean_of=tuple(names))
    (target / loop.CONFIG).write_text(config.to_json())
    np.savez(target / loop.WEIGHTS, **means)
    return target
