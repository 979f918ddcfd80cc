"""Makes batches while the network still trains on an earlier one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

B = TypeVar("B")
AHEAD = 4


def ahead(batch: Callable[[int], B], first: int, last: int) -> Iterator[B]:
    """In order; a few are in the making at any time."""
    with ThreadPoolExecutor(1) as maker:
        waiting = [maker.submit(batch, n) for n in range(first, min(first + AHEAD, last))]
        for step in range(first, last):
            if step + AHEAD < last:
                waiting.append(maker.submit(batch, step + AHEAD))
            yield waiting.pop(0).result()
