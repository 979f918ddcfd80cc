"""The served classifiers: their scores do not change, and the card's figures are right."""

from __future__ import annotations

import subprocess
import sys

import pytest
from scipy.stats import binom

from ml.engine.audio_encoders import speakers
from ml.engine.audio_encoders import whisper as words
from ml.engine.detectors.voice_spoof.calibration import CAP
from ml.engine.detectors.voice_spoof.network import FOLDER
from ml.engine.manifest import manifest_of
from tests.detectors import golden_voice

STILL = 0.01


def test_golden_scores_stand_still() -> None:
    """A new NumPy or SciPy, or another ear, must not move a score without anybody noticing."""
    golden = manifest_of("voice_spoof").golden
    assert golden_voice.scores() == pytest.approx(golden, abs=STILL)


def test_the_card_and_the_detector_agree() -> None:
    """Name, version, ears, cap, a bound that decides and that hardly any genuine sound of a
    source never met reaches, and figures for what is claimed."""
    from ml.engine.detectors.voice_spoof.detector import VoiceSpoof

    detector = VoiceSpoof()
    card = detector.network.card
    assert (card["name"], card["version"]) == (detector.name, detector.version)
    for name, encoder in ((words.WORDS, words), (speakers.SPEAKERS, speakers)):
        entry = card["ears"][name]
        assert (entry["package"], entry["sha256"]) == (
            encoder.CARRIED.package,
            encoder.CARRIED.sha256,
        )
    assert len(detector.network.encoders) == len(card["ears"]) == 2
    assert card["recipe"]["layers"] == [layer.name for layer in detector.network.panel.layers]
    line = detector.network.calibration.line
    assert line.slope > 0 and line.cap <= CAP
    assert card["limits"] and card["licence"] and card["data"]["sources"]
    measured = card["measured"]
    assert measured["test_split"]["auc"] is not None
    assert measured["engines_never_shown"]["gen-hibari"]["auc"] < measured["test_split"]["auc"]
    decides = card["calibration"]["decides"]
    assert detector.network.calibration.decides_at == decides["at"] >= line.found_at
    above = decides["above"].values()
    counts = [(round(one["share"] * one["of"]), one["of"]) for one in above]
    assert sum(n for n, _ in counts) <= decides["alpha"] * sum(of for _, of in counts)
    assert all(n <= binom.ppf(0.95, of, decides["alpha"]) for n, of in counts if of >= 20)


def test_serving_never_imports_a_training_framework() -> None:
    """Neither TensorFlow nor scikit-learn is loaded by the worker's side of the detector."""
    code = (
        "import sys; sys.path.insert(0, 'platform');"
        "from ml.engine.detectors.voice_spoof.detector import make; make();"
        "assert not {'tensorflow', 'keras', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parents[3], check=True, timeout=120)
