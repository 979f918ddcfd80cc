"""What a run tuned of the encoder reaches the served network unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab.image_encoders import tuned_layers
from ml.engine.image_encoders import building, weights
from ml.engine.image_encoders.heads import read_head

WIDTH = weights.WIDTH
SETTINGS = {"taps": (6, 9), "side": 128}


def learnt() -> dict[str, Any]:
    """As `vit.Judge` names its parameters."""
    random = np.random.default_rng(4)

    def drawn(*shape: int) -> Any:
        return random.normal(0, 0.1, shape).astype(np.float32)

    return {
        "head.weight": drawn(1, 4 * WIDTH),
        "head.bias": drawn(1),
        "encoder.before.bias": drawn(WIDTH),
        "encoder.blocks.8.norm2.weight": drawn(WIDTH),
        "encoder.blocks.8.low.qkv.down": drawn(WIDTH, 4),
        "encoder.blocks.8.low.qkv.up": drawn(4, 3 * WIDTH),
        "encoder.blocks.8.low.fc1.down": drawn(WIDTH, 4),
        "encoder.blocks.8.low.fc1.up": drawn(4, 4 * WIDTH),
    }


def published() -> dict[str, Any]:
    block = "encoder.layers.8"
    linear = {f"{block}.self_attn.{part}_proj.weight": WIDTH for part in "qkv"}
    shapes = {**linear, f"{block}.mlp.fc1.weight": 4 * WIDTH}
    found: dict[str, Any] = {name: np.ones((WIDTH, out), "f4") for name, out in shapes.items()}
    one = np.ones(WIDTH, np.float32)
    return found | {"pre_layrnorm.bias": one, f"{block}.layer_norm2.weight": one}


def test_tuned_layers_reach_the_weights_that_are_built(tmp_path: Path) -> None:
    run = learnt()
    card = tuned_layers.write(run, SETTINGS, tmp_path)
    found = weights.tuned(published(), building.layers(tmp_path, card))
    block = "encoder.blocks.8.low"
    changed = run[f"{block}.qkv.down"] @ run[f"{block}.qkv.up"]
    for number, part in enumerate("qkv"):
        wanted = 1 + changed[:, number * WIDTH : (number + 1) * WIDTH]
        found_here = found[f"encoder.layers.8.self_attn.{part}_proj.weight"]
        np.testing.assert_allclose(found_here, wanted, atol=2e-3)
    wanted = 1 + run[f"{block}.fc1.down"] @ run[f"{block}.fc1.up"]
    np.testing.assert_allclose(found["encoder.layers.8.mlp.fc1.weight"], wanted, atol=2e-3)
    np.testing.assert_array_equal(found["pre_layrnorm.bias"], run["encoder.before.bias"])
    norm = found["encoder.layers.8.layer_norm2.weight"]
    np.testing.assert_array_equal(norm, run["encoder.blocks.8.norm2.weight"])


def test_the_head_is_read_as_it_was_trained(tmp_path: Path) -> None:
    run = learnt()
    head = read_head(tmp_path, tuned_layers.write(run, SETTINGS, tmp_path))
    features = np.ones(4 * WIDTH, np.float32)
    wanted = float(run["head.weight"][0].sum() + run["head.bias"][0])
    assert head(features) == pytest.approx(wanted, abs=1e-3)


def test_a_layer_that_the_encoder_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="not a weight of the encoder: other"):
        weights.tuned(published(), {"other": np.zeros(1, np.float32)})
