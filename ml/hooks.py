"""What others want to do when an analysis ends, inside the very transaction that ends it.

They append to these lists in their `ready()`; `ml` knows none of them. A callable that raises
undoes the whole transaction, so the analysis is tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from ml.engine.contract import Result
    from ml.models import Analysis

reuse_is_wanted: list[Callable[[Analysis], bool]] = []
"""Whether results of an earlier analysis of the same bytes do for this one."""

earlier_analysis: list[Callable[[Analysis, str], Analysis | None]] = []
"""That analysis, under these conditions, inside the transaction that takes it over. It stays until
that has ended."""

analysis_queued: list[Callable[[Analysis], None]] = []
"""Somebody ordered it, in the transaction of the order."""

analysis_finished: list[Callable[[Analysis, Result], None]] = []
"""The analysis as stored, and the result that it came from (rejected input included)."""

analysis_cancelled: list[Callable[[Analysis], None]] = []
"""Somebody stopped it; there is no verdict."""

analysis_parked: list[Callable[[Analysis], None]] = []
"""There is no result, and no retry will help: it is shown as inconclusive, with its reason."""

keeps_text: list[Callable[[UUID], bool]] = []
"""Whether personal text about this chain may be kept: False once a rule has removed it."""
