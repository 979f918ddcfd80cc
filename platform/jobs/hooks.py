"""Hooks around every job. Other apps append to them in their `ready()`; `jobs` knows none of
them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from jobs.claims import Claim

around: list[Callable[[Claim], AbstractContextManager[None]]] = []
"""Entered before the job's runner and left after it, with whatever it raised."""
