"""The networks that are served: their scores stand still, and the card tells the truth."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ml.engine import registry
from ml.engine.audio_encoders import whisper as ears
from ml.engine.detectors.lip_sync import inputs
from ml.engine.detectors.lip_sync.calibration import CAP
from ml.engine.detectors.lip_sync.network import FOLDER, ServedNetwork
from ml.engine.manifest import manifest_of
from ml.engine.serving import CARD, WeightsUnusable
from tests.sync import golden_sync

pytestmark = pytest.mark.skipif(
    not (FOLDER / CARD).exists(), reason="no lip sync networks are shipped"
)
STILL = 0.01


def test_golden_scores_stand_still() -> None:
    """A new NumPy, OpenCV or LiteRT must not move a score without anybody noticing."""
    golden = manifest_of("lip_sync").golden
    for name, values in golden_sync.scores().items():
        assert values == pytest.approx(golden[name], abs=STILL)


def test_the_card_and_the_detector_agree() -> None:
    """Name, version, bounds in the right order, the cap, and figures for what is claimed."""
    from ml.engine.detectors.lip_sync.detector import LipSync

    detector = LipSync()
    card = detector.network.card
    assert (card["name"], card["version"]) == (detector.name, detector.version)
    line = detector.calibration.line
    assert line.slope > 0 and line.cap <= CAP
    carried = ears.CARRIED
    assert (card["ear"]["package"], card["ear"]["sha256"]) == (carried.package, carried.sha256)
    assert card["ear"]["layers"] == inputs.ENCODER_LAYER <= ears.DEEPEST
    assert card["limits"] and card["licence"] and card["data"]["sources"]
    one = card["measured"]["network"]["one clip"]
    assert one["shifted by 10 frames"]["auc"] is not None


def test_weights_of_another_card_are_refused(tmp_path: Path) -> None:
    """Either of the two files changed: nothing is loaded."""
    for name in (CARD, "lips.tflite", "sound.tflite"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    (tmp_path / "sound.tflite").write_bytes(b"another network")
    with pytest.raises(WeightsUnusable, match=r"sound\.tflite is not the file"):
        ServedNetwork(tmp_path)


@pytest.mark.skipif("lip_sync" not in registry.names(), reason="lip_sync is not offered")
def test_serving_never_imports_a_training_framework() -> None:
    """Neither TensorFlow nor Keras is loaded by the worker's side of the detector."""
    code = (
        "import sys; sys.path.insert(0, 'platform');"
        "from ml.engine.detectors.lip_sync.detector import make; make();"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    root = FOLDER.parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, timeout=120)
