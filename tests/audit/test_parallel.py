"""`audit verify --jobs N` reports what one process reports, for an intact record and for an altered
one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from audit import parallel
from audit.anchoring import anchors_of_site
from audit.checking import verify_database
from audit.keys import mark_file, trusted_keys
from audit.marks import read
from audit.outside import Outside
from audit.reporting import Report
from tests.audit.helpers import triggers_off
from tests.audit.test_tampering import EVENTS, OPERATIONS, Tamper, Undo, history, past

__all__ = ["history", "past"]


@contextlib.contextmanager
def here(jobs: int, tasks: Iterable[parallel.Task]) -> Iterator[Iterable[Any]]:
    """In this process and transaction, so that a tampering that is taken back again is seen."""
    yield map(parallel.examine, tasks)


def by_ranges(jobs: int) -> Report | None:
    mark = read(mark_file())
    outside = Outside.of(anchors_of_site(), None, {"the high-water mark": mark} if mark else {})
    return parallel.verify(trusted_keys(), outside, jobs, spread=here)


@pytest.mark.parametrize("jobs", [2, 3, 8])
def test_ranges_of_a_clean_record_say_what_one_run_says(history: None, jobs: int) -> None:
    joined = by_ranges(jobs)
    assert joined and joined.as_dict() == verify_database([], None).as_dict()


@pytest.mark.parametrize("tamper", OPERATIONS, ids=lambda tamper: tamper.__name__)
def test_ranges_never_pass_what_one_run_finds(history: None, tamper: Tamper) -> None:
    """Whatever is altered, wherever, and into however many ranges it is cut."""

    @given(position=st.integers(0, EVENTS - 1), jobs=st.integers(1, 4))
    @example(position=0, jobs=2)
    @example(position=EVENTS - 1, jobs=4)
    @settings(
        max_examples=4,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    def anywhere(position: int, jobs: int) -> None:
        with contextlib.suppress(Undo), transaction.atomic(), triggers_off():
            tamper(position)  # tests/audit/test_tampering.py: one run finds it
            assert by_ranges(jobs) is None
            raise Undo

    anywhere()


@pytest.mark.parametrize("words", [["--jobs", "0"], ["--jobs", "2", "--new"]])
def test_jobs_are_refused_where_they_mean_nothing(db: None, words: list[str]) -> None:
    with pytest.raises(CommandError, match="--jobs takes a number"):
        call_command("audit", "verify", *words)
