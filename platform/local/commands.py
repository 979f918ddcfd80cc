"""Runs management commands one after another in one process, because for most of them starting
Django takes longer than their work. `make up` starts it and sends it commands.

Each input line is a command as JSON, such as `["keys", "init"]`. Each output line is `{"said":
"..."}` or `{"failed": "..."}`.
"""

from __future__ import annotations

import io
import json
import os
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    sys.path.insert(0, str(ROOT))
    sys.argv = ["manage.py", "shell"]  # what events name as their place (audit.origin)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    answers = sys.stdout
    failed = _begun()
    for line in sys.stdin:
        answer = {"failed": failed} if failed else _answer(json.loads(line))
        print(json.dumps(answer), file=answers, flush=True)
    return 0


def _begun() -> str:
    """Why Django did not start; empty where it did."""
    import django

    try:
        django.setup()
    except Exception:
        return traceback.format_exc()
    return ""


def _answer(command: list[str]) -> dict[str, str]:
    from django.core.management import CommandError, call_command

    output = io.StringIO()
    try:
        with redirect_stdout(output), redirect_stderr(output):
            call_command(*command, stdout=output, stderr=output)
    except (CommandError, SystemExit) as error:
        if not isinstance(error, SystemExit) or error.code:
            return {"failed": f"{output.getvalue()}{error}\n"}
    except Exception:
        return {"failed": output.getvalue() + traceback.format_exc()}
    return {"said": output.getvalue().strip()}


if __name__ == "__main__":
    sys.exit(main())
