"""Named places where a test may have the process killed, to prove that nothing is lost there.

`TOUCHSTONE_FAILPOINT=after_claim:/some/flag` kills the process with SIGKILL the first time it
passes `failpoint("after_claim")`. The flag file is made first, so that a restarted process goes
on. Without the variable a failpoint is one dictionary look-up.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "TOUCHSTONE_FAILPOINT"


def failpoint(name: str) -> None:
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    point, _, flag = wanted.partition(":")
    if point != name:
        return
    try:
        os.close(os.open(flag, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
