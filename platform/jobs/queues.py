"""The queues of wake-ups: one for each kind of media, so that a slot that takes no videos receives
no wake-up for one. Read by Celery's configuration before any app is ready."""

from __future__ import annotations

QUEUE = "touchstone"


def queue(kind: str = "") -> str:
    """Each kind has a bell of its own, which those slots hear that take it."""
    return f"{QUEUE}_{kind}" if kind else QUEUE


QUEUES = (QUEUE, *(queue(kind) for kind in ("image", "video", "audio")))
"""All that migrations have made."""


def on_rabbitmq(name: str) -> str:
    """There each is a quorum queue. The name says so: RabbitMQ refuses to declare a queue as of
    another type than it has, and earlier versions made classic ones."""
    return f"{name}.quorum"
