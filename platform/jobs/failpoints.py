"""Named points where a test can kill the process, to prove that nothing is lost there.

`TOUCHSTONE_FAILPOINTS` names a folder. A process that reaches `failpoint("after_claim")` while the
folder contains a file `after_claim` deletes the file and kills itself with SIGKILL. This happens
once, so its replacement continues. Without the variable a failpoint is one dictionary look-up.
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
