"""No verb's UPDATE puts its condition through a join.

Django turns such an update into `WHERE id IN (SELECT ... JOIN ...)`. Of two that wait for one row,
PostgreSQL lets the second look again at the row's own columns, and not at the subquery: both
succeed. A condition on the row itself, or a lock before, is safe.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db.models.sql.compiler import SQLUpdateCompiler

ROOT = Path(__file__).resolve().parents[1]
TESTS = Path(__file__).resolve().parent
OWN_TEST = TESTS / "house" / "test_joined_updates.py"


class JoinedUpdate(AssertionError):
    pass


@contextmanager
def refused() -> Iterator[None]:
    """Tests may set a scene that way; the product may not."""
    original: Any = SQLUpdateCompiler.pre_sql_setup

    def checked(self: Any) -> Any:
        self.query.get_initial_alias()
        if self.query.count_active_tables() > 1 and (where := _in_the_product()):
            raise JoinedUpdate(
                f"{where}: an update of {self.query.model.__name__} has its condition in another "
                "table. Of two at once both would succeed (tests/joined_updates.py)."
            )
        return original(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLUpdateCompiler, "pre_sql_setup", checked)
        yield


def _in_the_product() -> str:
    """Who asks for the update: the nearest code of ours."""
    frame = sys._getframe(2)
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(ROOT) and not file.is_relative_to(ROOT / ".venv"):
            is_ours = not file.is_relative_to(TESTS) or file == OWN_TEST
            return f"{file.relative_to(ROOT)}:{frame.f_lineno}" if is_ours else ""
        frame = frame.f_back  # type: ignore[assignment]
    return ""
