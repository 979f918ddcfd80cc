"""The life of one child: lock every door, look at one file, write plain data to one pipe, die."""

from __future__ import annotations

import errno
import os
import resource
import signal
from dataclasses import dataclass, field, fields
from typing import Any

from sandbox import sniff
from sandbox.decoders import images, recordings
from sandbox.source import Source
from sandbox.types import Code, Limits, Rejected, Want
from sandbox.wire import FACTS, REFUSED, TROUBLE, Out

FILE, PIPE = 3, 4
TROUBLE_STATUS = 70


@dataclass
class Tools:
    """What the warden makes ready once, before any fork."""

    layers: list[str] = field(default_factory=list)
    null: int = -1


def prepare() -> Tools:
    images.warm_up()
    recordings.warm_up()
    return Tools(null=os.open(os.devnull, os.O_RDWR))


def live(request: dict[str, Any], file: int, pipe: int, warden: int, tools: Tools) -> None:
    """Run in the fork. Ends the process whatever happens."""
    try:
        _own_only(file, pipe, tools.null)
        os._exit(_work(request))
    finally:
        os._exit(TROUBLE_STATUS)


def _own_only(file: int, pipe: int, null: int) -> None:
    """Keep the file and the pipe at known numbers, and nothing else."""
    file, pipe = (_above(fd) for fd in (file, pipe))
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.dup2(file, FILE)
    os.dup2(pipe, PIPE)
    os.closerange(5, max(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 1024))


def _above(fd: int) -> int:
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_DUPFD, 16)


def _work(request: dict[str, Any]) -> int:
    out = Out(PIPE)
    try:
        _do(request, out)
    except Rejected as refusal:
        out.json(REFUSED, {"code": refusal.code, "detail": refusal.detail[:80]})
    except MemoryError:
        out.json(REFUSED, {"code": Code.TOO_EXPENSIVE, "detail": "memory"})
    except BrokenPipeError:
        return 0  # the parent has heard enough
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "unknown")
        out.json(TROUBLE, {"detail": f"{type(error).__name__} {name}"[:80]})
        return TROUBLE_STATUS
    except Exception as error:
        out.json(TROUBLE, {"detail": type(error).__name__[:80]})
        return TROUBLE_STATUS
    return 0


def _do(request: dict[str, Any], out: Out) -> None:
    limits = _read(Limits, request["limits"])
    source = Source(FILE, request["size"])
    kind = sniff.sniff(source.head())
    if request["do"] == "facts":
        from sandbox import facts

        out.json(FACTS, facts.gather(source, kind, limits))
        return
    want = _read(Want, request["want"])
    decoder = images if kind.family == "image" else recordings
    decoder.decode(source, kind, want, limits, out)


def _read(cls: Any, values: dict[str, Any]) -> Any:
    return cls(**{f.name: values[f.name] for f in fields(cls)})


def allow_cpu(seconds: float) -> None:
    """Move the soft limit, up to the hard one that was set before the lock."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (min(soft, hard) if hard > 0 else soft, hard))


signal.signal(signal.SIGPIPE, signal.SIG_IGN)
