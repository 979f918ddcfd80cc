"""Drift: a check whose last month differs from the months before is reported; chance is reported no
more often than stated."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from numpy.random import Generator, default_rng
from scipy.stats import fisher_exact

from media_analysis.review.measures import Weights
from media_analysis.review.models import Case, DriftAlarm, DriftCheck
from media_analysis.review.search.detector_quality import Cells
from media_analysis.review.services import drift
from operations.metrics import _families
from tests.people import Person, Send
from tests.review.test_detector_quality import Simulated, decided

RUNS = 300
CHECKS = [(f"check{n}", kind) for n in range(2) for kind in ("image", "video")]
ANSWERS = {"found": 0.5, "cleared": 0.3, "neither": 0.2}


def simulated(chance: Generator, n: int, spot: float = 0.0) -> dict[tuple[str, str], Cells]:
    """What n cases of each check and kind gave."""
    return {name: drawn(chance, n, spot=spot) for name in CHECKS}


def drawn(chance: Generator, n: int, *, precision: float = 0.9, spot: float = 0.0) -> Cells:
    """Found, cleared or neither, and then decided. Of those cleared, a share of `spot` came as spot
    checks of weight 20."""
    cells: Cells = {}
    manipulated = {"found": precision, "cleared": 0.1, "neither": 0.4}
    for answer, of in zip(ANSWERS, chance.multinomial(n, list(ANSWERS.values())), strict=True):
        heavy = chance.binomial(of, spot) if answer == "cleared" else 0
        for count, weight in ((of - heavy, 1.0), (heavy, 20.0)):
            right = chance.binomial(count, manipulated[answer])
            for outcome, k in (("manipulated", right), ("not_manipulated", count - right)):
                more = Weights(int(k), weight * k, weight * weight * k)
                cells[answer, outcome] = cells.get((answer, outcome), Weights()) + more
    return cells


@pytest.mark.parametrize(
    ("before", "now", "spot", "least"),
    [(600, 100, 0.0, 11), (90, 70, 0.0, 11), (1200, 400, 0.3, 1)],
)
def test_without_change_alarms_are_as_rare_as_promised(
    before: int, now: int, spot: float, least: int
) -> None:
    """At most 5 % of 300 months of a team with 16 figures: many cases, few, and with spot checks,
    whose weighted figures are not compared."""
    chance = default_rng(2026)
    alarms = tests = 0
    for _ in range(RUNS):
        found = drift.look(simulated(chance, before, spot=spot), simulated(chance, now, spot=spot))
        alarms += bool(found.alarms)
        tests = max(tests, found.tests)
    print(f"\n{alarms} of {RUNS} months had a false alarm, up to {tests} figures compared")
    assert tests >= least and alarms <= drift.LEVEL * RUNS


def test_precision_that_falls_from_nine_to_six_tenths_is_found() -> None:
    """Usually, for one check with 50 findings in a month. The other checks raise no alarm."""
    chance = default_rng(7)
    hits = others = 0
    for _ in range(100):
        before, now = simulated(chance, 600), simulated(chance, 100)
        now[CHECKS[0]] = drawn(chance, 100, precision=0.6)
        alarms = drift.look(before, now).alarms
        mine = [one for one in alarms if (one.detector, one.kind) == CHECKS[0]]
        hits += any(one.figure == "precision" and one.now < one.before for one in mine)
        others += len(mine) < len(alarms)
    print(f"\nfound in {hits} of 100 months, others told in {others}")
    assert hits >= 90 and others <= 5


def test_little_and_small_differences_are_not_compared_or_told() -> None:
    """Fewer than 30 effective cases on a side; a difference below five points, however sure."""
    few = {CHECKS[0]: {("found", "manipulated"): Weights(29, 29, 29)}}
    many = {CHECKS[0]: {("found", "manipulated"): Weights(300, 300, 300)}}
    assert drift.look(many, few).tests == 0
    heavy = {CHECKS[0]: {("found", "manipulated"): Weights(40, 59, 419)}}  # one weighs 20
    assert drift.look(many, heavy).tests == 0

    def right(k: int, n: int) -> dict[tuple[str, str], Cells]:
        wrong = n - k
        cells = {
            ("found", "manipulated"): Weights(k, k, k),
            ("found", "not_manipulated"): Weights(wrong, wrong, wrong),
        }
        return {CHECKS[0]: cells}

    small = drift.look(right(90_000, 100_000), right(86_000, 100_000))
    assert small.tests > 0 and small.alarms == []
    assert drift.look(right(90_000, 100_000), right(84_000, 100_000)).alarms


@pytest.mark.parametrize("most", [3, 40, 400])
def test_fishers_test_is_that_of_scipy(most: int) -> None:
    """Small and large tables, with empty cells and with ties."""
    chance = default_rng(most)
    for _ in range(40):
        one, two = chance.integers(0, most, 2), chance.integers(0, most, 2)
        table = [[int(n) for n in row] for row in (one, two)]
        expected = float(fisher_exact(table).pvalue)
        assert drift._fisher(table) == pytest.approx(expected, rel=1e-6), table


def test_holm_adjusts_as_its_textbook_example() -> None:
    assert drift.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert drift.holm([]) == []


def aged(cases: list[Case], days: int) -> None:
    """Decided so many days earlier, past the guards of final rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE review_decision SET created_at = created_at - %s * interval '1 day' "
            "WHERE case_id = ANY(%s)", [days, [one.pk for one in cases]],
        )  # fmt: skip


