"""What the file says about itself: claims, never proof. Plain JSON, bounded in size."""

from __future__ import annotations

from typing import Any

from sandbox.sniff import Kind
from sandbox.source import Source
from sandbox.types import Limits


def gather(source: Source, kind: Kind, limits: Limits) -> dict[str, Any]:
    return {"format": kind.format, "mime": kind.mime, "size": source.size}
