"""How gunicorn serves: `gunicorn config.wsgi --config platform/config/serving.py`.

Only the address is left to whoever starts it.
"""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]

chdir = str(_ROOT)
pythonpath = f"{_ROOT / 'platform'},{_ROOT}"
workers = 2
threads = 4
worker_connections = 4 * threads
"""Whoever is awake first takes a new connection, so one process may end up with all of them and be
slow while the others sleep. With few each, they go round; `threads` of them are never kept alive,
so that idle clients cannot shut others out."""
timeout = 120
keepalive = 75
"""Longer than clients wait between two requests: a connection that is closed in the moment when the
next request is on its way looks like an error to whoever sent it."""
accesslog = "-"
logger_class = "config.masking.AccessLog"
