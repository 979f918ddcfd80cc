"""What `manage.py check` says of detectors from outside."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Warning

from ml.engine import plugins
from ml.engine.manifest import ManifestInvalid
from ml.engine.plugins import PluginUnusable
from ml.engine.registry import manifest_from


def plugins_are_whole(**_: Any) -> list[CheckMessage]:
    """A detector whose manifest is wrong fails for every file; here its author reads why."""
    found: list[CheckMessage] = []
    for name, plugin in plugins.installed().items():
        try:
            manifest_from(plugin)
        except (ManifestInvalid, PluginUnusable) as error:
            message = f"The detector {name} ({plugin.package}) cannot be used: {error}"
            found.append(Warning(message, id="ml.W001"))
    return found
