"""What became of work on somebody's file: refused for what the file is, or one of three failures.

In the terms of `jobs`, so that every kind of work on media is tried again, set aside or given
up by the same rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from blobs.errors import Damaged, StorageFull, StoreUnavailable
from jobs.claims import Claim
from jobs.errors import Crashed, Hopeless, Outage
from sandbox.types import Rejected, SandboxFailed

KILLED = {"crashed", "killed", "timeout", "protocol"}
"""The sandbox's words for a child that the file brought down; the others are our own trouble."""


@contextmanager
def classify_failures(claim: Claim, work: str) -> Iterator[None]:
    """Refusals pass unchanged. A request to stop is checked before any failure. A child or memory
    that was brought down is poison after a few attempts. A damaged original cannot be helped. An
    unavailable or full store ends the claiming until it is back. Everything else is our failure."""
    try:
        yield
    except Rejected:
        raise
    except Exception as error:
        claim.raise_if_stopped()
        if isinstance(error, SandboxFailed) and error.code in KILLED:
            reason = f"the decoder's process ended by force ({error})"
            raise Crashed(f"sandbox_{error.code}", reason) from error
        if isinstance(error, StoreUnavailable | StorageFull):
            raise Outage(StoreUnavailable.code) from error
        if isinstance(error, Damaged):
            raise Hopeless(error.code, error.sentence) from error
        if isinstance(error, MemoryError):
            reason = f"{work} needed more memory than there is"
            raise Crashed("out_of_memory", reason) from error
        raise
