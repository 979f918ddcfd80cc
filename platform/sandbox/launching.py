"""Starts the warden: inside bubblewrap where that works, otherwise as a plain process.

Inside bubblewrap there is no network, other processes are invisible, and the only files are the
interpreter's and our own code, read-only. `--die-with-parent` is omitted on purpose: it follows the
*thread* that started the warden, and the warden exits by itself when its socket closes.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from sandbox import trust

PLATFORM = Path(__file__).resolve().parents[1]
BUBBLEWRAP = "bubblewrap"
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/nix/store")
_AS_ROOT = (
    "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
    "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID",
    "--cap-add", "CAP_KILL",  # its children are of another identity
)  # fmt: skip
_AS_USER = ("--unshare-all", "--cap-drop", "ALL")


def bare_environment(python_path: str) -> dict[str, str]:
    """For a process that is to know nothing of this machine but where Python's packages are."""
    return {
        "PYTHONPATH": python_path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        # One thread, and few arenas: its address space is limited.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }


def environment(lists: trust.Trusted) -> dict[str, str]:
    """All that the warden may know; its children know nothing."""
    known = {
        **bare_environment(str(PLATFORM)),
        # Freed memory is reused instead of being returned and faulted in again, page by page.
        "MALLOC_MMAP_THRESHOLD_": "33554432",
        "MALLOC_TRIM_THRESHOLD_": "536870912",
    }
    return known | trust.to_environment(lists)


def plain(
    socket: int, without: Collection[str], inside: str = "", understudy: Path | None = None
) -> list[str]:
    settings = {"inside": inside, "without": sorted(without), "understudy": str(understudy or "")}
    return [sys.executable, "-m", "sandbox.warden", str(socket), json.dumps(settings)]


def bubblewrap_program() -> str | None:
    """TOUCHSTONE_BUBBLEWRAP names the program, or says `off`."""
    wanted = os.environ.get("TOUCHSTONE_BUBBLEWRAP", "")
    return None if wanted == "off" else shutil.which(wanted or "bwrap")


def wrapped(
    program: str, socket: int, without: Collection[str], known: Mapping[str, str]
) -> list[str]:
    # As root no user namespace is needed, and the child can still take an identity of its own.
    walls = _AS_ROOT if os.getuid() == 0 else _AS_USER
    command = [program, *walls, "--new-session", "--clearenv"]
    for name, value in known.items():
        command += ["--setenv", name, value]
    for path in (*_SYSTEM, sys.base_prefix, sys.prefix, str(PLATFORM)):
        place = Path(path)
        if place.is_symlink():
            command += ["--symlink", str(place.readlink()), path]
        elif place.exists():
            command += ["--ro-bind", path, path]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/"]  # noqa: S108
    return [*command, "--", *plain(socket, without, inside=BUBBLEWRAP)]
