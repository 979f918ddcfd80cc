"""The loop learns, continues after an interruption as if there had been none, and refuses mixed
runs."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from lab.face import loop
from lab.face.batches import Pool
from lab.face.config import FaceConfig
from lab.face.face_net import as_input
from ml.engine.media.face_scores import normalised
from ml.evaluation import metrics
from tests.lab.face.faces import drawn_store
from tests.lab.face.test_making import SMALL


def tiny(side: int) -> keras.Model:
    """The face network's mouth and ears without its body: the same inputs, outputs, dropout and
    normalisation, small enough for a loop to be tested in seconds."""
    pixels = keras.Input((side, side, 3))
    x = layers.Conv2D(8, 8, 8, name="body")(pixels)
    x = layers.ReLU()(layers.BatchNormalization(name="body_bn")(x))
    pooled = layers.Dropout(0.2, seed=0)(layers.GlobalMaxPooling2D()(x))
    logit = layers.Dense(1, name="logit")(pooled)
    cells = layers.Flatten(name="map")(layers.Conv2D(1, 1, name="map_cells")(x))
    return keras.Model(pixels, {"logit": logit, "map": cells})


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool(drawn_store(), SMALL)


def _weights(run: Path) -> dict[str, np.ndarray]:
    with np.load(run / loop.WEIGHTS) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def whole_run(pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("whole")
    loop.train(pool, run, imagenet=None, network=tiny)
    return run


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 2, 5])
def test_a_stopped_run_goes_on_as_if_it_had_not(
    pool: Pool, whole_run: Path, tmp_path: Path, stop: int
) -> None:
    """Stopped among the heads' steps, at the border of the phases, or later, and resumed: the
    averaged weights and all losses are those of the run that was never stopped."""
    loop.train(pool, tmp_path / "two", imagenet=None, network=tiny, stop_at=stop)
    assert not (tmp_path / "two" / loop.WEIGHTS).exists()
    loop.train(pool, tmp_path / "two", imagenet=None, network=tiny, resume=True)
    whole, two = _weights(whole_run), _weights(tmp_path / "two")
    assert whole.keys() == two.keys()
    for name, values in whole.items():
        np.testing.assert_allclose(two[name], values, rtol=1e-3, atol=1e-5, err_msg=name)
    losses = [
        np.loadtxt(run / loop.LOG, delimiter=",", usecols=(0, 1))
        for run in (whole_run, tmp_path / "two")
    ]
    assert losses[0][:, 0].tolist() == list(range(SMALL.steps))
    np.testing.assert_allclose(losses[0], losses[1], atol=2e-3)


@pytest.mark.slow
def test_the_network_learns_what_is_plainly_there(tmp_path: Path) -> None:
    """A bright block, in pictures that are otherwise alike, is learnt within sixty steps."""
    config = dataclasses.replace(
        SMALL, steps=60, pairs=4, blends=0, rate=1e-2, ema=0.8, smoothing=0.0
    )
    pool = Pool(drawn_store(), config)
    training = loop.train(pool, tmp_path / "run", imagenet=None, network=tiny)
    loop.load_average(config, tmp_path / "run" / loop.WEIGHTS, tiny)
    batch = pool.batch(999)
    logits = training.model.predict_on_batch(as_input(normalised(batch.pixels)))
    first = np.loadtxt(tmp_path / "run" / loop.LOG, delimiter=",", usecols=1)
    assert first[-8:].mean() < 0.6 * first[:8].mean()
    assert metrics.auc(batch.labels[:, 0], logits["logit"][:, 0]) == 1.0


def test_a_run_is_not_begun_twice(tmp_path: Path) -> None:
    """Without `--resume` an old run is left alone; with other settings it is not gone on with."""
    loop.begin(tmp_path, SMALL, resume=False)
    with pytest.raises(loop.CannotResume, match="holds a run already"):
        loop.begin(tmp_path, SMALL, resume=False)
    loop.begin(tmp_path, SMALL, resume=True)
    with pytest.raises(loop.CannotResume, match="other settings"):
        loop.begin(tmp_path, dataclasses.replace(SMALL, seed=2), resume=True)


@pytest.mark.parametrize(("at", "allowed"), [(3, True), (7, False)])
def test_steps_may_be_added_until_the_rate_falls(tmp_path: Path, at: int, allowed: bool) -> None:
    """A level rate does not know how long it will last; a falling one does."""
    loop.begin(tmp_path, SMALL, resume=False)
    np.savez(tmp_path / loop.CHECKPOINT, step=at)
    longer = dataclasses.replace(SMALL, steps=20)
    if allowed:
        loop.begin(tmp_path, longer, resume=True)
        assert FaceConfig.read(tmp_path / loop.CONFIG) == longer
    else:
        with pytest.raises(loop.CannotResume, match="falls already"):
            loop.begin(tmp_path, longer, resume=True)


def test_the_rate_rises_stays_and_ends_at_nothing() -> None:
    """Heads first at their own rate, then up, level, and down to nothing at the last step."""
    rates = [SMALL.learning_rate(step) for step in range(SMALL.steps + 1)]
    assert rates[:2] == [SMALL.head_rate] * 2
    assert max(rates[2:]) == SMALL.rate
    assert rates[-1] == 0.0
    falling = rates[SMALL.decay_from :]
    assert falling == sorted(falling, reverse=True)


def test_a_run_may_begin_from_another(tmp_path: Path) -> None:
    """Only the backbone is taken, and the heads begin anew, unless they are asked for."""
    arrays: dict[str, Any] = {
        "stem/kernel": np.ones(2),
        "block0_bn/gamma": np.ones(1),
        "logit/kernel": np.ones(3),
    }
    np.savez(tmp_path / loop.WEIGHTS, **arrays)
    taken = {
        heads: set(loop.finished(tmp_path / loop.WEIGHTS, heads=heads)) for heads in (False, True)
    }
    assert taken[False] == {"stem/kernel", "block0_bn/gamma"}
    assert taken[True] == set(arrays)


def test_only_the_gradient_is_taken_uphill(pool: Pool) -> None:
    """Meanwhile the weights stand as far away as was asked, in the heads' steps not at all, and
    afterwards they are where they were."""
    training = loop.Training(dataclasses.replace(SMALL, uphill=0.5), None, tiny)

    def weights() -> list[np.ndarray]:
        return [keras.ops.convert_to_numpy(v) + 0 for v in training.model.trainable_variables]

    def away() -> float:
        before = weights()
        with training._uphill():
            meanwhile = weights()
        for old, new in zip(before, weights(), strict=True):
            np.testing.assert_allclose(new, old, atol=1e-6)
        steps = [a - b for a, b in zip(meanwhile, before, strict=True)]
        return float(np.sqrt(sum((step**2).sum() for step in steps)))

    training.learn(pool.batch(0))
    assert away() == 0.0
    for step in range(1, SMALL.head_steps + 1):
        training.learn(pool.batch(step))
    assert away() == pytest.approx(0.5, abs=1e-4)
