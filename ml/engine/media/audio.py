"""Delivers sound to detectors: mono samples from the sandbox at the rate each asks for."""

from __future__ import annotations

from math import gcd

import numpy as np

from ml.engine.contract import Samples

SANDBOX_RATE = 16_000


def at_rate(samples: Samples, rate: int) -> Samples:
    """The same sound with another number of samples a second."""
    if rate <= 0:
        raise ValueError("a rate is a positive number of samples a second")
    if rate == SANDBOX_RATE or samples.size == 0:
        return samples
    from scipy.signal import resample_poly  # slow to import, and only detectors need it

    common = gcd(rate, SANDBOX_RATE)
    return np.asarray(
        resample_poly(samples, rate // common, SANDBOX_RATE // common), dtype=np.float32
    )
