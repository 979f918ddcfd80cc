"""Deadlines for S3. With the SDK's own, a request could hang for minutes and be tried five
times."""

from __future__ import annotations

from typing import Any

CONNECT_SECONDS, READ_SECONDS, TRIES = 3, 15, 2


def s3_deadlines(options: dict[str, Any]) -> Any:
    """botocore's Config; without the SDK nothing, and `doctor` says what is missing."""
    try:
        from botocore.config import Config
    except ModuleNotFoundError:
        return None
    return Config(
        s3={"addressing_style": options.get("addressing_style")},
        signature_version=options.get("signature_version"),
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": TRIES, "mode": "standard"},
    )
