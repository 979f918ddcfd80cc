"""The store of manifests (C2PA) as a tree: the newest manifest, what it was made from, and so on.

Everything in it was written by whoever signed, or by anybody. Text is made visible and short, and
the whole is bounded: `cut` counts the values that were left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sandbox.facts.text import clean

MOST_TEXT = 400
MOST_VALUES = 1500
MOST_LISTED = 40
DEEPEST_MANIFEST = 8
DEEPEST_VALUE = 6

Json = dict[str, Any]


def build(store: Mapping[str, Any], manifests: Mapping[str, Any], active: str) -> Json:
    tree = _Tree(manifests)
    results = store.get("validation_results")
    node = tree.manifest(active, (), results if isinstance(results, dict) else None)
    return {"manifest": node, "cut": tree.cut}


class _Tree:
    """Counts what it keeps, and what it leaves out."""

    def __init__(self, manifests: Mapping[str, Any]) -> None:
        self._manifests = manifests
        self._left = MOST_VALUES
        self._placed: set[str] = set()
        self.cut = 0

    def manifest(self, name: Any, path: tuple[str, ...], results: Any) -> Json | None:
        """Each manifest occurs once in the tree; further occurrences are given by name."""
        found = self._manifests.get(name) if isinstance(name, str) else None
        if not isinstance(found, dict) or not isinstance(name, str):
            return None
        if name in self._placed:
            return {"label": self._text(name), "shown_before": True}
        if len(path) >= DEEPEST_MANIFEST or self._left <= 0:
            self.cut += 1
            return {"label": self._text(name), "left_out": True}
        self._placed.add(name)
        below = (*path, name)
        return {
            "label": self._text(name),
            "title": self._text(found.get("title")),
            "format": self._text(found.get("format")),
            "claim_version": self._value(found.get("claim_version")),
            "generator": self._value(found.get("claim_generator_info"))
            or self._text(found.get("claim_generator")),
            "signature": self._value(found.get("signature_info")),
            "validation": self._validation(results),
            "assertions": [
                {"label": self._text(one.get("label")), "data": self._value(one.get("data"))}
                for one in self._listed(found.get("assertions"))
            ],
            "ingredients": [
                self._ingredient(one, below) for one in self._listed(found.get("ingredients"))
            ],
        }

    def _ingredient(self, one: Json, path: tuple[str, ...]) -> Json:
        results = one.get("validation_results")
        return {
            "title": self._text(one.get("title")),
            "format": self._text(one.get("format")),
            "relationship": self._text(one.get("relationship")),
            "manifest": self.manifest(
                one.get("active_manifest"), path, results if isinstance(results, dict) else None
            ),
        }

    def _validation(self, results: Any) -> Json | None:
        """What failed and what was only noted, in the validator's codes; what held is counted."""
        active = results.get("activeManifest") if isinstance(results, dict) else None
        if not isinstance(active, dict):
            return None
        held = active.get("success")
        return {
            "held": len(held) if isinstance(held, list) else 0,
            "failed": self._codes(active.get("failure")),
            "noted": self._codes(active.get("informational")),
        }

    def _codes(self, entries: Any) -> list[Json]:
        return [
            {"code": self._text(one.get("code")), "text": self._text(one.get("explanation"))}
            for one in self._listed(entries)
        ]

    def _listed(self, value: Any) -> list[Json]:
        found = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
        kept = found[: max(min(MOST_LISTED, self._left), 0)]
        self.cut += len(found) - len(kept)
        return kept

    def _text(self, value: Any) -> str:
        if not isinstance(value, str) or not value:
            return ""
        self._left -= 1
        self.cut += len(value) > MOST_TEXT
        return clean(value, MOST_TEXT)[0]

    def _value(self, value: Any, depth: int = 0) -> Any:
        """Any JSON, bounded in depth, in width and in all."""
        if value is None or isinstance(value, bool | int | float):
            self._left -= 1
            return value if not isinstance(value, float) or math.isfinite(value) else None
        if isinstance(value, str):
            return self._text(value)
        if depth >= DEEPEST_VALUE or self._left <= 0 or not isinstance(value, dict | list):
            self.cut += 1
            return None
        if isinstance(value, dict):
            items = list(value.items())[:MOST_LISTED]
            self.cut += len(value) - len(items)
            return {clean(str(key), 120)[0]: self._value(item, depth + 1) for key, item in items}
        self.cut += max(len(value) - MOST_LISTED, 0)
        return [self._value(item, depth + 1) for item in value[:MOST_LISTED]]
