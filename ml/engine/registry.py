"""Lists the detectors: every package under `ml/engine/detectors` with a `detector.py`, and every
package that registers the entry point `touchstone.detectors`.

Adding a detector means adding a folder or a package. Built-in detectors are created once per
process and only on first use, because models must be loaded after a worker has forked. External
detectors run in processes of their own (`ml/engine/outside`).
"""

from __future__ import annotations

import functools
import importlib
import logging
from dataclasses import dataclass
from pathlib import Path

import ml.engine.detectors
from ml.engine import plugins
from ml.engine.contract import Detector
from ml.engine.manifest import Manifest, ManifestInvalid, read_manifest
from ml.engine.model_files import ModelFileUnusable
from ml.engine.outside.host import OutsideDetector
from ml.engine.plugins import Plugin
from ml.engine.sentence import say

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Missing:
    """A detector that could not be made: a wrong model file, a missing library."""

    name: str
    reason: str
    lacks_model: bool = False


def names() -> list[str]:
    """A folder that is no package yet is work in progress: not offered, so never a failed check."""
    folders = [
        file.parent
        for path in ml.engine.detectors.__path__
        for file in Path(path).glob("*/detector.py")
    ]
    shipped = {folder.name for folder in folders if (folder / "__init__.py").exists()}
    return sorted({*shipped, *plugins.installed()})


@functools.cache
def detectors() -> tuple[Detector | Missing, ...]:
    return tuple(made(name) for name in names())


def made(name: str) -> Detector | Missing:
    try:
        if plugin := plugins.installed().get(name):
            return OutsideDetector(plugin, manifest_from(plugin))
        module = importlib.import_module(f"ml.engine.detectors.{name}.detector")
        detector: Detector = module.make()
    except ModelFileUnusable as error:
        log.error("detector %s is not available: %s", name, error)
        return Missing(
            name,
            say("check.no_model"),
            lacks_model=True,
        )
    except Exception:
        log.exception("detector %s could not be made", name)
        return Missing(
            name,
            say("check.not_loaded"),
        )
    return detector


def manifest_from(plugin: Plugin) -> Manifest:
    manifest = read_manifest(plugin.folder)
    if manifest.name != plugin.name:
        raise ManifestInvalid(f"the entry point {plugin.name} leads to {manifest.name}.")
    return manifest
