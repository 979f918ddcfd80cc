"""The page for receivers: its check of a signature, as it stands."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook

PAGE = Path(__file__).resolve().parents[2] / "docs/webhooks.md"
SECRET, OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
BODY = b'{"type":"decision.made"}'


def is_genuine(*given: Any) -> bool:
    found: dict[str, Any] = {}
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    exec(block, found)
    genuine: bool = found["is_genuine"](*given)
    return genuine


def signed(at: datetime, *secrets: str) -> dict[str, str]:
    """As `delivering.signed` does it, by the specification's own library."""
    signatures = [Webhook(one).sign("msg_1", at, BODY.decode()) for one in secrets]
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures)}  # fmt: skip


def test_the_documented_check_knows_genuine_calls_from_others() -> None:
    """Also while a new secret takes over; not a changed body, another secret, or an old call."""
    now = datetime.now(UTC)
    assert is_genuine(SECRET, signed(now, SECRET), BODY)
    assert is_genuine(SECRET, signed(now, OTHER, SECRET), BODY)
    assert not is_genuine(SECRET, signed(now, SECRET), BODY + b" ")
    assert not is_genuine(SECRET, signed(now, OTHER), BODY)
    assert not is_genuine(SECRET, signed(now - timedelta(minutes=6), SECRET), BODY)
