"""Findings in one line each, the verdict in two sentences, bounds where they belong."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string

from media_analysis.submissions.presenters import bench, bounds
from media_analysis.submissions.presenters.result import finding
from ml.engine.manifest import card_of as card

USED = card("face_forgery")["calibration"]["used"]


def result_of(detector: str, status: str = "ran", **more: Any) -> dict[str, Any]:
    return {"detector": detector, "version": "1", "status": status, "reason": f"{detector} says",
            "evidence": [], "segments": [], "parameters": {}, **more}  # fmt: skip


def evidence(strength: str, supports: str | None = None) -> dict[str, Any]:
    return {"code": "c", "text": f"{strength} trace", "strength": strength, "supports": supports}


def scored(detector: str, score: float, **more: Any) -> dict[str, Any]:
    own = {"found_at": USED["found_at"], "clear_at": USED["clear_at"]}
    return result_of(detector, score=score, parameters=own, **more)


def test_what_says_most_comes_first() -> None:
    """What speaks for a manipulation by strength; then the higher score; failures last; what did
    not apply shares one line."""
    raw = [
        result_of("compression", evidence=[evidence("weak")]),
        result_of("voice_spoof", "not_applicable"),
        scored("synthetic_face", USED["clear_at"] - 1, evidence=[evidence("context")]),
        scored("temporal", USED["found_at"] + 1, evidence=[evidence("context")]),
        result_of("lip_sync", "failed"),
        scored("face_forgery", USED["found_at"] + 2,
               evidence=[evidence("moderate", "manipulation_found")]),
    ]  # fmt: skip
    findings = [finding(one) for one in raw]
    lines = bench.lines(findings, raw)
    names = [line["finding"]["anchor"].removeprefix("check-") for line in lines]
    assert names == ["face-forgery", "temporal", "compression", "synthetic-face", "lip-sync"]
    assert lines[0]["badge"] == "moderate" and lines[-1]["badge"] == "failed"
    assert lines[0]["says"] == "moderate trace"
    folded = bench.aside(findings)
    assert folded is not None and folded["text"] == "1 check does not apply: Voice"
    assert bench.strongest(raw) is raw[5] and bench.strongest([raw[1]]) is None


def test_what_could_not_decide_comes_before_what_clears() -> None:
    """An undecided score is why a person is asked: it comes before remarks, and before evidence
    that speaks against a manipulation, however strong that is."""
    middle = (USED["found_at"] + USED["clear_at"]) / 2
    raw = [
        scored("face_forgery", USED["clear_at"] - 3,
               evidence=[evidence("moderate", "no_manipulation_found")]),
        result_of("compression", evidence=[evidence("weak")]),
        scored("mouth_forgery", middle - 0.1, evidence=[evidence("context")]),
        scored("temporal", middle, evidence=[evidence("context")]),
    ]  # fmt: skip
    lines = bench.lines([finding(one) for one in raw], raw)
    names = [line["finding"]["anchor"].removeprefix("check-") for line in lines]
    assert names == ["temporal", "mouth-forgery", "compression", "face-forgery"]
    assert bench.strongest(raw) is raw[3]
    assert {line["badge"] for line in lines} == {"none"}


@pytest.mark.parametrize(
    ("score", "side", "low", "high"),
    [(-99.0, "clear", 0, 1), (USED["clear_at"], "clear", 33, 34),
     (USED["found_at"], "found", 66, 67),
     ((USED["found_at"] + USED["clear_at"]) / 2, "between", 49, 51), (99.0, "found", 99, 100)],
)  # fmt: skip
def test_a_score_lies_where_its_bounds_say(score: float, side: str, low: int, high: int) -> None:
    """Three equal parts; however far beyond a bound, it stays on the drawing."""
    placed = bounds.scale(scored("face_forgery", score))
    assert placed is not None and placed["side"] == side and low <= placed["place"] <= high
    assert bounds.scale(result_of("compression", score=0.4)) is None


@pytest.mark.parametrize(
    ("score", "clear_at", "words"),
    [(2.0, 0.0, "above the upper bound"), (0.5, 0.0, "between the bounds"),
     (-1.0, 0.0, "below the lower bound"), (2.0, None, "above the bound"),
     (-9.0, None, "below the bound: the check reports no finding. It never clears")],
)  # fmt: skip
def test_the_sentence_names_only_bounds_that_there_are(
    score: float, clear_at: float | None, words: str
) -> None:
    """A check that never clears has one bound: no score of it lies between two."""
    own = {"found_at": 1.0} | ({} if clear_at is None else {"clear_at": clear_at})
    raw = [result_of("synthetic_image", score=score, parameters=own)]
    lines = bench.lines([finding(one) for one in raw], raw)
    page = render_to_string("bench/lines.html", {"lines": lines})
    assert page.count("The score is") == 1 and f"The score is {words}" in page


def test_facts_are_numbers_with_names_that_hold_for_the_check() -> None:
    """Crops of a whole picture are not called faces, and no meaning of a score stands among them
    in the engine's own English."""
    raw = result_of("synthetic_image", counts={"crops": 4})
    assert finding(raw)["facts"] == [{"label": "crops examined", "value": "4"}]
    meant = result_of("compression", parameters={"score": "nats a coefficient", "runtime": "x"})
    assert [one["value"] for one in finding(meant)["facts"]] == ["x"]


def test_the_bound_of_a_lane_is_what_its_finding_kept() -> None:
    """Whatever check is installed now; findings of versions that did not keep it have none."""
    kept = result_of("voice_spoof", parameters={"found_at": 1.2, "segment_found_at": 0.86})
    assert bounds.lane_bound(kept) == 0.86
    assert bounds.lane_bound(result_of("voice_spoof", parameters={"found_at": 1.2})) is None


def test_the_verdict_is_two_sentences_and_never_says_authentic() -> None:
    """The first two of the reason; of "not found" the second says what it does not mean."""
    reason = "A face does not fit. The voice does. The file was saved twice."
    assert bench.in_short("manipulation_found", reason) == "A face does not fit. The voice does."
    assert bench.in_short("no_manipulation_found", reason).endswith("that the media is authentic.")
    assert bench.in_short("inconclusive", reason).startswith("The checks cannot decide this. A")
    assert bench.in_short("rejected", "") == ""


def test_boxes_and_maps_lie_in_pixels_of_the_media() -> None:
    """The map lies on the face's box that is nearest to the moment at which the check looked."""
    where = [[0.0, 0.9], [0.2, 0.0]]
    data = {"face": 3, "seen_at": 2.0, "where": where}
    result = {
        "media": {"width": 640, "height": 360},
        "tracks": [{"id": 3, "boxes": [[0.0, 1, 2, 3, 4], [2.1, 10, 20, 50, 80]]}],
        "findings": [result_of("face_forgery", evidence=[{**evidence("weak"), "data": data}])],
    }
    drawn = bench.overlay(result)
    assert drawn is not None and drawn["tracks"][0]["id"] == 3
    (one,) = drawn["maps"]
    assert (one["left"], one["top"], one["width"], one["height"]) == (10, 20, 40, 60)
    assert len(one["cells"]) == 2
    assert bench.overlay({"media": {}, "tracks": []}) is None
