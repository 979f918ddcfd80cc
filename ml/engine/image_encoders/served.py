"""The image encoder of a check as a worker runs it: built at set-up and loaded on first use. Checks
whose cards name the same network share it.

The check's card names the base file, the number of blocks, the side of a crop and the layers that
were trained for the check, if any (`tuned`, committed next to the card). Set-up builds the network
from them in the models folder and writes a note next to it with its sources and its digest. A
worker loads no other network. Where it is missing, the check is *not available*, and the others
still run.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.engine import model_files, runtimes
from ml.engine.image_encoders.patches import FirstLayer
from ml.engine.model_files import FILES, ModelFileUnusable

REMEMBERED = 16
"""Crops whose features a process keeps: checks ask about the same ones."""
BUILDER = 1
"""Raised when the same weights would give another network."""


def encoder_of(folder: Path, card: Mapping[str, Any]) -> ServedEncoder:
    """One a process for each network, whichever checks ask for it."""
    return _made(built_file(folder, card), int(card["encoder"]["side"]))


@functools.cache
def _made(file: Path, side: int) -> ServedEncoder:
    return ServedEncoder(file, side)


class ServedEncoder:
    """The network is loaded with the first crop."""

    def __init__(self, file: Path, side: int) -> None:
        self.file, self.side = file, side
        self._note = note(self.file)
        self.sha256 = str(self._note["sha256"])
        self._lock = threading.Lock()
        self._seen: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    @functools.cached_property
    def _loaded(self) -> tuple[runtimes.Runtime, FirstLayer]:
        content, layer = self.file.read_bytes(), first_layer_of(self.file).read_bytes()
        if (digest(content), digest(layer)) != (self.sha256, self._note["first_layer"]):
            raise ModelFileUnusable(f"{self.file} was changed after it was built: {AGAIN}")
        with np.load(io.BytesIO(layer)) as stored:
            first = FirstLayer(stored["kernel"], stored["added"])
        return runtimes.chosen(content, self.file), first

    @property
    def runtime(self) -> str:
        with self._lock:
            return self._loaded[0].name

    def features(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The features of one crop of `side` pixels. Checks conclude in parallel, so crops take
        turns."""
        if crop.shape != (self.side, self.side, 3):
            raise ValueError(f"a crop of {crop.shape}, not of {self.side} pixels")
        key = hashlib.sha256(crop.tobytes()).digest()
        with self._lock:
            if key not in self._seen:
                network, first = self._loaded
                (self._seen[key],) = network(first.tokens(crop)).values()
                if len(self._seen) > REMEMBERED:
                    self._seen.popitem(last=False)
            return self._seen[key]


AGAIN = "`python -m ml.engine.image_encoders` builds it again."


def made_from(folder: Path, card: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the network's numbers."""
    encoder = card["encoder"]
    return {
        "base": FILES[encoder["base"]].sha256,
        # This name is in the file names of networks that are already built.
        "norms": _tuned(folder, encoder),
        "taps": list(encoder["taps"]),
        "side": encoder["side"],
        "builder": BUILDER,
    }


def _tuned(folder: Path, encoder: Mapping[str, Any]) -> str:
    """Digest of the layers that the check trained; nothing where they stay as published."""
    if "tuned" not in encoder:
        return ""
    found = digest((folder / encoder["tuned"]["file"]).read_bytes())
    if found != encoder["tuned"]["sha256"]:
        raise ModelFileUnusable(f"{folder.name}: the tuned layers are not those of the card.")
    return found


def file_name(source: Mapping[str, Any]) -> str:
    mark = digest(json.dumps(source, sort_keys=True).encode())[:12]
    return f"image-encoder-{mark}.tflite"


def built_file(folder: Path, card: Mapping[str, Any]) -> Path:
    """Where the built network lies. Raises if it is not there."""
    file = model_files.folder() / file_name(made_from(folder, card))
    if not all(part.is_file() for part in (file, first_layer_of(file), note_of(file))):
        raise ModelFileUnusable(f"The network {file.name} was not built: {AGAIN}")
    return file


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def first_layer_of(file: Path) -> Path:
    return file.with_suffix(".npz")


def note_of(file: Path) -> Path:
    return file.with_suffix(".json")


def note(file: Path) -> dict[str, Any]:
    try:
        read: dict[str, Any] = json.loads(note_of(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFileUnusable(f"The note beside {file.name} cannot be read: {AGAIN}") from error
    return read
