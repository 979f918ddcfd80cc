"""From talks to a card: batches that keep lips and sound together, and networks that learn it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
pytest.importorskip("keras")

from ml.detectors.lip_sync import inputs
from ml.detectors.lip_sync.detector import LipSync
from ml.detectors.lip_sync.network import ServedNetwork
from ml.training.sync import baselines, batches, data, folds, loop, measure, report, tables
from tests.sync.made import mouths_for, speech_like

RECIPE = loop.Recipe(steps=3, clips=4, width=4, size=8)


def talk(number: int, *, speaker: str = "", split: str = "train", seconds: float = 1.24):
    """A drawn mouth that opens as its made-up voice is loud."""
    sound = speech_like(seconds, seed=number, pitch=100 + 7 * number)
    count = int(seconds * 25)
    mouths = mouths_for(sound, count, seed=number)
    dark = (mouths < 100).mean(axis=(1, 2))
    shapes = np.stack([dark, 1 - dark], axis=1).astype(np.float32)
    who = speaker or f"s{number % 6}"
    clip = data.Clip("made.zip", f"{number}.mp4", split, who, f"{number:064}")
    return data.Talk(clip, 0.0, mouths, shapes, sound)


def test_a_speaker_in_two_splits_is_refused() -> None:
    """So is the very same clip."""
    one, other = talk(1, speaker="a").clip, talk(2, speaker="a", split="test").clip
    with pytest.raises(data.ManifestRefused, match="speaker a"):
        data.check_splits([one, other])


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    """The same step gives the same bits; the next one others; every speaker gets a turn."""
    talks = [talk(n) for n in range(12)]
    draw = batches.Draw(talks, clips=6, seed=1)
    first, again, next_one = draw.batch(3), draw.batch(3), draw.batch(4)
    assert first.mouths.tobytes() == again.mouths.tobytes()
    assert first.mel.tobytes() == again.mel.tobytes()
    assert first.mouths.tobytes() != next_one.mouths.tobytes()
    assert sorted(first.speakers) == list(range(6))
    places = batches.PLACES
    assert first.mouths.shape == (6, places + 8, inputs.LIPS_SIDE, inputs.LIPS_SIDE)
    assert first.mel.shape == (6, 4 * places + 16, inputs.BANDS)
    assert np.isfinite(first.mouths).all() and np.isfinite(first.mel).all()


def test_training_and_serving_see_the_same_bits() -> None:
    """What a batch would hold without its changes is what serving cuts."""
    one = talk(5)
    low, high = batches.place_range(one)
    served = inputs.sound(one.sound, one.start, low, high)
    again = inputs.sound(one.sound, one.start, *inputs.sound_places(one.sound, 0.0, low, high))
    assert served.tobytes() == again.tobytes()
    assert high - low >= batches.PLACES


def test_both_baselines_tell_drawn_shifts() -> None:
    """Where the mouth follows the loudness exactly, even they must see a shift of ten frames."""
    learnt = [talk(n) for n in range(24)]
    unseen = [talk(n, speaker=f"t{n % 3}", split="test") for n in range(30, 45)]
    for made in (baselines.RidgeBaseline(learnt), baselines.DistanceBaseline(learnt)):
        items = measure.shift_items(unseen, made.of(unseen), 10, measure.singles(unseen))
        assert measure.auc(items)["auc"] > 0.7


@pytest.mark.slow
def test_the_network_learns_drawn_lips() -> None:
    """On drawn mouths a short training already tells foreign sound from own on unseen voices."""
    recipe = loop.Recipe(steps=120, clips=12, width=4, size=16)
    learnt = [talk(n) for n in range(36)]
    unseen = [talk(n, speaker=f"t{n % 3}", split="test") for n in range(50, 68)]

    def auc(folder: Path, steps: int) -> float:
        told = loop.Recipe(**{**vars_of(recipe), "steps": steps})
        network = folds.network_of(folder, learnt, told, lambda things: things)
        pairing = folds.pairing(folds.embedded(network, unseen))
        items = measure.shift_items(unseen, pairing, 10, measure.singles(unseen))
        return measure.auc(items)["auc"]

    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        assert auc(Path(folder) / "long", 120) > 0.8


def vars_of(recipe: loop.Recipe) -> dict[str, object]:
    return {name: getattr(recipe, name) for name in loop.Recipe.__dataclass_fields__}


@pytest.mark.slow
def test_from_talks_to_a_detector_with_a_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folds, training, export with parity, calibration and measurement; the card opens."""
    monkeypatch.setattr(measure, "DRAWS", 1)
    talks = [talk(n, speaker=f"s{n % 8}") for n in range(48)]
    talks += [talk(n, speaker=f"t{n % 2}", split="test") for n in range(60, 72)]
    card = report.write(talks, tmp_path / "runs", RECIPE, tmp_path / "out")
    assert card == json.loads((tmp_path / "out" / "card.json").read_text())
    for entry in ("weights", "weights_of_sound"):
        assert card[entry]["parity"]["greatest_difference"] <= report.TOLERANCE
    assert set(card["measured"]["network"]) == {"one clip", "five clips"}
    assert len(card["measured"]["baselines"]) == 2
    assert card["calibration"]["used"]["cap"] <= 1.0
    detector = LipSync(ServedNetwork(tmp_path / "out"))
    assert detector.version == report.VERSION
    assert "AUC" in report.as_text(card) or "auc" in report.as_text(card).lower()
    assert loop.is_trained(tmp_path / "runs" / "served", RECIPE)
    text = tmp_path / "text.md"
    text.write_text("before\n<!-- sync:start -->\nold\n<!-- sync:end -->\nafter\n")
    tables.put(card, text)
    assert "old" not in text.read_text() and "shifted by 10 frames, AUC" in text.read_text()
