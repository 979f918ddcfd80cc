"""The image encoder: its file is read exactly, and the served network agrees with float32."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.engine import model_files
from ml.engine.image_encoders import building, onnx_tensors, reference, served, weights
from ml.engine.image_encoders.patches import patches
from ml.engine.image_encoders.served import ServedEncoder, encoder_of
from ml.engine.model_files import ModelFileUnusable

SIDE, TAPS = 48, (1,)


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


@dataclass(frozen=True)
class Check:
    """A check of one block and a small crop, with trained layers of its own."""

    folder: Path
    card: dict[str, Any]
    models: Path

    def encoder(self) -> ServedEncoder:
        return encoder_of(self.folder, self.card)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Built as set-up builds it, from the base file that set-up laid."""
    try:
        base = model_files.located("clip_vit_b16")
    except ModelFileUnusable as missing:
        pytest.skip(str(missing))
    folder, models = tmp_path_factory.mktemp("checks") / "some", tmp_path_factory.mktemp("models")
    folder.mkdir()
    (models / base.name).symlink_to(base)
    bias = np.linspace(-0.2, 0.2, weights.WIDTH, dtype=np.float32)
    random, block = np.random.default_rng(3), "encoder.layers.0"
    layers: dict[str, Any] = {f"{block}.layer_norm2.bias": bias}
    for name, outward in (("self_attn.qkv", 3 * weights.WIDTH), ("mlp.fc1", 4 * weights.WIDTH)):
        layers[f"{block}.{name}.down"] = random.normal(0, 0.03, (weights.WIDTH, 4)).astype("f2")
        layers[f"{block}.{name}.up"] = random.normal(0, 0.03, (4, outward)).astype("f2")
    np.savez(folder / "tuned.npz", **layers)
    described = {"file": "tuned.npz", "sha256": digest_of(folder / "tuned.npz")}
    card = {"encoder": {"base": "clip_vit_b16", "taps": TAPS, "side": SIDE, "tuned": described}}
    (folder / "card.json").write_text(json.dumps(card))
    (folder / "__init__.py").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELS_DIR", str(models))
        assert building.build_missing(folder.parent, say=lambda sentence: None) == []
    return Check(folder, card, models)


def digest_of(file: Path) -> str:
    return served.digest(file.read_bytes())


@pytest.fixture
def check(built: Check, monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.setenv("MODELS_DIR", str(built.models))
    return built


def test_the_served_encoder_says_what_float32_says(check: Check) -> None:
    """On drawn pictures that set-up did not hold it against, with the check's own layers."""
    made = check.encoder()
    tuned = weights.tuned(weights.load(), building.layers(check.folder, check.card))
    random = np.random.default_rng(5)
    for side in (3, 12, 48):
        coarse = random.integers(0, 256, (side, side, 3)).astype(np.uint8)
        crop = np.kron(coarse, np.ones((SIDE // side, SIDE // side, 1), np.uint8))
        found, wanted = made.features(crop), reference.features(tuned, TAPS, crop)
        similarity = float(found @ wanted / np.linalg.norm(found) / np.linalg.norm(wanted))
        assert similarity > building.LEAST_SIMILARITY
        plain = reference.features(weights.load(), TAPS, crop)
        assert float(found @ plain / np.linalg.norm(found) / np.linalg.norm(plain)) < similarity


def test_a_network_that_was_changed_after_it_was_built_is_not_run(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = check.encoder().file
    for part in (file, served.first_layer_of(file), served.note_of(file)):
        (tmp_path / part.name).write_bytes(part.read_bytes())
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    (tmp_path / file.name).write_bytes(bytes(content))
    monkeypatch.setenv("MODELS_DIR", str(tmp_path))
    with pytest.raises(ModelFileUnusable, match="changed after it was built"):
        check.encoder().features(np.zeros((SIDE, SIDE, 3), np.uint8))


def test_other_tuned_layers_are_another_network(check: Check, tmp_path: Path) -> None:
    """A new release of a check never runs the network of the old one."""
    before = served.file_name(served.made_from(check.folder, check.card))
    (tmp_path / "tuned.npz").write_bytes((check.folder / "tuned.npz").read_bytes() + b"x")
    with pytest.raises(ModelFileUnusable, match="not those of the card"):
        served.made_from(tmp_path, check.card)
    described = {"file": "tuned.npz", "sha256": digest_of(tmp_path / "tuned.npz")}
    card = {"encoder": {**check.card["encoder"], "tuned": described}}
    assert served.file_name(served.made_from(tmp_path, card)) != before


def test_a_check_without_tuned_layers_takes_the_published_ones(check: Check) -> None:
    encoder = {k: v for k, v in check.card["encoder"].items() if k != "tuned"}
    plain = {"encoder": encoder}
    assert building.layers(check.folder, plain) == {}
    named = [served.file_name(served.made_from(check.folder, c)) for c in (plain, check.card)]
    assert named[0] != named[1]


def test_what_was_not_built_is_not_available(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same exception as for any model file that is missing: the check is lost, no more."""
    monkeypatch.setenv("MODELS_DIR", str(tmp_path))
    with pytest.raises(ModelFileUnusable, match=r"python -m ml\.engine\.image_encoders"):
        check.encoder()


def test_without_the_base_file_one_sentence_says_what_to_do(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELS_DIR", str(tmp_path))
    (failure,) = building.build_missing(check.folder.parent, say=lambda sentence: None)
    assert model_files.FILES["clip_vit_b16"].name in failure
    assert "python -m ml.engine.model_files" in failure


def test_what_is_built_already_is_left_alone(check: Check) -> None:
    assert building.build(check.folder, check.card) is None


def test_an_image_keeps_no_network_that_no_check_asks_for(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier version left it in the models folder: 67 MB that no process reads."""
    monkeypatch.setenv("MODELS_DIR", str(tmp_path))
    mine = served.file_name(served.made_from(check.folder, check.card)).removesuffix(".tflite")
    for stem in (mine, "diffusion_face-encoder-b48a416b55f7", "speaker_resnet34"):
        for suffix in (".tflite", ".json"):
            (tmp_path / f"{stem}{suffix}").touch()
    gone = {file.stem for file in building.outdated(check.folder.parent)}
    assert gone == {"diffusion_face-encoder-b48a416b55f7"}


def test_a_check_that_is_not_offered_is_not_built(check: Check, tmp_path: Path) -> None:
    (tmp_path / "draft").mkdir()
    (tmp_path / "draft" / "card.json").write_text(json.dumps(check.card))
    assert list(building.checks_with_encoder(tmp_path)) == []


def test_two_checks_with_the_same_network_share_it(check: Check, tmp_path: Path) -> None:
    """Built once and loaded once a process; a check with other layers has its own."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "tuned.npz").write_bytes((check.folder / "tuned.npz").read_bytes())
    assert encoder_of(other, check.card) is check.encoder()


def test_a_crop_of_another_size_is_refused(check: Check) -> None:
    with pytest.raises(ValueError, match="not of 48 pixels"):
        check.encoder().features(np.zeros((SIDE, SIDE + 1, 3), np.uint8))
