"""The restrictions that a child imposes on itself before it touches the file.

Each works independently: the kernel's resource limits (rlimits), an identity that owns nothing (as
root), Landlock with no path allowed, and a seccomp allow-list under which nothing can be opened,
connected, started or made executable. The file is already an open descriptor, so that no path is
ever needed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import struct
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sandbox.types import Limits

FILE, PIPE = 3, 4
FIRST_UID = 1_900_000_000
NOBODY = 65534
MAX_THREADS = 48

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NAME = 1, 4, 15
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_LANDLOCK_CREATE, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT = 444, 445, 446
_PATH_BENEATH, _READ_FILE, _READ_DIR = 1, 1 << 2, 1 << 3
_MAP_SHARED, _PROT_EXEC, _CLONE_THREAD = 1, 4, 0x10000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4


class WallBroken(Exception):
    """A lock that should stand could not be put on."""


@dataclass(frozen=True, slots=True)
class Walls:
    """Made ready by the warden, before any fork."""

    inside: str
    """What the warden itself runs in: `bubblewrap` or nothing."""
    landlock: int
    """The kernel's Landlock version; 0 where there is none."""
    program: bytes
    """The compiled seccomp filter; empty if it is not available."""
    notes: tuple[str, ...]
    limits: bool = True

    @property
    def layers(self) -> tuple[str, ...]:
        named = (
            (self.inside, bool(self.inside)),
            ("landlock", self.landlock > 0),
            ("seccomp", bool(self.program)),
        )
        return tuple(name for name, there in named if there)


def prepare(inside: str = "", without: Collection[str] = ()) -> Walls:
    """`without` names layers to leave out: so that tests can show that each is worth something."""
    notes = []
    program, abi = b"", 0
    if "seccomp" not in without:
        try:
            program = _compile()
        except Exception as error:
            notes.append(f"seccomp is not available: {type(error).__name__}: {error}"[:200])
    if "landlock" not in without:
        abi = max(_libc.syscall(_LANDLOCK_CREATE, None, 0, 1), 0)
        if not abi:
            notes.append("this kernel has no Landlock, or it is switched off")
    return Walls(inside, abi, program, tuple(notes), "limits" not in without)


def lock(walls: Walls, limits: Limits, warden: int, required: bool) -> None:
    """Put every lock on this process. After it only the file and the pipe are left."""
    if walls.limits:
        limit(limits)
    _become_nobody()
    give_up_rights(warden)
    seal(walls, required)


def give_up_rights(parent: int) -> None:
    """No capability, none to be gained, nobody looks in, and no life without the parent."""
    _drop_capabilities()
    die_with(parent)  # again: a change of identity has cleared it
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def seal(walls: Walls, required: bool) -> None:
    """No path and no call but those that need none. Can only be made tighter."""
    if walls.landlock:
        read_only(walls.landlock, ())
    if walls.limits:
        resource.setrlimit(resource.RLIMIT_NOFILE, (PIPE + 1, PIPE + 1))
    if walls.program:
        filter_calls(walls.program)
    elif required:
        raise WallBroken("seccomp")


def die_with(warden: int) -> None:
    """Whatever becomes of the warden, this process does not outlive it."""
    _prctl(_PR_SET_PDEATHSIG, 9)
    if os.getppid() != warden:
        os._exit(0)


def limit(limits: Limits) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    space = pages * resource.getpagesize() + limits.memory_bytes
    longest = limits.cpu_seconds + limits.cpu_per_media_second * limits.max_duration
    for what, soft, hard in (
        (resource.RLIMIT_AS, space, space),
        (resource.RLIMIT_CPU, limits.cpu_seconds, int(longest) + 5),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
    ):
        _, most = resource.getrlimit(what)
        if most >= 0:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(what, (soft, hard))


def _become_nobody() -> None:
    """As root: an identity of its own, so that its threads can be counted and it owns nothing."""
    if os.getuid() != 0 or not _has_capability(_CAP_SETUID):
        return
    os.setgroups([])
    for uid in (FIRST_UID + os.getpid(), NOBODY):
        try:
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        except OSError:
            continue  # a user namespace that does not map this number
        if uid != NOBODY:
            resource.setrlimit(resource.RLIMIT_NPROC, (MAX_THREADS, MAX_THREADS))
        return
    raise WallBroken("identity")


_CAP_SETUID = 7


def _has_capability(number: int) -> bool:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> number & 1)
    return False


_CAPABILITIES_3 = 0x20080522


def _drop_capabilities() -> None:
    """All of them, whoever we are: a service may have been given one for another purpose."""
    header = struct.pack("<Ii", _CAPABILITIES_3, 0)
    if _libc.capset(header, bytes(24)) != 0:
        raise WallBroken("capabilities")


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise WallBroken(f"prctl {option}")


