"""A tiny training from nothing to a served file: resumable, repeatable, and it learns."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
keras = pytest.importorskip("keras")

from ml.detectors.voice_spoof import windows  # noqa: E402
from ml.training.sound import export, loop, model  # noqa: E402
from ml.training.sound.pictures import Pictures, shaken  # noqa: E402
from ml.training.sound.store import CLIP, VOCODED, Row  # noqa: E402

RECIPE = loop.Recipe(steps=6, reals=4, vocoded=2, crop=64, seed=3)


def _pictures(count: int = 12) -> Pictures:
    """Noise; the fakes' upper bands flicker, which a mean over time cannot show."""
    rng = np.random.default_rng(0)
    rows, logs = [], []
    for number in range(count):
        fake = number % 2 == 1
        origin = VOCODED if number % 4 == 3 else CLIP
        parent = number - 1 if origin == VOCODED else number
        label = "fake" if fake else "real"
        split = "test" if number >= count - 2 else "train"
        rows.append(Row(origin, label, split, "s", "y", f"p{number // 2}", parent, 0, 0))
        picture = rng.normal(size=(windows.FRAMES, windows.BANDS)).astype(np.float32)
        if fake:
            picture[::2, 40:] += 4.0
        logs.append(picture)
    numbers = np.arange(count)
    return Pictures(np.stack(logs), numbers, np.zeros(count, bool), rows)


def test_the_network_is_small_and_gives_one_logit() -> None:
    """Below half a million parameters; any number of frames in training, one logit out."""
    network = model.build(frames=None)
    assert network.count_params() < 500_000
    for frames in (64, windows.FRAMES):
        out = network(np.zeros((2, frames, windows.BANDS), np.float32))
        assert tuple(out.shape) == (2, 1)
        assert np.isfinite(np.asarray(out)).all()


def test_a_batch_is_half_real_and_depends_on_seed_and_step_alone() -> None:
    """Copies stand beside their originals; the same step is the same batch."""
    draw = loop.Draw(_pictures(), lambda row: row.split != "test", RECIPE)
    crops, labels = draw.batch(5)
    assert crops.shape == (8, 64, windows.BANDS)
    assert labels[:4].sum() == 0
    assert labels[4:].sum() == 4
    again = loop.Draw(_pictures(), lambda row: row.split != "test", RECIPE).batch(5)
    assert np.array_equal(crops, again[0])
    assert not np.array_equal(crops, draw.batch(6)[0])


def test_what_training_may_not_see_is_not_drawn() -> None:
    """Held-out rows, and the copies made of them, are in no list."""
    pictures = _pictures()
    draw = loop.Draw(pictures, lambda row: row.split != "test", RECIPE)
    drawn = {*draw.real, *draw.fake, *(n for copies in draw.copies.values() for n in copies)}
    assert all(pictures.rows[n].split != "test" for n in drawn)
    with pytest.raises(ValueError, match="real and fake"):
        loop.Draw(pictures, lambda row: row.is_fake, RECIPE)


def test_shaken_pictures_stay_finite_and_keep_their_shape() -> None:
    """Noise, narrow bands and gaps make other pictures, never broken ones."""
    logs = _pictures().logs[0]
    for seed in range(20):
        other = shaken(logs, np.random.default_rng(seed))
        assert other.shape == logs.shape
        assert np.isfinite(other).all()


@pytest.mark.slow
def test_a_stopped_training_goes_on_where_it_was(tmp_path: Path) -> None:
    """Stopped after three of six steps and resumed: the batches that follow are the same ones."""
    seen: list[int] = []

    def stop_after_three(steps):
        for step in steps:
            if step == 3:
                raise KeyboardInterrupt
            seen.append(step)
            yield step

    every = lambda row: True  # noqa: E731
    with pytest.raises(KeyboardInterrupt):
        loop.train(_pictures(), every, tmp_path, RECIPE, watch=stop_after_three, save_every=3)
    network = loop.train(
        _pictures(),
        every,
        tmp_path,
        RECIPE,
        watch=lambda steps: (seen.append(step) or step for step in steps),
        save_every=3,
    )
    assert seen == [0, 1, 2, 3, 4, 5]
    assert not (tmp_path / "part").exists()
    probe = np.zeros((1, windows.FRAMES, windows.BANDS), np.float32)
    opened = loop.train(_pictures(), every, tmp_path, RECIPE)
    assert np.allclose(loop.score(network, probe), loop.score(opened, probe))


@pytest.mark.slow
def test_it_learns_and_the_exported_file_says_the_same(tmp_path: Path) -> None:
    """Forty steps tell an easy pair apart, and LiteRT agrees with Keras on every picture."""
    recipe = dataclasses.replace(RECIPE, steps=40, reals=6, vocoded=2, averaging=0.8)
    pictures = _pictures()
    network = loop.train(pictures, lambda row: True, tmp_path / "run", recipe)
    probes = np.stack([windows.without_channel(logs) for logs in pictures.logs])
    logits = loop.score(network, probes)
    fake = np.array([row.is_fake for row in pictures.rows])
    assert logits[fake].min() > logits[~fake].max()
    told = export.exported(network, tmp_path / "net.tflite", probes)
    assert told["parity"]["greatest_difference"] < export.TOLERANCE
    assert (tmp_path / "net.tflite").stat().st_size == told["bytes"] < 3_000_000
    assert json.dumps(told)
