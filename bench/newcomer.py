"""How long a newcomer waits: a fresh clone, `make up` until the site answers, all of `make test`.

python -m bench.newcomer --write          both, into the README (most of an hour on two cores)
python -m bench.newcomer --write up       one of them; the other's row stays
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from datetime import date
from pathlib import Path

from bench.report import README, machine

ROOT = README.parent
READY = "Ctrl-C stops everything"


def clone(folder: Path) -> Path:
    """Where an unprivileged PostgreSQL can walk as well."""
    folder.chmod(0o755)
    target = folder / "touchstone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True)
    return target


def environment() -> dict[str, str]:
    """A newcomer's: nothing of ours is set."""
    return {k: v for k, v in os.environ.items() if not k.endswith("DATABASE_URL")}


def up(checkout: Path) -> float:
    began = time.perf_counter()
    process = subprocess.Popen(
        ["make", "up"], cwd=checkout, env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    seconds = None
    for line in process.stdout:
        print(line, end="", flush=True)
        if READY in line:
            seconds = time.perf_counter() - began
            os.killpg(process.pid, signal.SIGINT)
    process.wait(120)
    if seconds is None:
        raise SystemExit("make up ended before it was ready")
    return seconds


def test(checkout: Path) -> float:
    began = time.perf_counter()
    subprocess.run(["make", "test"], cwd=checkout, env=environment(), check=True)
    return time.perf_counter() - began


STEPS = {"up": up, "test": test}
WORDS = {
    "up": "`make up` on a fresh clone, until it answers",
    "test": "`make test` on a fresh clone",
}


def write(step: str, seconds: float) -> None:
    mark = re.compile(rf"(<!-- newcomer:{step} -->).*")
    minutes, rest = divmod(round(seconds), 60)
    line = f"{WORDS[step]}: {minutes} min {rest} s ({machine()}, shared, {date.today()})"
    text, count = mark.subn(lambda m: f"{m[1]} {line}", README.read_text())
    if count != 1:
        raise SystemExit(f"README.md has lost its newcomer:{step} mark.")
    README.write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description="how long a newcomer waits")
    parser.add_argument("steps", nargs="*", choices=[*STEPS, []], default=list(STEPS))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="touchstone-newcomer-", dir="/var/tmp"))
    try:
        checkout = clone(folder)
        for step in options.steps or list(STEPS):
            seconds = STEPS[step](checkout)
            print(f"{WORDS[step]}: {seconds:.0f} s")
            if options.write:
                write(step, seconds)
    finally:
        subprocess.run(
            [str(folder / "touchstone/.venv/bin/python"), "-m", "local.postgres", "stop"],
            cwd=folder / "touchstone", env=environment() | {"PYTHONPATH": "platform"}, check=False,
        )  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
