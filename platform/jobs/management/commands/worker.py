"""`manage.py worker`: everything that a worker needs, in one process tree."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from audit.fingerprints import refuse_to_serve_with_other_keys
from jobs import registry
from jobs.worker import arenas
from jobs.worker.niceness import lower_priority
from jobs.worker.supervisor import Supervisor


class Command(BaseCommand):
    help = (
        "Work on what is queued, reconcile what was lost, seal the record. "
        "Ends on SIGTERM, SIGINT and SIGHUP."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--concurrency", type=int, default=min(os.cpu_count() or 1, 4), metavar="N",
            help="jobs at the same time, each in a process of its own (default: %(default)s)",
        )  # fmt: skip
        parser.add_argument(
            "--no-broker", action="store_true",
            help="do not use the broker; poll the table twice per second instead",
        )  # fmt: skip
        parser.add_argument(
            "--nice", type=int, choices=range(20), default=5, metavar="N",
            help="how far to yield to web servers on the same machine, 0 to 19  "
            "(default: %(default)s)",
        )  # fmt: skip

        parser.add_argument(
            "--kinds", default=settings.WORKER_KINDS, metavar="KIND,KIND",
            help="examine only media of these kinds: image, video, audio (default: all, or "
            "WORKER_KINDS)",
        )  # fmt: skip
        parser.add_argument(
            "--reserved", type=int, default=settings.WORKER_RESERVED_SLOTS, metavar="N",
            help="how many of the jobs at the same time are never videos (default: 1 of two or "
            "more, or WORKER_RESERVED_SLOTS)",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        logging.basicConfig(
            level=logging.INFO, format="%(asctime)s %(levelname)s %(process)d %(message)s"
        )
        refuse_to_serve_with_other_keys()
        # The checks ran with this command; Celery need not repeat them in every slot.
        os.environ["CELERY_SKIP_CHECKS"] = "true"
        lower_priority(options["nice"])
        arenas.bound()
        concurrency = max(1, options["concurrency"])
        kinds = _kinds(options["kinds"])
        sys.exit(
            Supervisor(
                concurrency,
                broker=not options["no_broker"],
                kinds=kinds,
                reserved=_reserved(options["reserved"], concurrency, kinds),
            ).run()
        )


def _kinds(text: str) -> frozenset[str] | None:
    """None for all."""
    kinds = frozenset(kind.strip() for kind in text.split(",") if kind.strip())
    if unknown := sorted(kinds - registry.kinds()):
        known = ", ".join(sorted(registry.kinds()))
        raise CommandError(f"There is no kind {unknown[0]!r}. The kinds are {known}.")
    return kinds or None


def _reserved(value: int | None, concurrency: int, kinds: frozenset[str] | None) -> int:
    """Where a worker takes both long and short work."""
    served = registry.kinds() if kinds is None else kinds
    long = served & registry.long_kinds()
    if not long or long == served:
        return 0
    reserved = min(1, concurrency - 1) if value is None else value
    if not 0 <= reserved < concurrency:
        raise CommandError(
            f"Of {concurrency} jobs at the same time, {reserved} cannot be reserved: "
            f"{max(concurrency - 1, 0)} at most, so that videos are examined too."
        )
    return reserved
