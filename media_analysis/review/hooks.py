"""What others want to do when a person decides, inside the very transaction of the decision.

They append to these lists in their `ready()`; a callable that raises undoes the decision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from media_analysis.review.models import Case, Decision

decided: list[Callable[[Case, Decision], None]] = []
reopened: list[Callable[[Case], None]] = []
