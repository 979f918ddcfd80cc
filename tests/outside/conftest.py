from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ml.engine import plugins, registry
from ml.engine.manifest import manifest_of
from tests.people import *  # noqa: F403 - the people are fixtures

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "detectors" / "example"
TOY = """
import ctypes, os, socket, subprocess, time
from ml.engine.contract import Evidence, Examination, Finding, Status, Strength

class Toy(Examination):
    name, version = "toy", "1"
    def not_applicable(self, media):
        return None
    def examine(self, media):
        self.media = media
        return self
    def conclude(self):
{conclude}

def make():
{make}
    return Toy()
"""
RAN = 'return Finding("toy", "1", Status.RAN, "Played.")'
Toy = Callable[..., None]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in the Python path into which packages are installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    forget()
    yield folder
    monkeypatch.undo()
    forget()


def forget() -> None:
    for known in (plugins.installed, plugins._folder, manifest_of, registry.detectors):
        known.cache_clear()


def announce(site: Path, name: str, package: str) -> None:
    """What pip writes beside an installed package."""
    info = site / f"{package}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{plugins.GROUP}]\n{name} = {package}\n")
    forget()


@pytest.fixture
def example(site: Path) -> Path:
    """The example of the documentation, installed."""
    shutil.copytree(EXAMPLE / "touchstone_flat", site / "touchstone_flat")
    announce(site, "flat", "touchstone_flat")
    return site / "touchstone_flat"


@pytest.fixture
def toy(site: Path) -> Toy:
    """Install a detector that does this when it is made and when it concludes."""

    def install(conclude: str = RAN, make: str = "pass", **facts: Any) -> None:
        folder = site / "toy_detector"
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        indented = ["\n".join(" " * by + line for line in code.splitlines())
                    for by, code in ((8, conclude), (4, make))]  # fmt: skip
        (folder / "detector.py").write_text(TOY.format(conclude=indented[0], make=indented[1]))
        manifest = {
            "name": "toy", "version": "1", "title": "Toy", "measures": "Nothing.",
            "kinds": ["image", "video", "audio"], "limits": ["It is a toy."], "licence": "CC0",
            "caps": {"seconds": 120, "memory_mib": 256}, **facts,
        }  # fmt: skip
        (folder / "manifest.json").write_text(json.dumps(manifest))
        announce(site, "toy", "toy_detector")

    return install
