"""Check the record from the first event to the last signature. No Django, no database, no network.

    python -m audit.verifying EXPORT [--public-key KEY]... [--anchor FILE] [--json]

It needs this file, those that it imports from beside it, and the `cryptography` package.
`verifier.py` says what is checked.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from . import notes
from .anchors import AnchorFile
from .outside import AtLeast, Outside, at_least
from .reading import lines_of
from .reporting import Report
from .verifier import Line, Verifier


def verify(
    lines: Iterable[Line],
    trusted: list[notes.PublicKey],
    outside: Outside | None = None,
) -> Report:
    return Verifier(trusted, outside or Outside()).run(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--public-key",
        action="append",
        default=[],
        metavar="KEY",
        help="a key that you trust (name+id+base64), or a file of them; may be given again",
    )
    parser.add_argument(
        "--anchor",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="an anchor file; may be given again for its copies",
    )
    parser.add_argument(
        "--at-least",
        metavar="N|FILE",
        help="so many sealed events, or a checkpoint that you remembered: fewer is a finding",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def keys_from(values: list[str]) -> list[notes.PublicKey]:
    keys = []
    for value in values:
        text = Path(value).read_text() if Path(value).is_file() else value
        keys += [notes.PublicKey.parse(line) for line in text.splitlines() if line.strip()]
    return keys


def verify_export(
    export: Path,
    trusted: list[notes.PublicKey],
    anchor: list[Path],
    least: AtLeast | None = None,
) -> Report:
    report = verify(lines_of(export), trusted, Outside.of(map(AnchorFile, anchor), least))
    if not anchor and least is None:
        report.warnings.append(
            "no anchor file and no checkpoint was given: events taken from the end, or an old copy "
            "of the whole record, cannot be seen without one."
        )
    return report


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("export", type=Path)
    add_arguments(parser)
    options = parser.parse_args(argv)
    for file in options.anchor:
        if not file.exists():
            parser.error(f"there is no anchor file {file}")
    try:
        report = verify_export(
            options.export,
            keys_from(options.public_key),
            options.anchor,
            at_least(options.at_least),
        )
    except (OSError, notes.BadNote) as problem:
        parser.error(str(problem))
    text = json.dumps(report.as_dict(), indent=2) if options.json else report.as_text()
    sys.stdout.write(text + "\n")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
