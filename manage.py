#!/usr/bin/env python
"""Every command of Touchstone starts here."""

import os
import sys
from pathlib import Path

# `platform/` holds our infrastructure apps. It is put on the path and is not a package:
# an __init__.py there would shadow the standard library's `platform` module.
sys.path.insert(0, str(Path(__file__).resolve().parent / "platform"))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
