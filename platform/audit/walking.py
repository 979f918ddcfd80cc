"""Verifies one chain from its first event to its head, fast enough for a page.

This proves that the chain is consistent. `manage.py audit verify` detects whether all of it was
rewritten, by comparing it with the signed checkpoints and the external anchor.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from .hashing import GENESIS, event_hash, microseconds
from .models import ChainHead, Event


def first_bad_event(chain: uuid.UUID, events: Sequence[Event]) -> int | None:
    """The number of the first event that does not fit, or None. `events` are all, in order."""
    before = GENESIS
    for number, event in enumerate(events, start=1):
        hashed = event_hash(
            chain, number, before, microseconds(event.recorded_at), bytes(event.payload)
        )
        if event.seq != number or bytes(event.prev_hash) != before or bytes(event.hash) != hashed:
            return number
        before = hashed
    head = ChainHead.objects.filter(chain=chain).first()
    if head is None:
        return None if not events else len(events)
    return None if bytes(head.hash) == before and head.seq == len(events) else len(events) + 1
