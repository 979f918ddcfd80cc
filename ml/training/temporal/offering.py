"""Whether the measured figures carry the check. Fixed before anything was measured."""

from __future__ import annotations

from typing import Any

MOST_FALSE_ALARMS = 0.05
"""Share of genuine clips that may be asked about, whatever they went through."""
LEAST_AUC = 0.7
"""Of every kind of fake and group of masks that was never met in training."""


def verdict(measured: dict[str, Any]) -> dict[str, Any]:
    """Whether the figures carry the check: every false alarm rate and every held-out AUC."""
    too_many = [
        name for name, told in measured["false_alarms"].items()
        if told["share"] is not None and told["share"] > MOST_FALSE_ALARMS
    ]  # fmt: skip
    too_low = [
        name for name, told in measured["never_met"].items()
        if told["network"]["auc"] < LEAST_AUC
    ]  # fmt: skip
    return {"carries": not too_many and not too_low, "alarms": too_many, "auc": too_low}
