"""The ImageNet weights: read without torch, put into their places, and still seeing."""

from __future__ import annotations

import pickle
from io import BytesIO
from typing import Any

import cv2
import keras
import numpy as np
import pytest

from lab.face import convert_lite0, lite0
from lab.face.face_net import HEADS, face_net, only_heads_learn

MILITARY_UNIFORM, BOW_TIE, CLASSES = 652, 457, 1000


@pytest.fixture(scope="module")
def state() -> dict[str, Any]:
    try:
        file = convert_lite0.published()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with file.open("rb") as content:
        return convert_lite0.read_torch_file(content)


@pytest.fixture(scope="module")
def network(state: dict[str, Any]) -> keras.Model:
    model = lite0.lite0(224)
    lite0.load_imagenet(model, convert_lite0.convert(state))
    return model


def _input(pixels: np.ndarray) -> np.ndarray:
    batch = lite0.normalised(pixels)[None]
    return batch.transpose(0, 3, 1, 2) if lite0.channel_axis() == 1 else batch


def test_the_converted_network_recognises_a_uniform(
    state: dict[str, Any], network: keras.Model
) -> None:
    """Rear Admiral Hopper's portrait: ImageNet's class for it comes first. A conversion with one
    wrong axis would be no better than one in a thousand."""
    from ml.engine.media.face_model import golden_photograph

    photograph = golden_photograph()[:512, :512]
    square = cv2.resize(photograph, (224, 224), interpolation=cv2.INTER_AREA)
    top = np.asarray(keras.ops.convert_to_numpy(network(_input(square))[2]))
    pooled = top.mean(axis=(2, 3) if lite0.channel_axis() == 1 else (1, 2))[0]
    logits = state["_fc.weight"] @ pooled + state["_fc.bias"]
    assert logits.shape == (CLASSES,)
    assert int(np.argmax(logits)) == MILITARY_UNIFORM


def test_a_forgotten_array_is_an_error(state: dict[str, Any]) -> None:
    """Weights are placed by name: too many or too few never pass in silence."""
    arrays = convert_lite0.convert(state)
    model = lite0.lite0(64)
    with pytest.raises(ValueError, match="no place"):
        lite0.load_imagenet(model, arrays | {"block99/kernel": np.zeros(1)})
    arrays.pop("block3_project/kernel")
    with pytest.raises(ValueError, match="lack block3_project/kernel"):
        lite0.load_imagenet(model, arrays)


def test_heads_are_placed_where_there_are_some(state: dict[str, Any]) -> None:
    """A finished run's heads go to their places; ImageNet's weights leave the heads as they are."""
    arrays = convert_lite0.convert(state)
    model = face_net(64)
    logit = model.get_layer("logit")
    before = logit.get_weights()
    lite0.load_imagenet(model, arrays)
    np.testing.assert_array_equal(logit.get_weights()[0], before[0])
    heads = {"logit/kernel": before[0] + 1, "logit/bias": before[1] + 2}
    lite0.load_imagenet(model, arrays | heads)
    np.testing.assert_array_equal(logit.get_weights()[0], before[0] + 1)
    np.testing.assert_array_equal(logit.get_weights()[1], before[1] + 2)


def test_a_file_that_would_run_code_is_refused() -> None:
    """The file of weights is a pickle; ours knows tensors and nothing else."""
    hostile = BytesIO(pickle.dumps(print))
    with pytest.raises(pickle.UnpicklingError, match="no place"):
        convert_lite0.read_torch_file(hostile)


def test_every_stage_equals_torch(state: dict[str, Any]) -> None:
    """Stage by stage, the Keras network against the same stages computed by torch from the
    published file as torch itself reads it."""
    torch = pytest.importorskip(
        "torch", reason="torch is not installed; only training tests use it"
    )
    conv2d, batch_norm = torch.nn.functional.conv2d, torch.nn.functional.batch_norm
    theirs = torch.load(convert_lite0.published(), map_location="cpu", weights_only=True)
    for name, values in theirs.items():
        assert np.array_equal(values.numpy(), state[name]), name

    def same(x: Any, kernel: int, stride: int) -> Any:
        """TensorFlow's padding, with which these weights were trained."""
        total = max((-(-x.shape[-1] // stride) - 1) * stride + kernel - x.shape[-1], 0)
        low = total // 2
        return torch.nn.functional.pad(x, (low, total - low, low, total - low))

    def layer(x: Any, conv: str, norm: str, *, stride: int = 1, depthwise: bool = False) -> Any:
        weight = theirs[f"{conv}.weight"]
        groups = weight.shape[0] if depthwise else 1
        x = conv2d(same(x, weight.shape[-1], stride), weight, stride=stride, groups=groups)
        parts = [theirs[f"{norm}.{n}"] for n in ("running_mean", "running_var", "weight", "bias")]
        return batch_norm(x, *parts, eps=1e-3)

    model = lite0.lite0(64)
    lite0.load_imagenet(model, convert_lite0.convert(state))
    names = ["stem_relu"]
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    x = torch.from_numpy(lite0.normalised(pixels)[None].transpose(0, 3, 1, 2).copy())
    with torch.no_grad():
        x = layer(x, "_conv_stem", "_bn0", stride=2).clamp(0, 6)
        expected, number = [x], 0
        for _, stride, expansion, _, repeats in lite0.STAGES:
            for repeat in range(repeats):
                block, entry = f"_blocks.{number}", x
                step = stride if repeat == 0 else 1
                if expansion > 1:
                    x = layer(x, f"{block}._expand_conv", f"{block}._bn0").clamp(0, 6)
                x = layer(
                    x, f"{block}._depthwise_conv", f"{block}._bn1", stride=step, depthwise=True
                ).clamp(0, 6)
                x = layer(x, f"{block}._project_conv", f"{block}._bn2")
                added = step == 1 and entry.shape == x.shape
                x = entry + x if added else x
                expected.append(x)
                names.append(f"block{number}_{'add' if added else 'project_bn'}")
                number += 1
        expected.append(layer(x, "_conv_head", "_bn1").clamp(0, 6))
        names.append("head_relu")
        probe = keras.Model(model.input, [model.get_layer(name).output for name in names])
        for name, ours, other in zip(names, probe(_input(pixels)), expected, strict=True):
            found = np.asarray(keras.ops.convert_to_numpy(ours))
            if lite0.channel_axis() == -1:
                found = found.transpose(0, 3, 1, 2)
            np.testing.assert_allclose(found, other.numpy(), atol=2e-3, rtol=1e-3, err_msg=name)


def test_the_face_network_has_a_logit_and_a_map_and_learns_in_two_phases() -> None:
    """One logit, one cell for every 8 x 8 pixels; at first the heads learn alone."""
    model = face_net(64)
    shapes = {name: tensor.shape for name, tensor in model.output.items()}
    assert shapes == {"logit": (None, 1), "map": (None, 64)}
    only_heads_learn(model, True)
    learning = {v.path.split("/")[0] for v in model.trainable_variables}
    assert learning == set(HEADS)
    only_heads_learn(model, False)
    assert len(model.trainable_variables) > 100
