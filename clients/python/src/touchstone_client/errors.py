"""The errors of the client, each with a class of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class TouchstoneError(Exception):
    """The root of all errors of this package."""


class Unreachable(TouchstoneError):
    """The server did not answer, however often it was asked."""


class TimedOut(TouchstoneError):
    """What was waited for did not happen in time."""


class Problem(TouchstoneError):
    """The server refused. `code` is stable, `detail` is a sentence for a person, and `errors` names
    the fields that are wrong."""

    def __init__(self, status: int, values: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(values.get("code", f"http_{status}"))
        self.detail = str(values.get("detail", f"The server answered {status}."))
        self.errors: Sequence[Mapping[str, str]] = values.get("errors") or []
        fields = "".join(f" {one.get('field')}: {one.get('detail')}" for one in self.errors)
        super().__init__(f"{self.code}: {self.detail}{fields}")
