"""Checks compared with decisions: figures of simulated decisions with known truth, and spot checks
that make the figures representative of all files."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.urls import reverse
from sklearn.metrics import precision_score, recall_score

from media_analysis.review.measures import Weights, share, total
from media_analysis.review.models import Case, DecisionText, RoutingRule
from media_analysis.review.search import detector_quality
from media_analysis.review.services import cases, routing
from media_analysis.submissions.models import Submission
from ml.engine.contract import Evidence, Finding, Kind, Outcome, Status, Strength
from tests.factories import ServiceAccountFactory
from tests.people import Person, Send
from tests.previews.conftest import analysed

ANSWERS = {
    "found": Outcome.MANIPULATION_FOUND,
    "cleared": Outcome.NO_MANIPULATION_FOUND,
    "neither": None,
}


@dataclass(frozen=True)
class Simulated:
    answer: str
    decided: str
    probability: float
    given: float | None = None
    """The probability that the check gave."""


CASES = [
    Simulated(answer, decided, probability)
    for answer, decided, probability in (
        *[("found", "manipulated", 1.0)] * 4,
        *[("found", "not_manipulated", 1.0)] * 2,
        ("found", "unclear", 1.0),
        ("neither", "manipulated", 1.0),
        ("neither", "not_manipulated", 1.0),
        *[("cleared", "not_manipulated", 0.1)] * 3,
        ("cleared", "manipulated", 0.1),
    )
]


def finding(answer: str, probability: float | None = None) -> Finding:
    supports = ANSWERS[answer]
    odds = None if probability is None else math.log10(probability / (1 - probability))
    evidence = Evidence("seen", "Something was seen.", Strength.MODERATE, supports=supports)
    return Finding(
        "face_forgery",
        "1",
        Status.RAN,
        "It ran.",
        score=0.5,
        evidence=(evidence,),
        log10_lr=odds,
        probability_manipulated=probability,
    )


def decided(alice: Person, send: Send, shade: int, one: Simulated) -> Case:
    sent = analysed(
        send(alice, shade), Kind.IMAGE, (finding(one.answer, one.given),), width=64, height=48
    )
    case = Case.objects.get(submission=sent)
    Case.objects.filter(pk=case.pk).update(sampled_with=one.probability)
    held = cases.claim(alice.actor, case.pk)
    cases.decide(alice.actor, case.pk, held.fence, DecisionText(one.decided, "x"))
    return case


def test_weighted_figures_equal_scikit_learns(alice: Person, lead: Person, send: Send) -> None:
    """Precision, recall, inconclusive and override rate, with n; a reopened case counts by the
    decision that stands; the lead's page shows them, and a stranger's none."""
    made = [decided(alice, send, shade, one) for shade, one in enumerate(CASES)]
    cases.reopen(alice.actor, made[0].pk, why="again")  # it was found and manipulated
    again = cases.claim(lead.actor, made[0].pk)
    cases.decide(lead.actor, again.pk, again.fence, DecisionText("not_manipulated", "a shadow"))
    stands = [Simulated("found", "not_manipulated", 1.0), *CASES[1:]]
    month = detector_quality.months([alice.team.pk])[0]
    (found,) = detector_quality.of([alice.team.pk], month)
    known = [one for one in stands if one.decided != "unclear"]
    truth = [one.decided == "manipulated" for one in known]
    predicted = [one.answer == "found" for one in known]
    weights = [1 / one.probability for one in known]
    assert (found.detector, found.kind) == ("face_forgery", "image")
    assert found.precision.value == pytest.approx(
        precision_score(truth, predicted, sample_weight=weights)
    )
    assert found.recall.value == pytest.approx(
        recall_score(truth, predicted, sample_weight=weights)
    )
    assert found.precision.value == pytest.approx(3 / 6) and found.precision.n == 6
    assert found.recall.value == pytest.approx(3 / (3 + 1 + 10)) and found.recall.n == 5
    assert (
        found.inconclusive.value == pytest.approx(2 / (7 + 2 + 40)) and found.inconclusive.n == 13
    )
    assert found.override.value == pytest.approx((3 + 10) / (6 + 40)) and found.override.n == 10
    assert detector_quality.of([lead.team.pk], None) == []
    page = lead.client().get(reverse("teams:quality", args=[lead.team.pk])).content.decode()
    assert "0.21" in page and "n = 13" in page
    assert detector_quality.outcomes_of(alice.user, month)["manipulated"] == 6
    own = alice.client().get(reverse("review:own")).content.decode()
    assert "Your decisions" in own


def test_calibration_and_partner_are_those_of_hand(alice: Person, lead: Person, send: Send) -> None:
    """Mean probability and share decided manipulated, both weighted, unclear ones left out; and the
    same of one partner's media alone."""
    made = [
        (0.9, "manipulated", 1.0),
        (0.7, "not_manipulated", 1.0),
        (0.2, "not_manipulated", 0.25),
        (0.5, "unclear", 1.0),
    ]
    found = [
        decided(alice, send, shade, Simulated("neither", outcome, weight, probability))
        for shade, (probability, outcome, weight) in enumerate(made)
    ]
    month = detector_quality.months([alice.team.pk])[0]
    (one,) = detector_quality.of([alice.team.pk], month)
    assert one.mean_probability == pytest.approx((0.9 + 0.7 + 4 * 0.2) / 6)
    assert one.decided.value == pytest.approx(1 / 6) and one.decided.n == 3
    partner = ServiceAccountFactory(team=alice.team, name="Wire")
    Submission.objects.filter(pk=found[0].submission_id).update(
        submitted_by=None, submitted_by_service=partner
    )
    assert detector_quality.partners([alice.team.pk]) == [partner]
    (one,) = detector_quality.of([alice.team.pk], month, partner)
    assert one.mean_probability == pytest.approx(0.9) and one.decided.n == 1
    address = reverse("teams:quality", args=[lead.team.pk])
    page = lead.client().get(address, {"partner": str(partner.pk)}).content.decode()
    assert "said 0.90, decided" in page


