"""`with refuses("claim_lost"):` and `with forbids():`, for what a verb does not grant."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.refusals import Refusal


def refuses(code: str, **how: Any) -> Any:
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code, **how)


def forbids(**how: Any) -> Any:
    """A right is missing."""
    return pytest.raises(Refusal, check=lambda refusal: refusal.forbids, **how)
