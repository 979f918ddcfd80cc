"""Wakes a worker. The message may fail or get lost: that costs seconds, never a job."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from jobs import registry
from jobs.models import LeasedJob
from jobs.queues import QUEUE, queue

log = logging.getLogger("touchstone.jobs")


def ring(model: type[LeasedJob], pk: Any, kind: str = "") -> bool:
    """`kind` as the row has it: only slots that take it hear the bell. Without one all do."""
    from jobs.tasks import answer

    try:
        answer.apply_async(
            (model._meta.label_lower, str(pk)), queue=queue(kind), retry=False,
            ignore_result=True,
        )  # fmt: skip
    except Exception as error:  # whatever a broker may throw, the row is already safe
        log.warning("the bell did not ring (%s); the reconciler will see to it", error)
        return False
    return True


def queues(kinds: Iterable[str] | None = None) -> list[str]:
    """What a slot listens to that takes these kinds, or all."""
    return [QUEUE, *(queue(kind) for kind in sorted(registry.kinds() if kinds is None else kinds))]


def ring_on_commit(job: LeasedJob) -> None:
    kind = getattr(job, "kind", "")
    transaction.on_commit(lambda: ring(type(job), job.pk, kind), robust=True)
