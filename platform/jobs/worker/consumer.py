"""What Celery runs to hear the bells of RabbitMQ."""

from __future__ import annotations

from typing import Any, ClassVar

from celery.worker.consumer import Consumer


class BellConsumer(Consumer):  # type: ignore[misc]
    """Without the 28 queues and exchanges that Celery makes beside quorum queues for tasks of a
    later time: a bell rings now, and what is due later is a row."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]
        default_steps: ClassVar[list[Any]] = [
            step for step in Consumer.Blueprint.default_steps if "delayed_delivery" not in step
        ]
