"""Computes the hash of an event. The same rule is implemented in SQL (migration 0002).

Uses no Django: verifying an export needs this file, `merkle.py`, `notes.py`, `verifier.py` and
`verifying.py`.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

DOMAIN = b"touchstone-event-v1\n"
GENESIS = bytes(32)
"""What the first event of a chain names as its predecessor."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Exact: a float of seconds would lose the last digits."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds_since_epoch: int) -> datetime:
    return _EPOCH + microseconds_since_epoch * _MICROSECOND


def event_hash(chain: UUID, seq: int, prev_hash: bytes, recorded_us: int, payload: bytes) -> bytes:
    """Every part but the last has a fixed length, so no two events share a preimage."""
    return hashlib.sha256(
        DOMAIN
        + chain.bytes
        + seq.to_bytes(8, "big", signed=True)
        + prev_hash
        + recorded_us.to_bytes(8, "big", signed=True)
        + payload
    ).digest()
