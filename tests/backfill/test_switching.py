"""A backfill is throttled, paused, resumed, cancelled and tried again."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.actors import SHELL_ACTOR
from accounts.refusals import Refusal
from jobs.models import State
from media_analysis.backfill.models import BackfillItem, Stage
from media_analysis.backfill.services import feeding, running
from ml.models import Analysis
from tests.backfill.analysed import (
    NEW,
    started,
    stored,
    taken,
    worked_off,
)  # fmt: skip
from tests.backfill.counted import items, verbs
from tests.people import Person

pytestmark = pytest.mark.django_db


def test_no_more_wait_than_were_allowed(alice: Person) -> None:
    """However often the duty runs."""
    for shade in range(5):
        stored(alice, shade)
    run = started(at_once=2)
    assert [feeding.feed(), feeding.feed()] == [2, 0]
    mine = taken()
    assert mine is not None
    assert feeding.feed() == 1
    run.refresh_from_db()
    assert (run.ordered, run.is_exhausted) == (3, False)


def test_the_rate_sets_them_apart(alice: Person) -> None:
    """3,600 an hour: one a second, also over several rounds of the duty."""
    for shade in range(5):
        stored(alice, shade)
    run = started(at_once=2, per_hour=3600)
    feeding.feed()
    first = list(run.items.order_by("available_at").values_list("available_at", flat=True))
    assert (first[1] - first[0]).total_seconds() == pytest.approx(1, abs=0.01)
    mine = taken()
    assert mine is not None and taken() is None  # the second is not due
    feeding.feed()
    latest = run.items.order_by("-available_at").first()
    assert latest is not None
    assert (latest.available_at - first[1]).total_seconds() == pytest.approx(1, abs=0.01)


def test_a_pause_holds_what_waits_and_a_resume_goes_on(alice: Person, settings: Any) -> None:
    """Nothing begins in a pause, whatever was queued; afterwards each is analysed once."""
    for shade in range(3):
        stored(alice, shade)
    run = started(at_once=2)
    feeding.feed()
    running.pause(SHELL_ACTOR, run.pk)
    assert worked_off(settings) == []
    running.resume(SHELL_ACTOR, run.pk)
    assert len(worked_off(settings)) == 3
    run.refresh_from_db()
    assert run.state == Stage.DONE
    assert verbs(run) == ["backfill.planned", "backfill.started", "backfill.paused",
                          "backfill.resumed", "backfill.ended"]  # fmt: skip


def test_one_given_back_in_a_pause_waits_too(alice: Person, settings: Any) -> None:
    """Its worker was stopped after the pause had begun, so it is due again at once."""
    stored(alice, 1)
    run = started()
    feeding.feed()
    running.pause(SHELL_ACTOR, run.pk)
    BackfillItem._base_manager.update(available_at=timezone.now())
    assert worked_off(settings) == []
    [item] = run.items.all()
    assert (item.state, item.attempt, item.reason_code) == (State.QUEUED, 0, "paused")


def test_a_cancelled_one_stops_and_keeps_what_it_found(alice: Person, settings: Any) -> None:
    for shade in range(3):
        stored(alice, shade)
    run = started(at_once=2)
    worked_off(settings, steps=1)
    running.cancel(SHELL_ACTOR, run.pk)
    assert worked_off(settings) == []
    assert items(run) == {State.DONE: 1, State.CANCELLED: 1}
    assert Analysis.objects.filter(engine_version=NEW).count() == 1
    for verb in (running.start, running.pause, running.resume, running.cancel):
        with pytest.raises(Refusal) as refused:
            verb(SHELL_ACTOR, run.pk)
        assert refused.value.code == "backfill_state"


def test_what_fails_is_counted_and_can_be_tried_again(
    alice: Person, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stored file that is damaged parks its item; the others go on, and the end says so."""
    one, two = stored(alice, 1), stored(alice, 2)
    run = started()
    path = next(settings.HOME.glob(f"blobs/**/{one.blob_id}"))
    whole = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(b"x" * len(whole))
    worked_off(settings)
    run.refresh_from_db()
    assert (run.state, items(run)) == (Stage.DONE, {State.PARKED: 1, State.DONE: 1})
    path.write_bytes(whole)
    assert running.retry(SHELL_ACTOR, run.pk) == 1
    worked_off(settings)
    run.refresh_from_db()
    assert (run.state, items(run)) == (Stage.DONE, {State.DONE: 2})
    assert {one.pk, two.pk} == set(run.items.values_list("submission", flat=True))
