"""`manage.py worker`: everything that a worker needs, in one process tree."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand

from audit.fingerprints import refuse_to_serve_with_other_keys
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
            help="do not listen for the bell; look into the table twice a second instead",
        )  # fmt: skip
        parser.add_argument(
            "--nice", type=int, choices=range(20), default=5, metavar="N",
            help="how far to stand back for web servers on the same machine, 0 to 19 "
            "(default: %(default)s)",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        logging.basicConfig(
            level=logging.INFO, format="%(asctime)s %(levelname)s %(process)d %(message)s"
        )
        refuse_to_serve_with_other_keys()
        # The checks ran with this command; Celery need not repeat them in every slot.
        os.environ["CELERY_SKIP_CHECKS"] = "true"
        lower_priority(options["nice"])
        concurrency = max(1, options["concurrency"])
        sys.exit(Supervisor(concurrency, broker=not options["no_broker"]).run())