@pytest.mark.slow
def test_a_month_that_differs_is_told_once_on_quality_dashboard_and_metrics(
    alice: Person, lead: Person, charlie: Person, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """34 findings of which 31 were right, then 34 of which 10: the lead reads which check, both
    figures and what to do; Charlie reads nothing. A second run compares nothing anew."""
    shades = iter(range(256))

    def month(right: int, wrong: int) -> list[Case]:
        simulated = [Simulated("found", "manipulated", 1.0)] * right
        simulated += [Simulated("found", "not_manipulated", 1.0)] * wrong
        return [decided(alice, send, next(shades), one) for one in simulated]

    aged(month(31, 3), 40)
    month(10, 24)
    now = timezone.now()
    next_month = drift.shifted(now.replace(day=1, hour=0), 1)
    monkeypatch.setattr(timezone, "now", lambda: next_month)
    assert drift.run_due() == 1 and drift.run_due() == 0
    check = DriftCheck.objects.get()
    assert check.month == now.date().replace(day=1) and check.tests == 3
    alarms = {one.figure: one for one in DriftAlarm.objects.all()}
    assert set(alarms) == {"precision", "override"}
    fell = alarms["precision"]
    assert [fell.before, fell.now] == pytest.approx([31 / 34, 10 / 34])
    assert (fell.before_n, fell.now_n) == (34, 34) and fell.p_value < 0.001
    quality = reverse("teams:quality", args=[lead.team.pk])
    page = lead.client().get(quality).content.decode()
    assert "What to do" in page and "0.29" in page and "0.91" in page
    overview = reverse("dashboard:overview")
    assert f"{quality}#drift" in lead.client().get(overview).content.decode()
    assert "results of checks changed" not in charlie.client().get(overview).content.decode()
    DriftCheck.objects.update(month=drift.shifted(now.replace(day=1), -1).date())
    (family,) = [one for one in _families() if one.name == "touchstone_drift_alarms"]
    assert [(one.labels["team"], one.value) for one in family.samples] == [(str(lead.team.pk), 2)]


def test_a_team_without_enough_decisions_is_told_so(
    alice: Person, lead: Person, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(alice, send, 1, Simulated("found", "manipulated", 1.0))
    next_month = drift.shifted(timezone.now().replace(day=1, hour=0), 1)
    monkeypatch.setattr(timezone, "now", lambda: next_month)
    assert drift.run_due() == 1 and DriftCheck.objects.get().tests == 0
    page = lead.client().get(reverse("teams:quality", args=[lead.team.pk])).content.decode()
    assert "too little was decided" in page
