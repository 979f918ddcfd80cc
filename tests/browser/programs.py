"""Finds or downloads the browser's program."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache


@cache
def find_or_install(variable: str, names: Sequence[str], package: str) -> str | None:
    """The path of the program that the variable names, else of the first of `names`; installed
    with apt where that is possible, else None."""
    if path := _find(variable, names):
        return path
    if os.geteuid() == 0 and shutil.which("apt-get"):
        install = "apt-get install -y -qq --no-install-recommends"
        for command in ("apt-get update -qq", f"{install} {package} fonts-dejavu-core"):
            subprocess.run(command.split(), check=False, stdin=subprocess.DEVNULL)
    return _find(variable, names)


def _find(variable: str, names: Sequence[str]) -> str | None:
    chosen = os.environ.get(variable)
    return next((p for n in ([chosen] if chosen else names) if (p := shutil.which(n))), None)
