"""A protocol's figures, against figures that are computed by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.engine.contract import Outcome
from ml.evaluation import metrics
from ml.evaluation.protocols import measuring
from ml.evaluation.protocols.measuring import Examinee, Row, Table

NAN = math.nan


def genuine(source: str, scores: list[float], **row: object) -> list[tuple[Row, float]]:
    return [
        (Row(False, source, "", f"{source} {n}", **row), score)  # type: ignore[arg-type]
        for n, score in enumerate(scores)
    ]


def fakes(
    method: str, scores: list[float], *matched: str, **row: object
) -> list[tuple[Row, float]]:
    return [
        (Row(True, "s", method, f"{method} {n}", matched, **row), score)  # type: ignore[arg-type]
        for n, score in enumerate(scores)
    ]


def examinee(scores: list[float], **accuracy: object) -> Examinee:
    values = np.array(scores, float)
    return Examinee("one", values, np.zeros(len(values), bool), **accuracy)  # type: ignore[arg-type]


PAIRS = [
    *genuine("street", [float(n) for n in range(20)]),
    *genuine("faces", [float(n) + 10 for n in range(10)]),
    *fakes("gan", [5.0, 19.0, 25.0, NAN], "faces"),
    *fakes("diffusion", [1.0, 2.0, 30.0], "street"),
]
ROWS = [row for row, _ in PAIRS]
SCORES = [score for _, score in PAIRS]


def test_a_bound_left_out_is_the_one_computed_by_hand() -> None:
    """For the GAN, matched with faces, the bound comes from the street alone: one of twenty may be
    flagged, so it is 19. Two of four fakes reach it; the one without a score does not. Of the ten
    faces (10 to 19) one does."""
    found = measuring.left_out(Table(ROWS), np.array(SCORES), "gan")
    assert found["sources"] == ["street"]
    assert found["bound"]["value"] == 19.0
    assert found["bound"]["found"]["share"] == 2 / 4
    assert found["bound"]["false_alarms"]["share"] == 1 / 10


def test_the_balanced_point_left_out_is_the_one_computed_by_hand() -> None:
    """From the street and the diffusion fakes: only 30 tells any of them, so 30 is the point, and
    no GAN reaches it."""
    found = measuring.left_out(Table(ROWS), np.array(SCORES), "gan")["balanced"]
    assert found["value"] == 30.0 and found["found"]["share"] == 0.0
    assert found["balanced_accuracy"] == 0.5


def test_no_bound_is_told_from_too_few_genuine_files() -> None:
    """For diffusion only the ten faces are left: not one false alarm in them would keep to 5 %."""
    assert measuring.left_out(Table(ROWS), np.array(SCORES), "diffusion")["bound"] is None


SCORE = st.integers(-20, 40).map(float)


@given(st.lists(SCORE, min_size=4, max_size=4), st.lists(SCORE, min_size=10, max_size=10))
def test_nothing_of_the_generator_left_out_moves_its_bound(
    own: list[float], faces: list[float]
) -> None:
    """Neither its own scores nor those of the genuine media that it is compared with."""
    scores = np.array(SCORES)
    table = Table(ROWS, draws=0)
    before = measuring.left_out(table, scores, "gan")
    scores[30:34], scores[20:30] = own, faces
    after = measuring.left_out(table, scores, "gan")
    assert after["bound"]["value"] == before["bound"]["value"]
    assert after["balanced"]["value"] == before["balanced"]["value"]
    assert after["bound"]["found"]["share"] == np.mean(np.array(own) >= 19)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6).map(float)), min_size=2, max_size=12))
def test_the_balanced_threshold_is_the_best_of_all(items: list[tuple[bool, float]]) -> None:
    labels, scores = (list(values) for values in zip(*items, strict=True))
    point = metrics.balanced_threshold(labels, scores)
    if all(labels) or not any(labels):
        assert point is None
        return
    assert point is not None

    def accuracy(threshold: float) -> float:
        return metrics.balanced_accuracy(labels, scores, threshold) or 0.0

    best = max(accuracy(threshold) for threshold in [*scores, math.inf])
    assert accuracy(point) == pytest.approx(best)
    assert all(accuracy(t) < best - 1e-12 for t in [*scores, math.inf] if t > point)


@given(
    st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=1, max_size=8),
    st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=1, max_size=8),
)
def test_unscored_files_are_told_apart_by_luck(
    of_fakes: list[int | None], of_reals: list[int | None]
) -> None:
    """The same as going through all pairs, one half for each with an unscored file or a tie."""

    def won(fake: int | None, real: int | None) -> float:
        if fake is None or real is None or fake == real:
            return 0.5
        return float(fake > real)

    by_hand = np.mean([won(f, r) for f, r in itertools.product(of_fakes, of_reals)])
    known = [(True, f) for f in of_fakes if f is not None]
    known += [(False, r) for r in of_reals if r is not None]
    area = metrics.auc([k for k, _ in known], [s for _, s in known]) if known else None
    shares = [sum(v is not None for v in values) / len(values) for values in (of_fakes, of_reals)]
    assert metrics.auc_with_unscored(area, *shares) == pytest.approx(by_hand)


@given(st.lists(st.booleans(), min_size=2, max_size=30))
def test_an_interval_holds_its_share_and_is_never_a_point_at_the_ends(values: list[bool]) -> None:
    """None of n is no proof of never: the bound is then the exact one for n groups."""
    low, high = metrics.mean_interval(values, range(len(values)), draws=200) or (1.0, 0.0)
    assert low <= np.mean(values) <= high
    if not any(values):
        assert (1 - high) ** len(values) == pytest.approx(0.025)
    if all(values):
        assert low ** len(values) == pytest.approx(0.025)


def test_an_interval_draws_groups_and_not_files() -> None:
    """A hundred files of two people say no more than two people do."""
    values = [1.0] * 50 + [0.0] * 50
    wide = metrics.mean_interval(values, [0] * 50 + [1] * 50)
    narrow = metrics.mean_interval(values, range(100))
    assert wide == (0.0, 1.0)
    assert narrow is not None and narrow[1] - narrow[0] < 0.3
    assert metrics.mean_interval(values, [0] * 100) is None


def test_a_generator_is_told_against_its_own_content_and_against_all() -> None:
    found = measuring.measured(ROWS, examinee(SCORES), draws=50)["generators"]["gan"]
    pairs = [(f, r) for f in (5.0, 19.0, 25.0) for r in range(10, 20)]
    by_hand = np.mean([0.5 if f == r else float(f > r) for f, r in pairs])
    assert found["auc_matched"]["auc"] == pytest.approx(by_hand)
    assert (found["auc_matched"]["fakes"], found["auc_matched"]["reals"]) == (3, 10)
    assert found["auc_matched"]["unscored_by_luck"] == pytest.approx(0.75 * by_hand + 0.125)
    assert found["auc_all"]["reals"] == 30
    assert (found["n"], found["scored"], found["groups"]) == (4, 3, 4)
    assert found["found"] is None, "who has no frozen point is not said to find anything"


def test_outcomes_are_shares_of_all_files() -> None:
    """Called clear, found, declared, answered: of four fakes and thirty genuine files."""
    outcomes: list[Outcome | None] = [Outcome.NO_MANIPULATION_FOUND] * 15
    outcomes += [Outcome.INCONCLUSIVE] * 15
    outcomes += [
        Outcome.MANIPULATION_FOUND, Outcome.NO_MANIPULATION_FOUND, Outcome.DECLARED_GENERATED, None,
        *[Outcome.INCONCLUSIVE] * 3,
    ]  # fmt: skip
    flagged = [outcome is Outcome.MANIPULATION_FOUND for outcome in outcomes]
    figures = measuring.measured(
        ROWS, examinee(SCORES, outcomes=outcomes, flagged=flagged), draws=50
    )
    gan = figures["generators"]["gan"]
    shares = {key: gan[key]["share"] for key in ("found", "called_clear", "declared")}
    assert shares == {"found": 0.25, "called_clear": 0.25, "declared": 0.25}
    assert figures["genuine"]["street"]["answered"]["share"] == 0.75
    assert figures["genuine"]["faces"]["answered"]["share"] == 0.0
    assert figures["genuine"]["street"]["false_alarms"]["share"] == 0.0


def test_a_hard_row_is_held_against_the_bound_of_the_untouched_files() -> None:
    """Of forty plain genuine files two may be flagged, so the bound is 38. Of the hard row's 37,
    38, 50 and one without a score two reach it. Hard rows count to no source and no AUC."""
    pairs = [
        *genuine("street", [float(n) for n in range(40)]),
        *genuine("street", [37.0, 38.0, 50.0, NAN], hard="blur"),
        *fakes("gan", [50.0], "street"),
    ]
    figures = measuring.measured([r for r, _ in pairs], examinee([s for _, s in pairs]), draws=50)
    blur = figures["hard"]["blur"]
    assert (blur["n"], blur["scored"]) == (4, 3)
    assert blur["false_alarms_frozen_elsewhere"]["share"] == 2 / 4
    assert figures["genuine"]["street"]["n"] == 40
    assert figures["generators"]["gan"]["auc_all"]["reals"] == 40


def test_laundering_is_told_beside_the_same_files_untouched() -> None:
    """Before: the fakes above the faces. After: below."""
    pairs = [*genuine("faces", [1.0, 2.0, 9.0]), *fakes("gan", [3.0, 4.0, 0.0], "faces")]
    pairs += [
        (Row(False, "faces", "", "f0", laundered="messenger", of=0), 5.0),
        (Row(False, "faces", "", "f1", laundered="messenger", of=1), 6.0),
        (Row(True, "s", "gan", "g0", ("faces",), laundered="messenger", of=3), 1.0),
        (Row(True, "s", "gan", "g1", ("faces",), laundered="messenger", of=4), 2.0),
    ]
    figures = measuring.measured([r for r, _ in pairs], examinee([s for _, s in pairs]), draws=50)
    after = figures["laundered"]["messenger"]["gan"]
    assert after["auc_untouched"] == 1.0 and after["auc"]["auc"] == 0.0
    assert after["n"] == 2 and after["content_matched"]


def test_who_learnt_stands_against_a_generator_with_what_it_learnt_from_the_others() -> None:
    others = {"gan": np.array([float(n) for n in range(len(SCORES))])}
    figures = measuring.measured(ROWS, examinee(SCORES, without=others), draws=50)
    assert figures["generators"]["gan"]["auc_matched"]["auc"] == 1.0
    assert figures["generators"]["diffusion"]["auc_matched"]["auc"] < 1.0


def test_the_cost_of_wrong_odds_is_told_by_source_and_by_generator() -> None:
    """The verdict's ratios of one source are wrong; whoever gives no ratios has no cost."""
    figures = measuring.measured(ROWS, examinee(SCORES, ratios=np.array(RATIOS)), draws=10)
    right = metrics.cllr([False, True], [-1.0, 1.0])
    assert figures["genuine"]["street"]["cllr"] == pytest.approx(right)
    assert figures["genuine"]["faces"]["cllr"] > 1
    assert figures["generators"]["diffusion"]["cllr"] == pytest.approx(right), (
        "matched with the street"
    )
    assert figures["generators"]["gan"]["cllr"] > 1, "matched with faces; one has no score"
    nobody = measuring.measured(ROWS, examinee(SCORES), draws=10)
    assert nobody["genuine"]["street"]["cllr"] is None


RATIOS = [1.0 if row.fake or row.source == "faces" else -1.0 for row in ROWS]
RATIOS[33] = NAN
