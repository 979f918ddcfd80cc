"""What others want to do when a person decides, inside the very transaction of the decision.

They append to these lists in their `ready()`; a callable that raises undoes the decision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.verbs import Verb
    from media_analysis.review.models import Appeal, Case, Decision

decided: list[Callable[[Case, Decision], None]] = []
reopened: list[Callable[[Case], None]] = []
appeal_changed: list[Callable[[Appeal, Verb], None]] = []
appealed_in_test: list[Callable[[Appeal], None]] = []
"""For what a test key sent: nobody would ever answer."""
