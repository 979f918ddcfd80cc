"""gunicorn's configuration: `gunicorn config.wsgi --config platform/config/serving.py`.

Only the address is set on the command line.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from jobs.worker import arenas

# Before Django is imported: the processes put their counts of requests there for one another.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="touchstone-metrics-")

arenas.bound()  # for the processes that it forks

_ROOT = Path(__file__).resolve().parents[2]

chdir = str(_ROOT)
pythonpath = f"{_ROOT / 'platform'},{_ROOT}"
workers = 2
worker_class = "config.front.worker.Worker"
threads = 4
"""Requests that one process answers at a time. Connections hold none (config.front)."""
worker_connections = 2000
asgi_loop = "asyncio"
asgi_lifespan = "off"
timeout = 120
graceful_timeout = 15
keepalive = 75
"""Longer than clients wait between two requests: a connection that is closed in the moment when the
next request is on its way looks like an error to whoever sent it."""
control_socket_disable = True  # nobody steers it that way
accesslog = "-"
logger_class = "config.masking.AccessLog"


def child_exit(_server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    """In the parent alone, at its end."""
    folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    if folder.name.startswith("touchstone-metrics-"):
        shutil.rmtree(folder, ignore_errors=True)
