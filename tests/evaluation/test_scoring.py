"""Figures from records: the meaning of each key, and when a figure cannot be computed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.evaluation import metrics, scoring, table
from ml.evaluation.manifest import Case
from ml.evaluation.records import Answer, Record
from ml.evaluation.scoring import FUSED, Evaluation

FOUND, NOTHING, UNDECIDED = "manipulation_found", "no_manipulation_found", "inconclusive"


def case(number: int, fake: bool, source: str = "", method: str = "") -> Case:
    return Case(
        number, f"{number}", Path("x"), "", fake, f"row {number}", source=source, method=method
    )


def record_of(
    ratio: float | None, probability: float | None = None, outcome: str = UNDECIDED
) -> Record:
    answer = Answer("ran", "It ran.", score=ratio, log10_lr=ratio, alone=outcome)
    return Record("s", outcome, probability=probability, answers={"one": answer})


def evaluated(cases: list[Case], records: list[Record]) -> Evaluation:
    return Evaluation(cases, records, ["one"])


def test_every_promised_key_is_there_and_json_can_hold_it() -> None:
    """Also when nothing at all was scored; nothing is made up then."""
    promised = {
        "n", "coverage", "auc", "auc_low", "auc_high", "ap", "eer", "tpr_at_1_fpr", "tpr_at_5_fpr",
        "brier", "ece", "cllr", "min_cllr", "decided_share", "decided_accuracy", "cleared_fakes",
        "answered_reals", "not_applicable", "failed", "fpr_by_source", "balanced_accuracy",
    }  # fmt: skip
    report = evaluated([case(0, False)], [Record(error="It broke.")]).as_json()
    for found in (report["detectors"]["one"], report[FUSED]):
        assert found.keys() >= promised
        assert found.keys() == set(scoring.KEYS)
        assert (found["n"], found["failed"], found["coverage"]) == (1, 1, 0.0)
        assert found["auc"] is None and found["brier"] is None and found["fpr_by_source"] is None
    json.dumps(report, allow_nan=False)


def test_the_score_is_the_calibrated_ratio_and_means_what_it_says() -> None:
    """AUC, Cllr and Brier of ratios agree with the metrics on the same numbers."""
    random = np.random.default_rng(2)
    fake = np.arange(400) % 2 == 1
    ratios = random.normal(np.where(fake, 0.4, -0.4), 0.6)
    cases = [case(n, bool(f), source="s") for n, f in enumerate(fake)]
    found = evaluated(cases, [record_of(float(r)) for r in ratios]).figures("one", draws=200)
    assert found["scale"] == "log10_lr"
    assert found["auc"] == metrics.auc(fake, ratios)
    assert found["cllr"] == metrics.cllr(fake, ratios)
    assert found["brier"] == metrics.brier(fake, 1 / (1 + 10.0**-ratios))
    assert found["auc_low"] < found["auc"] < found["auc_high"]
    assert found["fpr"] == pytest.approx(np.mean(ratios[~fake] > 0))
    assert found["fpr_by_source"] == {"s": found["fpr"]}
    expected = metrics.balanced_accuracy(fake, ratios, 1e-12)
    assert found["balanced_accuracy"] == pytest.approx(expected)


def test_a_source_with_wrong_odds_is_not_hidden_by_the_others() -> None:
    """Cllr of each genuine source against all fakes; the mean lies between."""
    of = [("calm", False, -1.0)] * 10 + [("loud", False, 1.0)] * 10 + [("", True, 1.0)] * 10
    cases = [case(n, fake, source=source) for n, (source, fake, _) in enumerate(of)]
    found = evaluated(cases, [record_of(ratio) for _, _, ratio in of]).figures("one", draws=10)
    costs = found["cllr_by_source"]
    assert costs["calm"] == pytest.approx(metrics.cllr([False, True], [-1.0, 1.0]))
    assert costs["loud"] == pytest.approx(metrics.cllr([False, True], [1.0, 1.0]))
    assert costs["calm"] < 0.2 < found["cllr"] < 1 < costs["loud"]


def test_one_class_alone_ranks_nothing() -> None:
    """Only genuine items: no AUC, but how often they are flagged can be said."""
    cases = [case(n, False, source="phone") for n in range(8)]
    found = evaluated(cases, [record_of(0.1 if n < 2 else -0.1) for n in range(8)]).figures("one")
    assert found["auc"] is None and found["auc_low"] is None and found["cllr"] is None
    assert found["balanced_accuracy"] is None and found["tpr"] is None
    assert found["fpr_by_source"] == {"phone": 0.25}
    assert found["brier"] is not None


def test_too_few_genuine_items_give_no_hits_at_one_in_a_hundred() -> None:
    """With 40 of them the least that can be measured is one in forty."""
    cases = [case(n, n % 2 == 1) for n in range(80)]
    found = evaluated(cases, [record_of(float(n % 2)) for n in range(80)]).figures("one", draws=50)
    assert found["tpr_at_1_fpr"] is None and found["tpr_at_5_fpr"] == 1.0


def test_failed_not_applicable_and_unscored_are_counted_and_never_scored() -> None:
    """They add up to all items."""
    broken = Record("s", UNDECIDED, answers={"one": Answer("failed", "It broke.")})
    no = Record("s", UNDECIDED, answers={"one": Answer("not_applicable", "No face.")})
    silent = Record("s", UNDECIDED, answers={"one": Answer("ran", "It ran.", alone=UNDECIDED)})
    refused = Record("s", "rejected", "It is empty.", rejection="empty")
    records = [record_of(1.0), record_of(-1.0), broken, no, silent, refused, Record(error="Gone.")]
    cases = [case(n, n == 0) for n in range(7)]
    evaluation = evaluated(cases, records)
    found = evaluation.figures("one", draws=10)
    assert (found["n"], found["scored"], found["coverage"]) == (7, 2, 2 / 7)
    assert (found["not_applicable"], found["failed"], found["unscored"]) == (1, 3, 1)
    assert found["auc"] == 1.0
    fused = evaluation.figures(FUSED, draws=10)
    assert (fused["failed"], fused["not_applicable"], fused["scored"]) == (2, 1, 0)


def test_decisions_count_only_what_was_decided() -> None:
    """Share of all items; accuracy of those; an undecided item is neither right nor wrong."""
    outcomes = [FOUND, FOUND, NOTHING, UNDECIDED, NOTHING]
    fake = [True, False, False, True, True]
    records = [record_of(0.5, 0.7, outcome) for outcome in outcomes]
    evaluation = evaluated([case(n, f, source="web") for n, f in enumerate(fake)], records)
    for name in ("one", FUSED):
        found = evaluation.figures(name, draws=10)
        assert (found["decided_share"], found["decided_accuracy"]) == (0.8, 0.5)
        assert found["cleared_fakes"] == pytest.approx(1 / 3) and found["answered_reals"] == 1.0
    assert evaluation.figures(FUSED, draws=10)["fpr_by_source"] == {"web": 0.5}


def test_a_verdict_without_a_probability_is_decided_but_not_ranked() -> None:
    """A file that declares its own making is found, and no probability is invented for it."""
    records = [record_of(None, None, FOUND), record_of(None, None, UNDECIDED)]
    found = evaluated([case(0, True), case(1, False)], records).figures(FUSED)
    assert found["auc"] is None and found["scored"] == 0
    assert (found["decided_share"], found["decided_accuracy"]) == (0.5, 1.0)
    assert (found["tpr"], found["fpr"]) == (1.0, 0.0)


def test_a_raw_score_is_ranked_but_not_called_calibrated() -> None:
    """AUC yes; Cllr, Brier and calibration error no."""
    records = [
        Record("s", UNDECIDED, answers={"one": Answer("ran", "It ran.", score=float(n))})
        for n in range(40)
    ]
    found = evaluated([case(n, n > 19) for n in range(40)], records).figures("one", draws=10)
    assert (found["scale"], found["auc"]) == ("score", 1.0)
    assert found["cllr"] is None and found["brier"] is None and found["ece"] is None


def test_ratios_that_meet_at_a_bound_are_ranked_by_the_raw_score() -> None:
    """Only among equals: a higher ratio stands first whatever the raw score says, and what the
    ratios mean is measured on the ratios."""
    ratios, raws = [1.0, 1.0, 1.0, -1.0, -1.0], [3.0, 2.0, 1.0, 9.0, 8.0]
    fakes = [True, True, False, True, False]
    quiet = Answer("ran", "It ran.", score=99.0, log10_lr=-2.0)
    records = [
        Record(
            "s",
            UNDECIDED,
            probability=0.9 if ratio > 0 else 0.1,
            answers={"one": Answer("ran", "It ran.", score=raw, log10_lr=ratio), "other": quiet},
        )
        for ratio, raw in zip(ratios, raws, strict=True)
    ]
    evaluation = evaluated([case(n, fake) for n, fake in enumerate(fakes)], records)
    for name in ("one", FUSED):
        assert list(np.argsort(-evaluation.columns[name].order)) == [0, 1, 2, 3, 4]
        assert evaluation.figures(name, draws=0)["auc"] == pytest.approx(5 / 6)
    found = evaluation.figures("one", draws=0)
    assert found["cllr"] == metrics.cllr(fakes, ratios)


def test_methods_are_told_apart() -> None:
    """Each kind of fake against the same genuine items."""
    cases = [case(0, False), case(1, False), case(2, True, method="a"), case(3, True, method="b")]
    evaluation = evaluated(cases, [record_of(r) for r in (0.0, 0.1, 0.9, -0.9)])
    assert evaluation.figures("one", draws=10)["auc_by_method"] == {"a": 1.0, "b": 0.0}


def test_the_same_picture_under_two_labels_is_pointed_at() -> None:
    """And so is a calibrated detector that ranks backwards."""
    cases = [case(n, n > 19) for n in range(40)]
    records = [replace(record_of(-float(n)), sha256=str(n % 39)) for n in range(40)]
    evaluation = evaluated(cases, records)
    warnings = scoring.warnings(cases, records, evaluation.as_json())
    assert any("1 files have the same content" in line for line in warnings)
    assert any("labelled real in one row and fake in another" in line for line in warnings)
    assert any("wrong way round" in line for line in warnings)


def test_a_third_digit_needs_a_hundred_of_each() -> None:
    """And a terminal does not obey what a manifest names."""
    assert table.number(0.12345, {"reals": 99, "fakes": 500}) == "0.12"
    assert table.number(0.12345, {"reals": 100, "fakes": 500}) == "0.123"
    assert table.number(None, {}) == "-"
    assert table.clean("a\x1b[2J") == "a\\x1b[2J"


def test_a_declaration_is_no_hit_no_false_alarm_and_no_decision() -> None:
    """What a file says of itself is counted apart, and never to the credit of the detectors."""
    declared = "declared_generated"
    records = [record_of(1.0, 0.9, declared), record_of(-1.0, 0.1, declared)]
    figures = evaluated([case(0, True), case(1, False)], records).figures(FUSED)
    assert (figures["declared"], figures["tpr"], figures["fpr"], figures["decided_share"]) == (
        2,
        0.0,
        0.0,
        0.0,
    )
    assert figures["auc"] == 1.0, "the score is what the checks measured"
