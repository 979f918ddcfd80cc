"""Named places where a test may have the process killed, to prove that nothing is lost there.

`TOUCHSTONE_FAILPOINTS` names a folder. A process that passes `failpoint("after_claim")` while there
is a file `after_claim` in it takes the file away and dies by SIGKILL: once, so what is started in
its place goes on. Without the variable a failpoint is one dictionary look-up.
"""

from __future__ import annotations

import os
import signal

VARIABLE = "TOUCHSTONE_FAILPOINTS"


def failpoint(name: str) -> None:
    folder = os.environ.get(VARIABLE)
    if not folder:
        return
    try:
        os.unlink(os.path.join(folder, name))  # noqa: PTH108, PTH118 - cheap, and atomic
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
