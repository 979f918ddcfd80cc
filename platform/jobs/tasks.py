"""The Celery task: a wake-up with the name of a row. The table decides what is done."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="jobs.answer", ignore_result=True, acks_late=False)  # type: ignore[untyped-decorator]
def answer(label: str, pk: str) -> None:
    """Somebody rang for `pk`: work until nothing is due, best turn first (not only for `pk`)."""
    from jobs.worker.slot import this_process

    this_process().answer()
