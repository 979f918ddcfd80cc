"""The bell is rung on the queue that is meant, from any thread and however we were started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AS_GUNICORN_DOES = """
import config.masking  # its log is set up before anything of ours is
import config.wsgi
import threading
from jobs.tasks import answer
found = []
thread = threading.Thread(target=lambda: found.append(answer.app.main))
thread.start()
thread.join()
print(found[0])
"""


def test_a_web_server_rings_our_bell_from_its_threads() -> None:
    """Nothing in the environment names our settings, the log comes first, and the request is
    handled in another thread: Celery is ours all the same, not one that looks for RabbitMQ."""
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-c", AS_GUNICORN_DOES],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}", "DEBUG": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["touchstone"]
