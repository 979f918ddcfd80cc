"""Builds encoders into the models folder and compares each with the float reference first."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import ml.engine.detectors
from ml.engine import model_files, runtimes
from ml.engine.image_encoders import reference, served, weights
from ml.engine.image_encoders.patches import FirstLayer
from ml.engine.model_files import ModelFileUnusable
from ml.engine.serving import CARD

CHECKS = Path(ml.engine.detectors.__path__[0])
LEAST_SIMILARITY = 0.995
"""Cosine between the served features and the float ones, on every probe."""
PROBES = 6
Say = Callable[[str], None]


def build_missing(checks: Path = CHECKS, say: Say = print) -> list[str]:
    """Returns one sentence for each network that could not be built."""
    failures = []
    for folder, card in checks_with_encoder(checks):
        try:
            built = build(folder, card)
        except ModelFileUnusable as error:
            failures.append(str(error))
            continue
        if built is not None:
            say(f"Image encoder {built.name}: {built.stat().st_size / 1e6:.0f} MB")
    return failures


def checks_with_encoder(checks: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for file in sorted(checks.glob(f"*/{CARD}")):
        card = json.loads(file.read_text(encoding="utf-8"))
        offered = (file.parent / "__init__.py").exists()  # as in ml.engine.registry
        if "encoder" in card and offered:
            yield file.parent, card


def missing(checks: Path = CHECKS) -> dict[str, list[str]]:
    """Networks that are not there, by file name, with the checks that ask for them."""
    found: dict[str, list[str]] = {}
    for folder, card in checks_with_encoder(checks):
        target = _target(folder, card)
        if not (target.is_file() and served.note_of(target).is_file()):
            found.setdefault(target.name, []).append(folder.name)
    return found


def outdated(checks: Path = CHECKS) -> list[Path]:
    """Files of networks that were built here once and that no check asks for now."""
    wanted = {_target(folder, card).stem for folder, card in checks_with_encoder(checks)}
    built = sorted(model_files.folder().glob("*-encoder-*.*"))
    return [file for file in built if file.stem not in wanted]


def _target(folder: Path, card: dict[str, Any]) -> Path:
    return model_files.folder() / served.file_name(served.made_from(folder, card))


def build(folder: Path, card: dict[str, Any]) -> Path | None:
    """Returns the file, or None if it is there already."""
    target = _target(folder, card)
    if target.is_file() and served.note_of(target).is_file():
        return None
    content, first, similarity = made(folder, card)
    if similarity < LEAST_SIMILARITY:
        raise ModelFileUnusable(
            f"{target.name} says something else than the float encoder: {similarity:.4f}."
        )
    with io.BytesIO() as stored:
        np.savez(stored, kernel=first.kernel, added=first.added)
        layer = stored.getvalue()
    digests = {"sha256": served.digest(content), "first_layer": served.digest(layer)}
    _write(target, content)
    _write(served.first_layer_of(target), layer)
    written = {**served.made_from(folder, card), **digests, "similarity": round(similarity, 6)}
    _write(served.note_of(target), json.dumps(written, indent=1).encode())
    return target


def made(folder: Path, card: dict[str, Any]) -> tuple[bytes, FirstLayer, float]:
    """The network, what stands before it, and its worst similarity to the float features."""
    from ml.engine.image_encoders.build import converted

    taps, side = tuple(card["encoder"]["taps"]), int(card["encoder"]["side"])
    whole = weights.tuned(weights.load(), layers(folder, card))
    content = converted(whole, taps, side)
    network, first = runtimes.LiteRT(content), FirstLayer.of(whole, side)
    worst = 1.0
    for probe in probes(side):
        (found,) = network(first.tokens(probe)).values()
        wanted = reference.features(whole, taps, probe)
        length = float(np.linalg.norm(found) * np.linalg.norm(wanted))
        worst = min(worst, float(found @ wanted) / length)
    return content, first, worst


def layers(folder: Path, card: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    """What the check trained of the encoder; nothing where it runs as published."""
    if "tuned" not in card["encoder"]:
        return {}
    with np.load(folder / card["encoder"]["tuned"]["file"]) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}


def probes(side: int) -> Iterator[NDArray[np.uint8]]:
    """Drawn pictures, smooth and noisy ones."""
    random = np.random.default_rng(23)
    across = np.linspace(0, 1, side, dtype=np.float32)
    for number in range(PROBES):
        colours = random.uniform(0, 255, (2, 3))
        slope = np.add.outer(across, across * random.uniform(-1, 1))[..., None] / 2
        picture = colours[0] + (colours[1] - colours[0]) * slope
        waves = np.sin(across * random.uniform(10, 200))[:, None, None] * random.uniform(0, 60)
        noise = random.normal(0, 1 + 12 * number, (side, side, 3))
        yield np.clip(picture + waves + noise, 0, 255).astype(np.uint8)


def _write(target: Path, content: bytes) -> None:
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(content)
    part.replace(target)
