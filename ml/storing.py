"""Results as PostgreSQL can hold them, and the digest that the audit record keeps of them."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def storable(value: Any) -> Any:
    """Plain JSON without what `jsonb` refuses (NUL, lone surrogates) or would silently change."""
    if isinstance(value, str):
        clean = value.replace("\x00", "\N{REPLACEMENT CHARACTER}")
        return clean.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float) and value.is_integer():
        return int(value)  # 1e22 and -0.0 would come back as another spelling of the number
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value


def digest(value: Any) -> str:
    """The same for equal content, before it was stored and after it was read back."""
    text = json.dumps(
        storable(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()
