"""Sends media to a Touchstone server and returns the results of checks and reviews."""

from touchstone_client.asynchronous import AsyncTouchstone
from touchstone_client.errors import Problem, TimedOut, TouchstoneError, Unreachable
from touchstone_client.models import (
    Appeal,
    Batch,
    BatchItem,
    Decision,
    Declared,
    Report,
    Similar,
    Submission,
    Usage,
    Webhook,
)
from touchstone_client.synchronous import Touchstone
from touchstone_client.webhooks import Message, NotGenuine, verify

__all__ = [
    "Appeal",
    "AsyncTouchstone",
    "Batch",
    "BatchItem",
    "Decision",
    "Declared",
    "Message",
    "NotGenuine",
    "Problem",
    "Report",
    "Similar",
    "Submission",
    "TimedOut",
    "Touchstone",
    "TouchstoneError",
    "Unreachable",
    "Usage",
    "Webhook",
    "verify",
]