def test_a_spot_check_is_drawn_with_its_probability_and_says_so(
    alice: Person, lead: Person, send: Send
) -> None:
    """With a share of half, about half of what no rule wants; each case keeps the probability.
    What a rule wants keeps 1, and rejected files are never drawn."""
    RoutingRule.objects.update_or_create(
        team=alice.team, defaults={"spot_share": 0.5, "inconclusive": False}
    )
    numbers = itertools.count()
    for _ in range(40):
        sent = send(alice, next(numbers))
        with transaction.atomic():
            routing.after_parking(sent.analysis)  # is routed as inconclusive
    drawn = Case.objects.all()
    assert 8 <= drawn.count() <= 32
    assert {(one.sampled_with, one.opened_because) for one in drawn} == {(0.5, "spot_check")}
    RoutingRule.objects.update(inconclusive=True)
    sent = send(alice, next(numbers))
    with transaction.atomic():
        routing.after_parking(sent.analysis)
    assert Case.objects.get(submission=sent).sampled_with == 1
    page = lead.client().get(reverse("review:queue") + "?because=spot_check").content.decode()
    assert "Spot check: drawn from files" in page


def test_spot_checks_make_recall_unbiased() -> None:
    """Simulated: a check misses half of the manipulations. From what was routed alone it seems to
    find all of them; weighted by the probability, recall is near the truth."""
    rng = random.Random(3)
    seen: list[tuple[bool, float]] = []
    for _ in range(40_000):
        found = rng.random() < 0.5  # of media that is manipulated
        probability = 1.0 if found else 0.05
        if rng.random() < probability:
            seen.append((found, 1 / probability))
    right = total(Weights(1, w, w * w) for found, w in seen if found)
    whole = total(Weights(1, w, w * w) for _, w in seen)
    naive = right.n / whole.n
    assert naive > 0.9
    measured = share(right, whole)
    assert measured.value == pytest.approx(0.5, abs=0.03)
    assert measured.low is not None and measured.high is not None
    assert measured.low < 0.5 < measured.high and measured.n == len(seen)
