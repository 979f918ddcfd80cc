"""Networks that others made, read from the packages that ship them as data. Nothing of such a
package is run, and other bytes than the measured ones are refused."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ml.serving import WeightsUnusable


@dataclass(frozen=True, slots=True)
class Carried:
    package: str
    file: str
    sha256: str
    """Of the bytes between the two places."""
    first: int = 0
    last: int | None = None

    def content(self) -> bytes:
        try:
            path = Path(str(metadata.distribution(self.package).locate_file(self.file)))
            with path.open("rb") as file:
                file.seek(self.first)
                content = file.read() if self.last is None else file.read(self.last - self.first)
        except (metadata.PackageNotFoundError, OSError) as error:
            raise WeightsUnusable(
                f"The package {self.package}, which carries an ear, is missing."
            ) from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise WeightsUnusable(
                f"The package {self.package} carries another ear than the one measured."
            )
        return content
