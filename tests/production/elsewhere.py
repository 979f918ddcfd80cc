"""A machine inside this one: a throw-away copy of its files, its processes apart, and, once the
downloads are over, a network of its own. Nothing of it is left when its first process ends."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

INSIDE = "TOUCHSTONE_WALK_INSIDE"
_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
MNT_DETACH = 2
APART = ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child"]


def enter(module: str) -> int:
    """Run this module again as the first process of such a machine; its exit status."""
    if os.geteuid() != 0:
        sys.exit("The walk needs root: it makes users and installs packages, in a copy of its own.")
    command = [*APART, sys.executable, "-m", module, *sys.argv[1:]]
    return subprocess.run(command, env={**os.environ, INSIDE: "1"}, check=False).returncode


def copy_on_write(gibibytes: int = 8) -> None:
    """From here on `/` is a copy, kept in memory."""
    room = Path("/mnt")
    mount("-t", "tmpfs", "-o", f"size={gibibytes}g", "walk", str(room))
    for name in ("upper", "work", "root"):
        (room / name).mkdir()
    mount("-t", "overlay", "-o", f"lowerdir=/,upperdir={room}/upper,workdir={room}/work",
          "walk", str(room / "root"))  # fmt: skip
    root = room / "root"
    for name in ("/dev", "/sys"):
        mount("--rbind", name, f"{root}{name}")
    mount("-t", "proc", "proc", str(root / "proc"))
    for name in ("/tmp", "/run"):
        mount("-t", "tmpfs", "walk", f"{root}{name}")
    (root / "tmp").chmod(0o1777)
    for name in ("lock", "postgresql", "nginx", "rabbitmq"):
        (root / "run" / name).mkdir(exist_ok=True)
    here = Path.cwd()
    # Not chroot: who is chrooted may make no user namespace, and the sandbox needs one.
    (root / "before").mkdir()
    subprocess.run(["pivot_root", str(root), str(root / "before")], check=True)
    os.chdir(here)
    if _libc.umount2(b"/before", MNT_DETACH):
        raise OSError(ctypes.get_errno(), "umount2")


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def own_network() -> None:
    """Of this process and all that it starts: a loopback, and no way out."""
    if _libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        fcntl.ioctl(link, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))
