#!/usr/bin/env python
"""Every command of Touchstone starts here."""

import os
import sys
from pathlib import Path

# `platform/` holds our infrastructure apps. It is put on the path and is not a package:
# an __init__.py there would shadow the standard library's `platform` module.
sys.path.insert(0, str(Path(__file__).resolve().parent / "platform"))

MEND = "Correct it where the environment is set. docs/settings.md lists all names."


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # OpenBLAS would take a thread for each core, and waits for them by spinning. The engine
    # multiplies small matrices: alone that doubles its processor time, and two slots that spin
    # against each other take many times as long. Read when NumPy is loaded, so said here.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from django.core.management import execute_from_command_line

    if sys.argv[1:2] not in ([], ["help"], ["--help"], ["version"], ["--version"]):
        _settings_or_sentence(sys.argv[1:2] == ["doctor"])
    execute_from_command_line(sys.argv)


def _settings_or_sentence(for_doctor: bool) -> None:
    """Settings that cannot be read are the commonest mistake of all: one sentence, no traceback."""
    import json

    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        settings.ROOT  # noqa: B018 - reads them all
    except (ImproperlyConfigured, ValueError, OSError) as error:
        if "--traceback" in sys.argv:
            raise
        if not for_doctor:
            sys.exit(f"The settings cannot be read: {error}\n{MEND}")
        if "--json" in sys.argv:
            found = {"part": "settings", "level": "error", "said": str(error), "mend": MEND}
            print(json.dumps({"ok": False, "findings": [found]}, indent=2))
        else:
            print(f"ERROR    settings: {error}\n         -> {MEND}\n1 errors, 0 warnings.")
        sys.exit(1)


if __name__ == "__main__":
    main()
