"""`manage.py credentials FILE [--crjson]`: what a file's Content Credentials are worth."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ml.management.commands.verify import printable


class Command(BaseCommand):
    help = (
        "Say what the Content Credentials (C2PA) of a file are worth: the signature, the "
        "identities in them, and against which lists of this site they were checked. Nothing is "
        "fetched."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        kinds = parser.add_mutually_exclusive_group()
        kinds.add_argument(
            "--crjson", action="store_true", help="print the crJSON of the validator"
        )
        kinds.add_argument("--json", action="store_true", help="print all that was read")

    def handle(self, *args: Any, **options: Any) -> None:
        from sandbox.services import warden
        from sandbox.types import Rejected, SandboxFailed

        try:
            with options["file"].open("rb") as file:
                found = warden().facts(file).get("c2pa") or {"state": "absent"}
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}.") from error
        except Rejected as refused:
            raise CommandError(refused.sentence) from refused
        except SandboxFailed as failed:
            raise CommandError(f"The sandbox failed: {failed}") from failed
        if options["crjson"]:
            if not found.get("crjson"):
                raise CommandError("There is no crJSON: the file has no credentials, or too many.")
            sys.stdout.write(found["crjson"] + "\n")
        elif options["json"]:
            sys.stdout.write(json.dumps(found, ensure_ascii=True) + "\n")
        else:
            for line in lines(found):
                sys.stdout.write(printable(line) + "\n")


def lines(found: dict[str, Any]) -> list[str]:
    """For a person."""
    from ml.engine.detectors.provenance import credentials, reading

    texts = [str(one.text) for one in credentials.signs(reading.manifest(found))]
    for whose, one in (found.get("trust") or {}).items():
        texts.append(f"{whose}: {_list(one) if one else 'this site has no list'}")
    return texts


def _list(one: dict[str, Any]) -> str:
    return (
        f"checked against {one['name'] or 'a list without a name'} of "
        f"{one['date'] or 'an unknown day'}, {one['certificates']} certificates, "
        f"SHA-256 {one['sha256']}"
    )
