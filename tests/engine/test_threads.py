"""The engine uses one processor thread, whatever program runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import json, numpy, scipy.linalg
from threadpoolctl import threadpool_info
print(json.dumps([one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]))
"""


def test_libraries_for_matrices_take_one_thread() -> None:
    """Their threads wait by spinning: with two slots a film took many times its time."""
    env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", SCRIPT],
        cwd=ROOT, env=env | {"DEBUG": "1"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    threads = json.loads(done.stdout)
    assert threads and set(threads) == {1}
