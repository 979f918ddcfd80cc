"""The image encoder: its file is read exactly, and what is served says what float32 says."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from ml import model_files
from ml.image_encoders import building, onnx_tensors, reference, served, weights
from ml.image_encoders.patches import FirstLayer, patches
from ml.image_encoders.served import ServedEncoder
from ml.model_files import ModelFileUnusable
from ml.serving import read_card

CHECK = Path(building.CHECKS) / "synthetic_image"


# --- a file in the ONNX format, written by hand -------------------------------------------------


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def number(key: int, value: int) -> bytes:
    return varint(key << 3) + varint(value)


def tensor(name: str, kind: int, dims: Iterable[int], content: bytes) -> bytes:
    head = b"".join(number(1, dim) for dim in dims) + number(2, kind)
    return field(5, head + field(8, name.encode()) + content)


def raw(array: np.ndarray) -> bytes:
    return field(9, array.tobytes())


def node(kind: str, inputs: Iterable[str], output: str) -> bytes:
    named = b"".join(field(1, name.encode()) for name in inputs)
    return field(1, named + field(2, output.encode()) + field(4, kind.encode()))


def test_a_linear_layer_comes_back_as_int8_times_its_scales() -> None:
    """(int8 - zero point) x scale of its output channel, under the encoder's own name."""
    stored = np.array([[1, -2, 3], [127, -128, 0]], np.int8)
    scales, zeros = np.array([0.5, 2.0, 0.25], np.float32), np.array([0, 1, -1], np.int8)
    layer = "/vision_model/encoder/layers.0/mlp/fc1"
    graph = (
        tensor("m_quantized", 3, (2, 3), raw(stored))
        + tensor("m_scale", 1, (3,), field(4, scales.tobytes()))
        + tensor("m_zero_point", 3, (3,), field(5, b"".join(varint(int(z) % 2**64) for z in zeros)))
        + tensor("vision_model.pre_layrnorm.bias", 1, (3,), raw(scales))
        + node("MatMulInteger", ("x", "m_quantized", "z", "m_zero_point"), f"{layer}/MatMul_out")
    )
    found = weights.floats(field(7, graph))
    assert found.keys() == {"encoder.layers.0.mlp.fc1.weight", "pre_layrnorm.bias"}
    wanted = [[0.5, -6.0, 1.0], [63.5, -258.0, 0.25]]
    assert found["encoder.layers.0.mlp.fc1.weight"].tolist() == wanted


@pytest.mark.parametrize("cut", [1, 2, 7])
def test_a_file_that_ends_too_early_is_refused(cut: int) -> None:
    whole = field(7, tensor("t", 1, (2,), raw(np.ones(2, np.float32))))
    with pytest.raises(onnx_tensors.NotOnnx):
        onnx_tensors.read(whole[:-cut])


def test_a_negative_number_keeps_its_sign() -> None:
    packed = varint(struct.unpack("<Q", struct.pack("<q", -7))[0])
    tensors, _ = onnx_tensors.read(field(7, tensor("t", 7, (1,), field(5, packed))))
    assert tensors["t"].tolist() == [-7]


# --- what is built and served ---------------------------------------------------------------------


def test_patches_keep_every_pixel_in_its_place() -> None:
    pixels = np.arange(32 * 32 * 3, dtype=np.uint32).reshape(32, 32, 3) % 251
    cut = patches(pixels.astype(np.uint8))
    assert cut.shape == (4, 768)
    assert cut[1].reshape(16, 16, 3).tolist() == pixels[:16, 16:].tolist()


def encoder() -> ServedEncoder:
    try:
        return ServedEncoder("synthetic_image", CHECK, read_card(CHECK))
    except ModelFileUnusable as missing:
        pytest.skip(str(missing))


def test_the_served_encoder_says_what_float32_says() -> None:
    """On drawn pictures that set-up did not hold it against: within half a degree in a hundred."""
    made, card = encoder(), read_card(CHECK)
    tuned = weights.with_norms(weights.load(), building.norms(CHECK, card))
    random = np.random.default_rng(5)
    for side in (4, 16, 64):
        coarse = random.integers(0, 256, (side, side, 3)).astype(np.uint8)
        crop = np.kron(coarse, np.ones((made.side // side, made.side // side, 1), np.uint8))
        found = made.features(crop)
        wanted = reference.features(tuned, card["encoder"]["taps"], crop)
        likeness = float(found @ wanted / np.linalg.norm(found) / np.linalg.norm(wanted))
        assert likeness > building.LEAST_LIKENESS


def test_a_network_that_was_changed_after_it_was_built_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = encoder().file
    for part in (built, served.first_layer_of(built), served.note_of(built)):
        shutil.copy(part, tmp_path / part.name)
    content = bytearray(built.read_bytes())
    content[-1] ^= 1
    (tmp_path / built.name).write_bytes(bytes(content))
    monkeypatch.setenv("MODELS_DIR", str(tmp_path))
    changed = ServedEncoder("synthetic_image", CHECK, read_card(CHECK))
    with pytest.raises(ModelFileUnusable, match="changed after it was built"):
        changed.features(np.zeros((changed.side, changed.side, 3), np.uint8))


def test_other_layernorms_are_another_network(tmp_path: Path) -> None:
    """A new release of the check never runs the network of the old one."""
    card = read_card(CHECK)
    before = served.file_name("synthetic_image", served.made_from(CHECK, card))
    shutil.copytree(CHECK, tmp_path / "check")
    file = tmp_path / "check" / card["encoder"]["norms"]["file"]
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(ModelFileUnusable, match="not those that the card names"):
        served.made_from(tmp_path / "check", card)
    card["encoder"]["norms"]["sha256"] = served.digest(file.read_bytes())
    assert served.file_name("synthetic_image", served.made_from(tmp_path / "check", card)) != before


def test_without_the_base_file_one_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELS_DIR", str(tmp_path))
    (failure,) = building.build_missing(say=lambda sentence: None)
    assert model_files.FILES["clip_vit_b16"].name in failure
    assert "python -m ml.model_files" in failure


def test_the_first_layer_is_the_reference_one() -> None:
    """What is laid beside the network at set-up computes the same tokens."""
    made = encoder()
    crop = np.random.default_rng(1).integers(0, 256, (made.side, made.side, 3)).astype(np.uint8)
    wanted = FirstLayer.of(weights.load(), made.side).tokens(crop)
    with np.load(served.first_layer_of(made.file)) as stored:
        found = FirstLayer(stored["kernel"], stored["added"]).tokens(crop)
    assert np.array_equal(found, wanted)
    assert json.loads(served.note_of(made.file).read_text())["likeness"] >= building.LEAST_LIKENESS
