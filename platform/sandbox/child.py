"""The child process: it locks itself down, examines one file, writes plain data to one pipe and
exits."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import runpy
import signal
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from typing import Any

from sandbox import facts, floors, probes, sniff, trust, walls
from sandbox.decoders import images, recordings
from sandbox.source import Source
from sandbox.types import Code, Limits, Rejected, Want
from sandbox.walls import FILE, PIPE, WallBroken, Walls
from sandbox.wire import FACTS, REFUSED, TROUBLE, Out

TROUBLE_STATUS = 70
MAX_REQUEST = 64 * 1024
CHANNEL = 16
"""Numbers from here on are free while descriptors are put in their places."""


@dataclass
class Tools:
    """What the warden makes ready once, before any fork."""

    walls: Walls
    null: int
    act: Callable[[dict[str, Any], Out], None] | None
    """Tests only: plays the child."""
    trusted: trust.Trusted


def prepare(inside: str = "", without: Collection[str] = (), understudy: str = "") -> Tools:
    images.warm_up()
    recordings.warm_up()
    facts.warm_up()
    old = floors.libav_problems()
    if old:
        raise SystemExit(" ".join(old))
    probes.prepare()
    null = os.open(os.devnull, os.O_RDWR)
    act = runpy.run_path(understudy)["act"] if understudy else None
    return Tools(walls.prepare(inside, without), null, act, trust.from_environment(os.environ))


def live(channel: int, warden: int, tools: Tools) -> None:
    """Run in the fork: wait for a file, look at it, end the process whatever happens."""
    try:
        walls.die_with(warden)
        for standard in (0, 1, 2):
            os.dup2(tools.null, standard)
        waiting = fcntl.fcntl(channel, fcntl.F_DUPFD, CHANNEL)
        os.dup2(waiting, FILE)
        _close_from(PIPE)
        data, fds, _, _ = socket.recv_fds(socket.socket(fileno=FILE), MAX_REQUEST, 2)
        if len(fds) != 2:
            os._exit(0)  # the warden has no more use for a spare
        file, pipe = (fcntl.fcntl(fd, fcntl.F_DUPFD, CHANNEL) for fd in fds)
        os.dup2(file, FILE)
        os.dup2(pipe, PIPE)
        _close_from(PIPE + 1)
        os._exit(_work(json.loads(data), tools, warden))
    finally:
        os._exit(TROUBLE_STATUS)


def _close_from(first: int) -> None:
    os.closerange(first, max(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 1024))


def _work(request: dict[str, Any], tools: Tools, warden: int) -> int:
    out = Out(PIPE)
    try:
        limits = _read(Limits, request["limits"])
        walls.lock(tools.walls, limits, warden, request["require_walls"])
        os.environ.clear()
        _do(request, limits, out, tools)
        out.end()
    except Rejected as refusal:
        out.json(REFUSED, {"code": refusal.code, "detail": refusal.detail[:80]})
    except MemoryError:
        out.json(REFUSED, {"code": Code.TOO_EXPENSIVE, "detail": "memory"})
    except WallBroken as broken:
        out.json(TROUBLE, {"detail": f"no_wall {broken}"[:80]})
        return TROUBLE_STATUS
    except BrokenPipeError:
        return 0  # the parent has heard enough
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "unknown")
        out.json(TROUBLE, {"detail": f"{type(error).__name__} {name} {_place(error)}"[:80]})
        return TROUBLE_STATUS
    except Exception as error:
        out.json(TROUBLE, {"detail": f"{type(error).__name__} {_place(error)}"[:80]})
        return TROUBLE_STATUS
    return 0


def _place(error: BaseException) -> str:
    """Where our own code was, for the log: never the error's text, which the file can shape."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


def _do(request: dict[str, Any], limits: Limits, out: Out, tools: Tools) -> None:
    if request["do"] == "probe":
        denied, how = probes.attempt(request["name"], request["other"])
        out.json(FACTS, {"denied": denied, "how": how})
        return
    if request["do"] == "act" and tools.act is not None:
        tools.act(request, out)
        return
    source = Source(FILE, request["size"])
    kind = sniff.sniff(source.head())
    if request["do"] == "facts":
        out.json(FACTS, facts.gather(source, kind, limits, tools.trusted))
        return
    want = _read(Want, request["want"])
    decoder = images if kind.family == "image" else recordings
    decoder.decode(source, kind, want, limits, out)


def _read(cls: Any, values: dict[str, Any]) -> Any:
    return cls(**{f.name: values[f.name] for f in fields(cls)})


signal.signal(signal.SIGPIPE, signal.SIG_IGN)
