"""Small media that the tests draw themselves, from pictures that dependencies ship."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench import clips


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds with two people, H.264 and AAC."""
    folder = tmp_path_factory.mktemp("clips")
    return clips.write(folder / "clip.mp4", 2.0, size=(640, 360), people=2)


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "portrait.jpg"
    clips.portrait().save(path, "JPEG", quality=90)
    return path


@pytest.fixture
def picture(tmp_path: Path) -> Iterator[Path]:
    """A PNG without a face."""
    noise = np.random.default_rng(1).integers(0, 255, (96, 128, 3), np.uint8)
    path = tmp_path / "noise.png"
    Image.fromarray(noise).save(path)
    yield path
