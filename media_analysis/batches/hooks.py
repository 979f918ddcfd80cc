"""What others want to do when a batch is complete, inside the transaction that completes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from media_analysis.batches.models import Batch

completed: list[Callable[[Batch], None]] = []