def read_only(abi: int, folders: Collection[Path]) -> None:
    """Handle every right that this kernel knows, and grant none but reading in `folders`."""
    paths = (1 << 13) - 1
    for version, right in ((2, 13), (3, 14), (5, 15)):
        if abi >= version:
            paths |= 1 << right
    net = 0b11 if abi >= 4 else 0  # bind and connect
    scoped = 0b11 if abi >= 6 else 0  # abstract sockets and signals
    rules = struct.pack("<QQQ", paths, net, scoped)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = _libc.syscall(_LANDLOCK_CREATE, rules, len(rules), 0)
    if ruleset < 0:
        raise WallBroken("landlock")
    for folder in folders:
        _grant_reading(ruleset, folder)
    if _libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) != 0:
        raise WallBroken("landlock")
    os.close(ruleset)


def _grant_reading(ruleset: int, path: Path) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there need not be read
    rights = _READ_FILE | (_READ_DIR if path.is_dir() else 0)
    rule = struct.pack("=Qi", rights, fd)
    added = _libc.syscall(_LANDLOCK_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    os.close(fd)
    if added != 0:
        raise WallBroken("landlock")


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def filter_calls(program: bytes) -> None:
    prog = _Program(len(program) // 8, program)
    address = ctypes.addressof(prog)
    if _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, address, 0, 0) != 0:
        raise WallBroken("seccomp")


ALLOWED = (
    # the file and memory
    "read", "pread64", "readv", "preadv", "lseek", "close", "brk", "munmap", "mremap", "madvise",
    # threads of this process
    "futex", "set_robust_list", "rseq", "set_tid_address", "sched_yield", "sched_getaffinity",
    "gettid", "getpid", "exit", "exit_group", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "sigaltstack", "restart_syscall", "getcpu",
    # asking about time, itself and the machine
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
    "times", "getrusage", "getrlimit", "sysinfo", "uname", "getrandom",
    "getuid", "geteuid", "getgid", "getegid", "getppid",
)  # fmt: skip


LOADING = (
    "stat", "fstat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2",
    "readlink", "readlinkat", "getdents64", "getcwd", "fcntl", "fadvise64", "statfs", "fstatfs",
)  # fmt: skip
"""What importing Python packages needs beside: to look at files. Opening is for reading alone."""


def compile_for_loading() -> bytes:
    """The filter of a process that still imports the code that it will run when it is sealed."""
    return _compile(loading=True)


def _compile(loading: bool = False) -> bytes:
    """The allow-list as a BPF program. What is not on it answers EPERM."""
    import pyseccomp as sc

    rules = sc.SyscallFilter(sc.ERRNO(errno.EPERM))
    rules.set_attr(sc.Attr.ACT_BADARCH, sc.KILL_PROCESS)

    def allow(name: str, *args: object) -> None:
        try:
            number = sc.resolve_syscall(sc.Arch.NATIVE, name)
        except (OSError, ValueError):
            return  # this architecture has no such call
        if number >= 0:
            rules.add_rule(sc.ALLOW, number, *args)

    for name in ALLOWED:
        allow(name)
    for name in ("write", "writev"):
        allow(name, sc.Arg(0, sc.EQ, PIPE))
    private = sc.Arg(3, sc.MASKED_EQ, _MAP_SHARED, 0)
    if loading:
        for name in LOADING:
            allow(name)
        writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
        allow("openat", sc.Arg(2, sc.MASKED_EQ, writing, 0))
        allow("open", sc.Arg(1, sc.MASKED_EQ, writing, 0))
        allow("mmap", private)  # libraries are mapped to be run
        allow("prctl", sc.Arg(0, sc.EQ, _PR_SET_SECCOMP))
        for number in (_LANDLOCK_CREATE, _LANDLOCK_RESTRICT):
            rules.add_rule(sc.ALLOW, number)
    allow("mmap", sc.Arg(2, sc.MASKED_EQ, _PROT_EXEC, 0), private)
    allow("mprotect", sc.Arg(2, sc.MASKED_EQ, _PROT_EXEC, 0))
    allow("clone", sc.Arg(0, sc.MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD))
    allow("prctl", sc.Arg(0, sc.EQ, _PR_SET_NAME))
    allow("prlimit64", sc.Arg(0, sc.EQ, 0))
    # glibc tries clone3 first and falls back to clone only when told that there is none.
    rules.add_rule(sc.ERRNO(errno.ENOSYS), "clone3")
    fd = os.memfd_create("filter")
    try:
        with open(fd, "w+b", closefd=False) as file:
            rules.export_bpf(file)
        os.lseek(fd, 0, os.SEEK_SET)
        return os.read(fd, 1 << 20)
    finally:
        os.close(fd)
