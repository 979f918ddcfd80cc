"""The network that is served: its scores stand still, and the card tells the truth."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ml.engine import registry
from ml.engine.detectors.temporal.calibration import CAP
from ml.engine.detectors.temporal.network import FOLDER, ServedNetwork
from ml.engine.manifest import manifest_of
from ml.engine.serving import CARD, WeightsUnusable
from tests.temporal import golden_temporal

pytestmark = pytest.mark.skipif(
    not (FOLDER / CARD).exists(), reason="no temporal network is shipped"
)
STILL = 0.02


def test_golden_scores_stand_still() -> None:
    """A new NumPy, OpenCV or LiteRT must not move a score without anybody noticing."""
    golden = manifest_of("temporal").golden
    assert golden_temporal.scores() == pytest.approx(golden, abs=STILL)


def test_the_card_and_the_detector_agree() -> None:
    """Name, version, bounds in the right order, the cap, and figures for what is claimed."""
    from ml.engine.detectors.temporal.detector import Temporal

    detector = Temporal()
    card = detector.network.card
    assert (card["name"], card["version"]) == (detector.name, detector.version)
    line = detector.calibration.line
    assert line.slope > 0 and line.cap <= CAP and line.clear_at < line.found_at
    assert card["limits"] and card["licence"] and card["data"]["sources"]
    assert card["measured"]["never_met"]["kind place"]["network"]["auc"] is not None


def test_it_is_offered_only_if_its_figures_carry_it() -> None:
    """Whether the check is offered is what the card's figures say, in either direction."""
    from lab.temporal.offering import verdict

    card = ServedNetwork().card
    assert card["measured"]["offered"] == verdict(card["measured"])
    assert ("temporal" in registry.names()) is card["measured"]["offered"]["carries"]


def test_weights_of_another_card_are_refused(tmp_path: Path) -> None:
    """The file changed: nothing is loaded."""
    (tmp_path / CARD).write_bytes((FOLDER / CARD).read_bytes())
    (tmp_path / "temporal.tflite").write_bytes(b"another network")
    with pytest.raises(WeightsUnusable, match=r"temporal\.tflite is not the file"):
        ServedNetwork(tmp_path)


def test_serving_never_imports_a_training_framework() -> None:
    """Neither TensorFlow nor Keras is loaded by the worker's side of the detector."""
    code = (
        "import sys; sys.path.insert(0, 'platform');"
        "from ml.engine.detectors.temporal.detector import make; make();"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    root = FOLDER.parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, timeout=120)
