"""Endings are noted in the transaction that ends the analysis; old ones are forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from jobs.runner import execute
from jobs.services import claim_one
from media_analysis.dashboard.models import Ending, How
from media_analysis.dashboard.presenters.drawing import bars, span
from media_analysis.dashboard.services.retrying import forget_old
from media_analysis.submissions.services.intake import submit
from ml.models import Analysis
from operations import metrics
from tests.dashboard.conftest import set_aside
from tests.people import Person, Send


def run(analysis_id: object) -> None:
    claim = claim_one(Analysis, analysis_id, worker="test")
    assert claim is not None
    execute(claim)


@pytest.mark.django_db(transaction=True)
def test_a_real_analysis_leaves_one_ending(alice: Person, send: Send) -> None:
    """The engine runs on a picture: one verdict of this team, with the seconds it took."""
    sent = send(alice)
    run(sent.analysis_id)
    ending = Ending.objects.get()
    assert (ending.team, ending.how, ending.code) == (alice.team, How.VERDICT, "")
    analysis = Analysis.objects.get(pk=sent.analysis_id)
    assert ending.ended_at == analysis.finished_at and ending.seconds > 0
    assert analysis.started_at is not None and analysis.finished_at is not None
    assert ending.waited == (analysis.started_at - analysis.created_at).total_seconds()
    seconds = {tuple(s.labels.values()): s.value for f in metrics._results() for s in f.samples
            if s.name == "touchstone_analysis_stage_seconds_1h"}  # fmt: skip
    assert seconds["waiting", "0.5"] == pytest.approx(ending.waited)
    assert seconds["examining", "0.5"] == pytest.approx(ending.seconds - ending.waited)


@pytest.mark.django_db(transaction=True)
def test_rejected_media_are_told_apart(alice: Person) -> None:
    """A picture cut off in its header ends as rejected, with the code."""
    png = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\x00" * 40
    sent = submit(alice.actor, alice.team, BytesIO(png), "broken.png").submission
    run(sent.analysis_id)
    ending = Ending.objects.get()
    assert ending.how == How.REJECTED and ending.code


def test_what_is_set_aside_leaves_its_reason(alice: Person, send: Send) -> None:
    """And a second ending when it is tried again and ends again."""
    set_aside(send(alice), "poison")
    assert list(Ending.objects.values_list("how", "code")) == [(How.SET_ASIDE, "poison")]


def test_old_figures_go(alice: Person) -> None:
    """More than 400 days old: forgotten by the daily duty."""
    for days in (10, 500):
        Ending.objects.create(
            team=alice.team, how=How.VERDICT, seconds=1,
            ended_at=datetime.now(UTC) - timedelta(days=days),
        )  # fmt: skip
    assert forget_old() == 1 and Ending.objects.count() == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "under 0.1 s"), (3.21, "3.2 s"), (59.6, "60 s"), (754, "12 min 34 s"),
     (18_060, "5 h 1 min"), (300_000, "3 days 11 h"), (None, "–"), (timedelta(seconds=45), "45 s")],
)  # fmt: skip
def test_lengths_of_time_read_well(seconds: float | None, words: str) -> None:
    """Two units at most."""
    assert span(seconds) == words


def test_bars_fill_their_height_and_nothing_draws_nothing() -> None:
    """The tallest slot reaches the top; a series of zeros divides by nothing."""
    drawn = bars([(3, 1), (0, 0), (1, 1)])
    assert (drawn[0].other_y, drawn[0].verdict_y) == (0, 25)
    assert drawn[1].verdict_height == 0
    assert bars([(0, 0)])[0].verdict_height == 0 and bars([]) == []
