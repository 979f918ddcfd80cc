"""`touchstone submit clip.mp4 --wait`: the client from the shell.

The address of the server and the key come from TOUCHSTONE_URL and TOUCHSTONE_KEY, because a key on
the command line would appear in the list of processes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from touchstone_client.errors import Problem, TimedOut, TouchstoneError
from touchstone_client.models import Submission
from touchstone_client.synchronous import Touchstone

FAILED, USAGE, LATE = 1, 2, 3
LARGE = 50
"""MB from which a file is sent in pieces."""
NOT_OFFERED = ("direct_uploads_off", "not_found", "method_not_allowed")
"""How servers say that they take no uploads straight into their media store; older ones too."""


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    url, key = os.environ.get("TOUCHSTONE_URL", ""), os.environ.get("TOUCHSTONE_KEY", "")
    if not url or not key:
        print("Set TOUCHSTONE_URL and TOUCHSTONE_KEY first.", file=sys.stderr)
        return USAGE
    try:
        with Touchstone(url, key=key) as client:
            _run(client, options)
    except TimedOut as error:
        print(f"Not yet: {error}.", file=sys.stderr)
        return LATE
    except (TouchstoneError, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    return 0


def _run(client: Touchstone, options: argparse.Namespace) -> None:
    if options.command == "submit":
        for path in options.files:
            sent = _sent(client, path, options)
            if options.wait:
                sent = client.wait(sent.id, timeout=options.timeout)
            _print_submission(sent, options.json)
    elif options.command == "get":
        waits = client.wait if options.wait else None
        found = waits(options.id, timeout=options.timeout) if waits else client.get(options.id)
        _print_submission(found, options.json)
    elif options.command == "report":
        _save_report(client, options)
    else:
        for one in client.find(external_id=options.external_id, outcome=options.outcome):
            _print_submission(one, options.json)


def _sent(client: Touchstone, path: str, options: argparse.Namespace) -> Submission:
    words = {"note": options.note, "external_id": options.external_id, "language": options.language,
             "batch": options.batch}  # fmt: skip
    size = Path(path).stat().st_size
    is_large = size > options.pieces_above * 1_000_000

    def progress(arrived: int) -> None:
        if sys.stderr.isatty():
            end = "\n" if arrived == size else ""
            print(f"\r{path}: {arrived / size:.0%}", end=end, file=sys.stderr, flush=True)

    if options.direct or (options.direct is None and is_large):
        try:
            return client.get(client.upload_direct(path, progress=progress, **words))
        except Problem as problem:
            if options.direct or problem.code not in NOT_OFFERED:
                raise
    if not is_large:
        return client.submit(path, **words)
    return client.get(client.upload(path, progress=progress, **words))


def _save_report(client: Touchstone, options: argparse.Namespace) -> None:
    """Every file of the newest report, so that its signature can be checked."""
    reports = client.get(options.id).reports
    if not reports:
        raise TouchstoneError("No report was issued, or the key lacks the scope reports:read.")
    if options.language:
        reports = [one for one in reports if one.language == options.language]
    if not reports:
        raise TouchstoneError(f"No report was issued in the language {options.language}.")
    folder = Path(options.into)
    folder.mkdir(parents=True, exist_ok=True)
    for name in reports[-1].files:
        file = folder / Path(name).name
        file.write_bytes(client.report(options.id, reports[-1].id, name))
        print(file)


def _print_submission(one: Submission, as_json: bool) -> None:
    if as_json:
        print(json.dumps(one.raw))
        return
    outcome = (one.outcome or one.state).replace("_", " ")
    line = f"{one.id}  {one.filename}: {outcome}"
    if one.decision:
        line += f"; decided: {one.decision.outcome.replace('_', ' ')} ({one.decision.reason})"
    elif one.reason:
        line += f". {one.reason}"
    print(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="touchstone", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    submit = commands.add_parser("submit", help="send files in")
    submit.add_argument("files", nargs="+")
    submit.add_argument("--note", default="")
    submit.add_argument("--external-id", default="")
    submit.add_argument("--language", default="", help="of the media: de, pt-BR")
    submit.add_argument("--batch", action="store_true", help="no hurry")
    submit.add_argument(
        "--pieces-above", type=float, default=LARGE, metavar="MB",
        help=f"send larger files in pieces ({LARGE}); the key needs submissions:read for it",
    )  # fmt: skip
    submit.add_argument(
        "--direct", action=argparse.BooleanOptionalAction,
        help="send straight into the server's media store; large files are, where it offers that",
    )  # fmt: skip
    get = commands.add_parser("get", help="one submission")
    get.add_argument("id")
    for command in (submit, get):
        command.add_argument("--wait", action="store_true", help="until the analysis has ended")
        command.add_argument("--timeout", type=float, default=600, help="seconds (600)")
    report = commands.add_parser("report", help="save the newest report of a decision")
    report.add_argument("id", help="of the submission")
    report.add_argument("--language", help="such as de (default: of the newest report)")
    report.add_argument("--into", default=".", metavar="FOLDER", help="the current one")
    find = commands.add_parser("find", help="list submissions")
    find.add_argument("--external-id")
    find.add_argument("--outcome")
    for command in (submit, get, find):
        command.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser


if __name__ == "__main__":
    sys.exit(main())
