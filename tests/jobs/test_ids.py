"""Rows of which there are many are named in the order of time."""

from __future__ import annotations

import time
import uuid

from jobs.ids import ordered_uuid
from media_analysis.review.models import Case
from media_analysis.submissions.models import Submission
from media_analysis.webhooks.models import Delivery
from ml.models import Analysis


def test_a_name_is_a_uuid_of_version_7_and_holds_its_moment() -> None:
    before = time.time_ns() // 1_000_000
    name = ordered_uuid()
    after = time.time_ns() // 1_000_000
    assert (name.version, name.variant) == (7, uuid.RFC_4122)
    assert before <= name.int >> 80 <= after


def test_later_names_follow_earlier_ones_and_none_comes_twice() -> None:
    names = []
    for _ in range(5):
        names.append(ordered_uuid())
        time.sleep(0.002)
    assert names == sorted(names)
    assert len({ordered_uuid() for _ in range(10_000)}) == 10_000


def test_what_grows_with_submissions_has_such_names() -> None:
    for model in (Submission, Analysis, Case, Delivery):
        assert model().pk.version == 7, model
