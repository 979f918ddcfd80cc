"""Decides what the measured figures support: which kinds of fake the check may claim to detect, and
whether that is enough to offer it. The card, the tables and the check's own sentences use this.
docs/decisions/0005-a-check-claims-what-it-was-measured-on.md explains the rule."""

from __future__ import annotations

from typing import Any

MOST_FALSE_ALARMS = 0.05
"""Share of genuine clips that may be asked about, whatever they went through."""
LEAST_AUC = 0.7
"""Of every group of masks that was never met in training; of a kind of fake that was never met, the
lower end of its interval, before it is claimed."""
FEWEST_CLAIMS = 2
"""A check that tells a single kind is no check of whether a face holds together."""

Measured = dict[str, Any]


def verdict(measured: Measured) -> dict[str, Any]:
    """What is claimed, what is not, and what stands in the way of offering the check."""
    kinds = _rows(measured, "kind ")
    claimed = [name for name, figures in kinds.items() if claims(figures)]
    alarms = [name for name, figures in measured["false_alarms"].items() if too_many(figures)]
    masks = [name for name, figures in _rows(measured, "masks ").items() if too_low(figures)]
    return {
        "carries": not alarms and not masks and len(claimed) >= FEWEST_CLAIMS,
        "claimed": claimed,
        "not_told": [name for name in kinds if name not in claimed],
        "alarms": alarms,
        "masks": masks,
    }


def _rows(measured: Measured, prefix: str) -> dict[str, Measured]:
    return {
        name.removeprefix(prefix): figures["network"]
        for name, figures in measured["never_met"].items()
        if name.startswith(prefix)
    }


def claims(figures: Measured) -> bool:
    """Of a kind: without an interval there is no claim."""
    return figures["low"] is not None and figures["low"] >= LEAST_AUC


def too_low(figures: Measured) -> bool:
    return figures["auc"] is None or bool(figures["auc"] < LEAST_AUC)


def too_many(figures: Measured) -> bool:
    """Of a condition: what could not be judged at all is no proof of calm."""
    return figures["share"] is None or bool(figures["share"] > MOST_FALSE_ALARMS)
