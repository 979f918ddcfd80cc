"""One warden for all sandbox tests, and a way to hand it bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from sandbox.services import Warden
from sandbox.types import Footer, Header, Limits, Want


@pytest.fixture(scope="session")
def warden() -> Iterator[Warden]:
    with Warden() as running:
        yield running


@dataclass
class Decoded:
    header: Header
    footer: Footer
    frames: list[tuple[int, float, np.ndarray]]
    audio: np.ndarray | None


def decode_bytes(
    warden: Warden, data: bytes, want: Want | None = None, limits: Limits | None = None
) -> Decoded:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        with warden.decode(file, want=want, limits=limits) as decoding:
            frames = list(decoding.frames())
            return Decoded(decoding.header, decoding.footer, frames, decoding.audio())


@pytest.fixture
def decode(warden: Warden) -> Callable[..., Decoded]:
    def run(data: bytes, **options: Any) -> Decoded:
        return decode_bytes(warden, data, **options)

    return run


@pytest.fixture
def facts(warden: Warden) -> Callable[[bytes], dict[str, Any]]:
    def run(data: bytes) -> dict[str, Any]:
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            return warden.facts(file)

    return run
