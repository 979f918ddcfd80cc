"""Attempts to escape, made from inside a locked child. Each must be denied.

A probe returns what it could do, and raises OSError or MemoryError when it was stopped. Each runs
in a child of its own, because one that succeeds in becoming another program would end the rest.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from sandbox.types import MIB
from sandbox.walls import FILE

_libc = ctypes.CDLL(None, use_errno=True)
_numbers: dict[str, int] = {}
_RAW = (
    "io_uring_setup", "bpf", "keyctl", "mount", "unshare", "process_vm_readv", "ptrace", "vfork",
    "clone3", "perf_event_open", "userfaultfd", "open_by_handle_at", "pidfd_getfd", "setns",
)  # fmt: skip


def prepare() -> None:
    """System call numbers, looked up while libraries can be loaded."""
    import pyseccomp

    for name in _RAW:
        try:
            _numbers[name] = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
        except (OSError, ValueError):
            continue


def _raw(name: str, *args: int) -> str:
    number = _numbers.get(name, -1)
    if number < 0:
        raise OSError(0, "no such call on this machine")
    result = _libc.syscall(number, *args)
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return f"returned {result}"


def _open(path: str, flags: int = os.O_RDONLY) -> str:
    os.close(os.open(path, flags, 0o600))
    return "opened"


def _socket(family: int) -> str:
    socket.socket(family, socket.SOCK_STREAM).close()
    return "made"


def _connect() -> str:
    number = _libc.connect(FILE, b"\2\0\0\x50\x7f\0\0\1" + b"\0" * 8, 16)
    if number == -1 and ctypes.get_errno() != 88:  # 88: not a socket, so the call itself passed
        raise OSError(ctypes.get_errno(), "connect")
    return "the call passed"


def _fork() -> str:
    if os.fork() == 0:
        os._exit(0)
    return "forked"


def _exec() -> str:
    os.execv("/bin/true", ["true"])  # noqa: S606


def _kill(pid: int) -> str:
    os.kill(pid, 0)
    return "a signal would pass"


def _executable_memory() -> str:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
    return "mapped"


def _make_executable() -> str:
    area = mmap.mmap(-1, 4096)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    if _libc.mprotect(ctypes.c_void_p(address), 4096, 5) != 0:
        raise OSError(ctypes.get_errno(), "mprotect")
    return "made executable"


def _truncate() -> str:
    os.ftruncate(FILE, 0)
    return "truncated"


def _write_through_map() -> str:
    mmap.mmap(FILE, 1, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ | mmap.PROT_WRITE).close()
    return "mapped for writing"


def _allocate() -> str:
    area = mmap.mmap(-1, 64 * 1024 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area.close()
    return "64 GiB mapped"


def _raise_limit() -> str:
    most = resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    return "raised"


def _root() -> str:
    if os.getuid() == 0:
        return "still root"
    os.setresuid(0, 0, 0)
    return "became root"


PROBES: dict[str, Callable[[str], str]] = {
    "read_passwd": lambda other: _open("/etc/passwd"),
    "read_another_upload": lambda other: _open(other),
    "stat_another_upload": lambda other: str(Path(other).stat().st_size),
    "list_root": lambda other: str(len(list(Path("/").iterdir()))),
    "write_tmp": lambda other: _open("/tmp/touchstone-escape", os.O_CREAT | os.O_WRONLY),  # noqa: S108
    "write_to_the_file": lambda other: str(os.pwrite(FILE, b"x", 0)),
    "truncate_the_file": lambda other: _truncate(),
    "map_the_file_for_writing": lambda other: _write_through_map(),
    "reopen_through_proc": lambda other: _open(f"/proc/self/fd/{FILE}", os.O_RDWR),
    "read_parents_memory": lambda other: _open(f"/proc/{os.getppid()}/mem"),
    "socket_inet": lambda other: _socket(socket.AF_INET),
    "socket_inet6": lambda other: _socket(socket.AF_INET6),
    "socket_unix": lambda other: _socket(socket.AF_UNIX),
    "socket_netlink": lambda other: _socket(socket.AF_NETLINK),
    "connect": lambda other: _connect(),
    "fork": lambda other: _fork(),
    "vfork": lambda other: _raw("vfork"),
    "clone3": lambda other: _raw("clone3", 0, 0),
    "exec": lambda other: _exec(),
    "signal_parent": lambda other: _kill(os.getppid()),
    "signal_everybody": lambda other: _kill(-1),
    "ptrace_parent": lambda other: _raw("ptrace", 16, os.getppid(), 0, 0),
    "process_vm_readv": lambda other: _raw("process_vm_readv", os.getppid(), 0, 0, 0, 0, 0),
    "executable_memory": lambda other: _executable_memory(),
    "make_memory_executable": lambda other: _make_executable(),
    "memfd": lambda other: str(os.memfd_create("x")),
    "allocate_too_much": lambda other: _allocate(),
    "raise_cpu_limit": lambda other: _raise_limit(),
    "become_root": lambda other: _root(),
    "duplicate_descriptor": lambda other: str(os.dup(FILE)),
    "io_uring": lambda other: _raw("io_uring_setup", 1, 0),
    "bpf": lambda other: _raw("bpf", 0, 0, 0),
    "keyctl": lambda other: _raw("keyctl", 0, 0, 0),
    "mount": lambda other: _raw("mount", 0, 0, 0, 0, 0),
    "unshare": lambda other: _raw("unshare", 0x10000000),
    "perf_event_open": lambda other: _raw("perf_event_open", 0, 0, 0, 0, 0),
    "userfaultfd": lambda other: _raw("userfaultfd", 0),
}

_PASSED_ON = {14, 22}
"""EFAULT and EINVAL: the kernel looked at the arguments, so the wall had let the call through."""


def attempt(name: str, other: str) -> tuple[bool, str]:
    """(denied, how)"""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        return False, PROBES[name](other)
    except MemoryError:
        return True, "MemoryError"
    except ValueError as error:
        return True, type(error).__name__
    except OSError as error:
        if name in _numbers and error.errno in _PASSED_ON:
            return False, f"errno {error.errno}: the call was let through"
        return True, f"{type(error).__name__} {error.errno}"
