"""What a process imports that knows every address of the product."""

from __future__ import annotations

import os
import subprocess
import sys

from django.conf import settings

SLOW = ("mediapipe", "scim2_models", "scipy", "tensorflow")
"""Each takes a second or more to import, and most commands and web processes need none of them."""


def test_addresses_import_no_slow_library() -> None:
    """So that a command answers in seconds, and a web process is there soon."""
    program = (
        "import sys, django; django.setup(); import config.urls\n"
        f"print(*[name for name in {SLOW} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings", "SECRET_KEY": "x" * 60,
            "PYTHONPATH": f"{settings.ROOT / 'platform'}:{settings.ROOT}",
        },
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == []
