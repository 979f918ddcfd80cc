"""The voice network's way to LiteRT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.training import export

TOLERANCE = 1e-3
"""Greatest difference of logits that is accepted."""


def exported(network: Any, target: Path, probes: NDArray[np.float32]) -> dict[str, Any]:
    """Write the float32 LiteRT file and compare it with the network on real pictures."""
    return export.exported(network, target, probes, tolerance=TOLERANCE)
