"""Finds external detectors: packages that register the entry point `touchstone.detectors`.

None of their code is imported here. The entry point's name is the detector's name, and its value is
a package with a `manifest.json` and a `detector.py`, as in a folder under `ml/engine/detectors`.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

log = logging.getLogger(__name__)

GROUP = "touchstone.detectors"
SHIPPED = Path(__file__).parent / "detectors"


class PluginUnusable(Exception):
    """The entry point does not lead to a detector."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """An entry point. Where its package lies is found out when it is first asked for."""

    name: str
    package: str

    @property
    def folder(self) -> Path:
        return _folder(self.package)


@functools.cache
def installed() -> Mapping[str, Plugin]:
    """By the detector's name. A name that ships with Touchstone is not given away, and of two that
    share a name the first in the alphabet of packages stands."""
    found: dict[str, Plugin] = {}
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        new = Plugin(point.name, point.value)
        if (SHIPPED / new.name).exists() or found.setdefault(new.name, new) != new:
            log.error("detector %s from %s: the name is taken", new.name, new.package)
    return found


@functools.cache
def _folder(package: str) -> Path:
    """Where a package lies, found without importing it or what it lies in."""
    top, *inner = package.split(".")
    if not all(part.isidentifier() for part in (top, *inner)):
        raise PluginUnusable(f"{package} is no package.")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError) as error:
        raise PluginUnusable(f"{package} cannot be found.") from error
    for place in (spec.submodule_search_locations if spec else None) or ():
        folder = Path(place, *inner).resolve()
        if folder.is_dir():
            return folder
    raise PluginUnusable(f"{package} is not a folder in the Python path.")
