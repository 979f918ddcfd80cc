"""Members of zip archives next to a manifest, each verified by its digest in the manifest."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Protocol


class ManifestRefused(ValueError):
    """A manifest is malformed, its splits are not disjoint, or it names what is not there."""


class Member(Protocol):
    @property
    def archive(self) -> str: ...
    @property
    def member(self) -> str: ...
    @property
    def sha256(self) -> str: ...


class Archives:
    """Each archive is opened once; a member without one is a file in the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, zipfile.ZipFile] = {}

    def __enter__(self) -> Archives:
        return self

    def __exit__(self, *ignored: object) -> None:
        for archive in self._open.values():
            archive.close()

    def read(self, item: Member) -> bytes:
        """Raises ManifestRefused where the content is not what the manifest was written for."""
        content = self._content(item)
        if hashlib.sha256(content).hexdigest() != item.sha256:
            raise ManifestRefused(f"{item.archive}:{item.member} is not the manifest's.")
        return content

    def _content(self, item: Member) -> bytes:
        if not item.archive:
            return (self._folder / item.member).read_bytes()
        if item.archive not in self._open:
            self._open[item.archive] = zipfile.ZipFile(self._folder / item.archive)
        return self._open[item.archive].read(item.member)
