"""What can end a job other than its result."""

from __future__ import annotations

from enum import StrEnum


class LeaseLost(Exception):
    """Somebody else holds the row now, or nobody does: nothing may be written for this claim."""


class Why(StrEnum):
    """Why running work has to stop."""

    LOST = "lease_lost"
    CANCELLED = "cancelled"
    SHUTDOWN = "shutdown"
    GAVE_WAY = "gave_way"
    OUTAGE = "outage"
    DEADLINE = "deadline"


class Interrupted(Exception):
    """The work was interrupted on request."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


class Crashed(Exception):
    """The work killed its child process: worth another try or two, then it is poison."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Outage(Exception):
    """A part of the site is away: no fault of the job, and no attempt of it. Claiming pauses until
    the part named by `code` is back (jobs.claiming)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Hopeless(Exception):
    """Trying again cannot help, and it is not the input's fault: park it with its reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason
