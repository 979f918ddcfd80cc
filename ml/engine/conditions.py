"""Computes a hash of everything besides the bytes that affects a result. The same bytes under the
same conditions give the same result."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from importlib.util import find_spec

from sandbox.services import warden
from sandbox.types import Limits


def conditions(engine_version: str) -> str:
    """The version names checks, weights and libraries. The site's trust lists, its limits and the
    runtime of networks are no part of it."""
    state = {
        "engine": engine_version,
        "trust": {str(whose): one.sha256 for whose, one in warden().trusted.items()},
        "limits": dataclasses.asdict(Limits()),
        "runtime": os.environ.get("TOUCHSTONE_RUNTIME", ""),
        "openvino": find_spec("openvino") is not None,
    }
    if url := os.environ.get("TOUCHSTONE_INFERENCE_URL"):
        state["inference"] = url
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
