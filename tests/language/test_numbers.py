"""Numbers as people read them."""

from __future__ import annotations

import pytest
from django.utils import translation

from media_analysis.reports import wording
from media_analysis.review.models import DriftAlarm
from media_analysis.review.presenters import quality
from media_analysis.submissions.presenters import timeline
from ml import language


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [(0.7688, "0.77", "0,77"), (0.8462, "0.85", "0,85"), (12.996, "13.00", "13,00"),
     (-0.737, "-0.74", "-0,74"), (-0.001, "0.00", "0,00"), (2, "2.00", "2,00")],
)  # fmt: skip
def test_a_number_is_rounded(value: float, english: str, german: str) -> None:
    """Not cut off, which would say 0.84 of what lies above a bound of 0.85."""
    with translation.override("en"):
        assert language.number(value, 2) == english
        assert wording.interval([value, value]) == f"{english} to {english}"
    with translation.override("de"):
        assert language.number(value, 2) == german


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "< 0,01"), (0.0041, "< 0,01"), (0.0058, "0,01"), (0.5, "0,50"), (0.9942, "0,99"),
     (0.9959, "> 0,99"), (1.0, "> 0,99")],
)  # fmt: skip
def test_rounding_makes_no_probability_certain(value: float, words: str) -> None:
    """Neither 0.00 nor 1.00 is shown."""
    with translation.override("de"):
        assert language.probability(value) == words
        drawn = timeline.timeline(_with_a_segment(value))
        assert drawn is not None and drawn["rows"][0]["score_text"] == words


def test_a_small_p_is_written_as_the_language_writes_it() -> None:
    """With a comma in German."""
    alarm = DriftAlarm(
        detector="face_forgery", kind="image", figure="precision", before=0.5, before_n=40,
        now=0.2, now_n=40, p_value=0.0001,
    )  # fmt: skip
    with translation.override("de"):
        assert quality._alarm(alarm)["p"] == "< 0,001"


def _with_a_segment(score: float) -> dict[str, object]:
    segment = {"start": 0.0, "end": 1.0, "score": score, "label": ""}
    finding = {"detector": "voice_spoof", "parameters": {}, "segments": [segment]}
    return {"media": {"duration": 2.0}, "findings": [finding]}
