"""Claims follow from figures: nothing is claimed that was not measured well enough."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lab.temporal import offering, tables
from ml.engine.detectors.temporal import claims


def entry(auc: float, low: float | None) -> dict[str, Any]:
    return {"network": {"auc": auc, "low": low, "high": auc}}


MEASURED = {
    "never_met": {
        "kind place": entry(0.94, 0.85),
        "kind blended anew": entry(0.99, 0.98),
        "kind frozen": entry(0.75, 0.6),
        "masks whole": entry(0.72, 0.6),
    },
    "false_alarms": {"as it is": {"share": 0.0}, "noise": {"share": 0.05}},
}


def changed(*path: str, value: Any) -> dict[str, Any]:
    other = copy.deepcopy(MEASURED)
    at = other
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return offering.verdict(other)


def test_a_kind_is_claimed_by_the_low_end_of_its_interval() -> None:
    """A good mean of few speakers is no claim, and what is not claimed does not end the check."""
    assert offering.verdict(MEASURED) == {
        "carries": True, "claimed": ["place", "blended anew"], "not_told": ["frozen"],
        "alarms": [], "masks": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (("false_alarms", "noise", "share"), 0.051, {"alarms": ["noise"]}),
        (("false_alarms", "noise", "share"), None, {"alarms": ["noise"]}),
        (("never_met", "masks whole"), entry(0.69, 0.6), {"masks": ["whole"]}),
        (("never_met", "kind place"), entry(0.94, 0.69), {"claimed": ["blended anew"]}),
        (("never_met", "kind place"), entry(0.94, None), {"claimed": ["blended anew"]}),
    ],
)
def test_alarms_masks_and_too_few_claims_each_end_it(
    path: tuple[str, ...], value: Any, why: dict[str, list[str]]
) -> None:
    """One condition with too many alarms or with none judged, one group of masks, or one kind too
    few: the check is not carried, and the table says why."""
    offered = changed(*path, value=value)
    assert not offered["carries"]
    assert offered.items() >= why.items()
    assert "do not carry" in tables._offer(offered)


def test_what_is_not_told_is_said_before_other_limits() -> None:
    """The card begins with both lists; with nothing left out there is no second sentence."""
    one, other = claims.limits({"claimed": ["that tremble"], "not_told": ["that drift", "of wax"]})
    assert one == "It detects faces that tremble. It claims no more than that."
    assert other == "It does not reliably detect faces that drift, or of wax."
    assert len(claims.limits({"claimed": ["that tremble"], "not_told": []})) == 1
