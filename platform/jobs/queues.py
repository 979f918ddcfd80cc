"""The queues of wake-ups: one for each kind of media, so that a slot that takes no videos receives
no wake-up for one. Read by Celery's configuration before any app is ready."""

from __future__ import annotations

QUEUE = "touchstone"


def queue(kind: str = "") -> str:
    """Each kind has a bell of its own, which those slots hear that take it."""
    return f"{QUEUE}_{kind}" if kind else QUEUE


QUEUES = (QUEUE, *(queue(kind) for kind in ("image", "video", "audio")))
"""All that migrations have made."""
