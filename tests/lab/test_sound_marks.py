"""The measurement of watermarks in sound: what it joins, and where its figures stand."""

from __future__ import annotations

import json

import numpy as np

from lab.sound_marks import measure
from lab.sound_marks.__main__ import PAGE
from ml.engine.media.spectra import RATE
from ml.evaluation import pages


def test_page_and_card_hold_the_same_figures() -> None:
    """Both were written by one run of the command; nobody typed one of them."""
    figures = json.loads(measure.CARD.read_text())["measured"]
    assert pages.held(PAGE, "measured").strip() == measure.as_text(figures)


def test_clips_of_two_speakers_are_never_joined() -> None:
    """Whole pieces of one speaker; what is left over is dropped."""
    length = round(measure.LONG * RATE)
    half = [(name, np.full(length // 2, value, np.float32)) for name, value in (("a", 1), ("b", 2))]
    found = measure.joined([half[0], half[1], half[1], half[0], half[0]])
    assert [sorted(set(piece.tolist())) for piece in found] == [[1.0], [2.0]]
    assert all(len(piece) == length for piece in found)
