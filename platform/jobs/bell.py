"""Ring the doorbell. It may fail or be lost: that costs seconds, never a job."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction

from jobs.models import LeasedJob

log = logging.getLogger("touchstone.jobs")


def ring(model: type[LeasedJob], pk: Any) -> bool:
    from jobs.tasks import answer

    try:
        answer.apply_async((model._meta.label_lower, str(pk)), retry=False, ignore_result=True)
    except Exception as error:  # whatever a broker may throw, the row is already safe
        log.warning("the bell did not ring (%s); the reconciler will see to it", error)
        return False
    return True


def ring_on_commit(model: type[LeasedJob], pk: Any) -> None:
    transaction.on_commit(lambda: ring(model, pk), robust=True)
