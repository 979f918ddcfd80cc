"""The migrated database cluster that a fault test starts from, as a copy of its files.

To run all migrations takes 38 s of a processor, and each process that tests faults has a house. So
they run once, and what they left is kept beside the tests' own server. A name that is a digest of
all that migrating does says when to migrate again.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from local import postgres

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "house-"
FOLDERS = ("accounts", "media_analysis", "ml", "platform")
SOURCES = ("**/migrations/*.py", "**/migrations/*.sql", "**/apps.py", "audit/*.py")
"""Migrations, and what answers `post_migrate`, such as the rights of the audit record."""
PINNED = ("requirements.txt", "platform/local/postgres.py")
"""The migrations of others, the server's programs, and how a cluster is made."""


def copied_or_migrated(pg: postgres.Server, migrate: Callable[[], None]) -> None:
    """`pg` has a cluster with all tables, and does not run. The first one is made by `migrate`."""
    place = postgres.of_tests().data.parent
    place.mkdir(parents=True, exist_ok=True)
    kept = place / (PREFIX + _digest())
    with (place / "house.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the other processes wait for the first
        if not kept.exists():
            for old in place.glob(PREFIX + "*"):
                shutil.rmtree(old)
            migrate()
            postgres.stop(pg)
            _copy(pg.data, half := place / "half-a-house")
            half.rename(kept)  # so that half a copy is never taken
            return
    pg.data.parent.mkdir(parents=True, exist_ok=True)
    _copy(kept, pg.data)


def _copy(data: Path, to: Path) -> None:
    """With its owner, who is `nobody` where root runs the tests."""
    shutil.rmtree(to, ignore_errors=True)
    subprocess.run(["cp", "-a", str(data), str(to)], check=True)


def _digest() -> str:
    files = {ROOT / name for name in PINNED}
    for folder in FOLDERS:
        files |= {file for source in SOURCES for file in (ROOT / folder).glob(source)}
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:16]
