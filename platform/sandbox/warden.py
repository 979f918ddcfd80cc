"""The warden: a small fork server that creates one locked child for each file.

It is started by exec (never forked from a worker, because threads and models would be inherited),
imports the decoders once, reads no untrusted bytes itself, and then only forks, watches and reaps.
Each request comes with three descriptors: the file (read-only), the pipe that the child writes to,
and a lifeline. When the lifeline closes, the child is killed; when the child exits, its status is
sent on the lifeline. When the control socket closes, the warden kills the remaining children and
exits.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Any

from sandbox import child

MAX_REQUEST = 64 * 1024


@dataclass(slots=True)
class Ward:
    """One child. It has a channel until it is given a file, and a lifeline from then on."""

    pid: int
    pidfd: int
    channel: socket.socket | None
    lifeline: socket.socket | None = None


class Watch:
    """The spare is a child made ahead: by the time a file comes, the fork is already paid for."""

    def __init__(self, control: socket.socket, tools: child.Tools) -> None:
        self.control = control
        self.tools = tools
        self.wards: dict[int, Ward] = {}
        self.spare: Ward | None = None
        self.selector = selectors.DefaultSelector()
        self.selector.register(control, selectors.EVENT_READ, None)

    def forever(self) -> None:
        self._make_spare()
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    if not self._request():
                        return
                    continue
                ward: Ward = key.data
                if ward.pid not in self.wards:
                    continue
                if key.fd == ward.pidfd:
                    self._ended(ward)
                elif ward.lifeline is not None:  # nothing is ever sent on it: it was closed
                    self.selector.unregister(ward.lifeline)
                    _kill(ward)

    def close(self) -> None:
        for ward in self.wards.values():
            _kill(ward)

    def _request(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self.control, MAX_REQUEST, 3)
        if not data:
            return False
        if len(fds) != 3:
            for fd in fds:
                os.close(fd)
            return True
        file, pipe, line = fds
        lifeline = socket.socket(fileno=line)
        try:
            self._give(data, file, pipe, lifeline)
        except OSError as error:
            _send(lifeline, {"error": f"{type(error).__name__} {error.errno}"})
            lifeline.close()
        finally:
            os.close(file)
            os.close(pipe)
        return True

    def _give(self, data: bytes, file: int, pipe: int, lifeline: socket.socket) -> None:
        """Give the file to the spare child, or to a new one if the spare has died."""
        for last in (False, True):
            ward, self.spare = self.spare or self._make_spare(), None
            channel, ward.channel = ward.channel, None
            assert channel is not None
            with channel:
                try:
                    socket.send_fds(channel, [data], [file, pipe], socket.MSG_NOSIGNAL)
                except OSError:
                    if last:
                        raise
                    continue
            ward.lifeline = lifeline
            self.selector.register(lifeline, selectors.EVENT_READ, ward)
            return

    def _make_spare(self) -> Ward:
        warden = os.getpid()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            child.live(theirs.fileno(), warden, self.tools)  # never returns
        theirs.close()
        self.spare = ward = Ward(pid, os.pidfd_open(pid), ours)
        self.wards[pid] = ward
        self.selector.register(ward.pidfd, selectors.EVENT_READ, ward)
        return ward

    def _ended(self, ward: Ward) -> None:
        _, status, usage = os.wait4(ward.pid, 0)
        del self.wards[ward.pid]
        self.selector.unregister(ward.pidfd)
        os.close(ward.pidfd)
        if ward is self.spare:
            self.spare = None
        if ward.channel is not None:
            ward.channel.close()
        if ward.lifeline is None:
            return
        self._report(ward, status, usage)
        if self.spare is None:  # only now: it would have taken time from the one at work
            self._make_spare()

    def _report(self, ward: Ward, status: int, usage: Any) -> None:
        assert ward.lifeline is not None
        if ward.lifeline in self.selector.get_map():
            self.selector.unregister(ward.lifeline)
        _send(
            ward.lifeline,
            {
                "status": os.waitstatus_to_exitcode(status),
                "cpu": usage.ru_utime + usage.ru_stime,
                "peak": usage.ru_maxrss * 1024,
            },
        )
        ward.lifeline.close()


def _kill(ward: Ward) -> None:
    try:
        signal.pidfd_send_signal(ward.pidfd, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it has just ended by itself


def _send(lifeline: socket.socket, what: dict[str, Any]) -> None:
    try:
        lifeline.send(json.dumps(what).encode(), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    except OSError:
        pass  # nobody is listening any more


def main() -> int:
    control = socket.socket(fileno=int(sys.argv[1]))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # its life is the control socket's, nothing else's
    settings = json.loads(sys.argv[2])
    tools = child.prepare(settings["inside"], settings["without"], settings["understudy"])
    gc.collect()
    gc.freeze()
    standing = tools.walls
    ready = {"ready": os.getpid(), "layers": standing.layers, "notes": standing.notes}
    control.send(json.dumps(ready).encode())
    watch = Watch(control, tools)
    try:
        watch.forever()
    finally:
        watch.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
