"""The Django check of the sandbox, and the start-up check of web and worker: no service runs
without a working sandbox."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured

from sandbox import floors
from sandbox.services import self_test
from sandbox.types import SandboxFailed

SERVING = {"worker", "runserver"}


def why_not() -> list[str]:
    """Everything that speaks against decoding other people's files here."""
    found = floors.problems()
    try:
        report = self_test()
    except SandboxFailed as failed:
        return [*found, f"The sandbox does not start: {failed}"]
    if not report.stands:
        passed = [probe.name for probe in report.probes if not probe.denied]
        found.append(
            f"No wall stands round the decoder ({report.wall}). "
            f"Not denied: {', '.join(passed) or 'nothing'}. {' '.join(report.notes)}".strip()
        )
    return found


def check_the_wall(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """For `manage.py check --deploy`."""
    hint = "See docs/sandbox.md. REQUIRE_SANDBOX=0 serves without a wall; only for development."
    kind = Error if settings.REQUIRE_SANDBOX else Warning
    return [kind(text, hint=hint, id="sandbox.E001") for text in why_not()]


def check_before_serving(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """For the commands that serve; the others must not wait for a wall to be tried."""
    serving = len(sys.argv) > 1 and sys.argv[1] in SERVING
    return check_the_wall(app_configs) if serving else []


def refuse_to_serve_without_wall() -> None:
    """Called where a web process or a worker starts."""
    if not settings.REQUIRE_SANDBOX:
        return
    found = why_not()
    if found:
        raise ImproperlyConfigured(
            "Touchstone will not serve: " + " ".join(found) + " Nothing was changed. "
            "See docs/sandbox.md, or set REQUIRE_SANDBOX=0 on a machine that sees no foreign files."
        )
